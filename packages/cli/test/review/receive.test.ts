/** Real pushes to a real bare repository, whose hook is the one of docs/review.md. */
import { mkdirSync, renameSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { ExeatError } from '@exeat/core/error'
import { temporaryClone } from '@exeat/testkit'
import { parsePush } from '../../src/review/push.ts'
import { builtCommand } from '../built.ts'
import { runExeat } from '../session.ts'
import { hookText, linked, reviewServer, updateLine } from './server.ts'
import { optOut, policy, reviewWorld, type ReviewWorld } from './world.ts'

const main = builtCommand()
let world: ReviewWorld
beforeEach(() => { world = reviewWorld(main) })
afterEach(() => { world.remove() })

const one = { '.exeat/opt-outs/one.yaml': optOut('one') }
const refusedBy = (code: string) => ({ exit: 1, stderr: expect.stringMatching(new RegExp(`${code}[^]*pre-receive hook declined`)) as string })

test('the page holds a hook', () => {
  expect(hookText).toMatch(/^#!\/bin\/sh\n/)
  expect(updateLine).toContain('"$2" "$3" "$1"')
})

describe('a push to the protected branch', { timeout: 120_000 }, () => {
  test('that nobody need approve comes through, its objects found where git keeps them apart', () => {
    const server = reviewServer(main, world)
    const head = world.change({ 'src/other.ts': 'export {}\n', '.exeat/policies/trivy.yaml': policy('trivy', { limits: 'duration: 10d, findings: 1' }) })
    expect(server.push('alice', 'change:main')).toMatchObject({ exit: 0, stderr: expect.stringMatching(/MAY MERGE[^]*trivy {2}policy, changed: asks for more/) as string })
    expect(server.at('main')).toBe(head)
  })
  test('that waits for people is not taken, and says who can and how to ask them', () => {
    const server = reviewServer(main, world)
    const before = server.at('main')
    world.change(one)
    const { exit, stderr } = server.push('alice', 'change:main')
    expect([exit, server.at('main')]).toEqual([1, before])
    expect(stderr).toMatch(/refs\/heads\/main [0-9a-f]{12} to [0-9a-f]{12}\nWAITS FOR PEOPLE[^]*waits for 1 of security \(ben@acme\.example, cleo@acme\.example can\)[^]*git push origin HEAD:refs\/heads\/CHANGE\n {2}\$ exeat approve one --ssh KEY --head origin\/CHANGE/)
  })
  test('whoever pushes can approve nothing of it', () => {
    const server = reviewServer(main, world)
    world.change(one)
    expect(server.push('ben', 'change:main').stderr).toMatch(/waits for 1 of security \(cleo@acme\.example can\)[^]*pushed by {2}ben@acme\.example, as whoever runs this says/)
  })
  test('that the policies refuse is refused, and so is a broken document', () => {
    const server = reviewServer(main, world)
    world.change({ '.exeat/opt-outs/one.yaml': optOut('one', { control: 'checkov/CKV_AWS_20' }) })
    expect(server.push('alice', 'change:main')).toMatchObject(refusedBy('REVIEW_TERMS'))
    world.change({ '.exeat/opt-outs/one.yaml': optOut('one', { until: '2035-01-01' }) })
    expect(server.push('alice', 'change:main')).toMatchObject(refusedBy('MAY NOT MERGE: A DOCUMENT IS WRONG'))
    world.change({ '.exeat/policies/broken.yaml': 'kind: [' })
    expect(server.push('alice', 'change:main').exit).toBe(1)
  })
  test('attack-09: that rewrites it, with force or without, deletes it or begins it, is refused whatever it holds', () => {
    world.merge({ 'a.txt': 'a' })
    const server = reviewServer(main, world)
    world.repository.git('reset', '--quiet', '--hard', 'HEAD~1')
    world.change({ 'b.txt': 'b' })
    server.git('config', 'receive.denyDeletes', 'false')
    server.git('config', 'receive.denyDeleteCurrent', 'ignore')
    expect(server.push('alice', '--force', 'change:main')).toMatchObject(refusedBy('PUSH_REWRITES'))
    expect(server.push('alice', ':main')).toMatchObject(refusedBy('PUSH_DELETES'))
    server.git('update-ref', '-d', 'refs/heads/main')
    expect(server.push('alice', 'change:main')).toMatchObject(refusedBy('PUSH_UNGOVERNED'))
  })
  test('under a name that stands for it is one to it; one that differs by case alone is refused', () => {
    const server = reviewServer(main, world)
    const before = server.at('main')
    server.git('symbolic-ref', 'refs/heads/stable', 'refs/heads/main')
    server.git('symbolic-ref', 'refs/heads/latest', 'refs/heads/stable')
    world.change(one)
    expect(server.push('alice', 'change:latest')).toMatchObject(refusedBy('WAITS FOR PEOPLE'))
    expect(server.push('alice', 'change:stable')).toMatchObject(refusedBy('WAITS FOR PEOPLE'))
    expect(server.push('alice', 'change:MAIN')).toMatchObject(refusedBy('PUSH_NAME'))
    expect(server.at('main')).toBe(before)
  })
  test('with a link or a submodule in the place of a document is refused', () => {
    const server = reviewServer(main, world)
    linked(world, '../../secret.yaml', '.exeat/opt-outs.yaml')
    expect(server.push('alice', 'change:main')).toMatchObject(refusedBy('GOVERNANCE_ENTRY_REFUSED'))
    world.repository.git('checkout', '--quiet', '-B', 'change', 'main')
    world.repository.git('update-index', '--add', '--cacheinfo', `160000,${'a'.repeat(40)},.exeat/more`)
    world.repository.git('commit', '--quiet', '-m', 'Submodule')
    world.repository.git('checkout', '--quiet', '--force', 'main')
    expect(server.push('alice', 'change:main')).toMatchObject(refusedBy('GOVERNANCE_ENTRY_REFUSED'))
  })
  test('of ten thousand documents is judged', () => {
    const server = reviewServer(main, world)
    const hundred = (file: number) => Array.from({ length: 100 }, (_, i) => optOut(`o-${file}-${i}`, { control: `trivy/CVE-${file}-${i}` })).join('---\n')
    world.change(Object.fromEntries(Array.from({ length: 100 }, (_, file) => [`.exeat/opt-outs/many-${file}.yaml`, hundred(file)])))
    const { exit, stderr } = server.push('alice', 'change:main')
    expect([exit, stderr.match(/opt-out, added/g)?.length]).toEqual([1, 50])
    expect(stderr).toContain('… and 9950 more')
  })
  test('from a shallow clone is judged by the whole history, or refused', () => {
    world.merge({ 'a.txt': 'a' })
    const server = reviewServer(main, world)
    const clone = temporaryClone({ ...world.repository, dir: server.dir }, '--depth=1')
    try {
      clone.commit({ 'b.txt': 'b' })
      expect(() => clone.git('push', '--quiet', 'origin', 'HEAD:main')).toThrow(/exeat|declined/)
      const { PATH = '' } = process.env
      clone.gitWith({ env: { PATH: `${join(world.repository.dir, '../bin')}:${PATH}`, GL_USER: 'alice' } }, 'push', '--quiet', 'origin', 'HEAD:main')
      expect(server.at('main')).toBe(clone.git('rev-parse', 'HEAD'))
    } finally { clone.remove() }
  })
  test('to a repository whose folder has a name that git must quote', () => {
    const server = reviewServer(main, world, { name: 'a:b "c".git' })
    world.change({ '.exeat/policies/trivy.yaml': policy('trivy', { limits: 'duration: 10d, findings: 1' }) })
    expect(server.push('alice', 'change:main')).toMatchObject({ exit: 0, stderr: expect.stringContaining('MAY MERGE') as string })
  })
  test('in an update hook, where objects have arrived', () => {
    const text = hookText.replace('exec exeat review --receive', updateLine)
    const server = reviewServer(main, world, { hook: 'update', text })
    const before = server.at('main')
    world.change(one)
    expect(server.push('alice', 'change:main')).toMatchObject({ exit: 1, stderr: expect.stringMatching(/WAITS FOR PEOPLE[^]*hook declined/) as string })
    expect(server.at('main')).toBe(before)
    expect(server.push('alice', 'change:topic')).toMatchObject({ exit: 0 })
  })
})

describe('a push of other refs', { timeout: 120_000 }, () => {
  test('passes, and is told; a branch, a tag, a deletion, hostile names', () => {
    const server = reviewServer(main, world)
    world.change(one)
    world.repository.git('tag', 'main', 'change')
    const names = ['topic', 'héllo', 'a\'$(id)`b`', '-x', 'x/main']
    expect(server.push('alice', 'refs/tags/main', ...names.map((name) => `change:refs/heads/${name}`))).toMatchObject({ exit: 0, stderr: expect.stringMatching(/refs\/tags\/main passes: only refs\/heads\/main is governed[^]*… and 1 other ref/) as string })
    expect(names.map((name) => server.at(name) === world.repository.git('rev-parse', 'change'))).toEqual(names.map(() => true))
    expect(server.push('alice', ':refs/heads/topic').exit).toBe(0)
  })
  test('together with the protected branch comes all or not at all', () => {
    const server = reviewServer(main, world)
    world.change(one)
    expect(server.push('alice', 'change:topic', 'change:main').exit).toBe(1)
    expect(server.at('topic')).toBeUndefined()
  })
  test('passes nowhere where the hook names another branch than the one that governs', () => {
    const server = reviewServer(main, world, { text: hookText.replace('--base main', '--base trunk') })
    server.git('branch', 'trunk', 'main')
    world.change(one)
    expect(server.push('alice', 'change:main')).toMatchObject(refusedBy('REF_NOT_PROTECTED'))
    expect(server.push('alice', 'change:topic')).toMatchObject(refusedBy('REF_NOT_PROTECTED'))
  })
})

describe('what the hook is told', { timeout: 120_000 }, () => {
  const receive = (input: string, args: readonly string[] = ['--base', 'main', '--pusher', 'alice@acme.example'], env: Readonly<Record<string, string>> = {}) =>
    runExeat(main, ['review', '--receive', ...args], world.repository.dir, env, input)
  const [none, some] = ['0'.repeat(40), 'a'.repeat(40)]

  test.each([
    ['nothing', ''], ['no end of line', `${none} ${some} refs/heads/x`], ['no refs', `${none} ${some} HEAD\n`], ['ids of two lengths', `${none} ${'a'.repeat(64)} refs/heads/x\n`],
    ['a name in place of an id', `${none} main refs/heads/x\n`], ['a ref twice', `${none} ${some} refs/heads/x\n${none} ${some} refs/heads/x\n`], ['a blank line', `\n${none} ${some} refs/heads/x\n`],
    ['hostile bytes', `\u001b[31m${none} ${some} refs/heads/x\n`],
  ])('%s is not understood, and nothing passes', (_, input) => {
    expect(receive(input)).toMatchObject({ exit: 3, stdout: '', stderr: expect.stringMatching(/^error\[PUSH_UNREADABLE\][^\u001b]*$/) as string })
  })
  test('whatever it is, it is understood whole or not at all', () => {
    const id = fc.stringMatching(/^(?:[0-9a-f]{40}|0{40}|[0-9a-f]{64}|[0-9a-f]{0,12})$/)
    const line = fc.tuple(id, id, fc.oneof(fc.constantFrom('refs/heads/main', 'refs/tags/x', 'HEAD', 'refs/'), fc.string())).map((words) => words.join(' '))
    fc.assert(fc.property(fc.array(fc.oneof(line, fc.string()), { maxLength: 4 }), fc.constantFrom('\n', '', '\r\n'), (lines, end) => {
      const text = lines.map((each) => `${each}${end}`).join('')
      try {
        const updates = parsePush(text)
        const none = (given: string | undefined, other: string | undefined) => given ?? '0'.repeat(other?.length ?? 40)
        expect(updates.length).toBeGreaterThan(0)
        for (const { ref, before, after } of updates) expect(text).toContain(before === undefined && after === undefined ? ref : `${none(before, after)} ${none(after, before)} ${ref}\n`)
        expect(updates.length).toBe(text.split('\n').length - 1)
      } catch (error) {
        if (!(error instanceof ExeatError)) throw error
        expect(error.problems.map(({ code }) => code)).toEqual(['PUSH_UNREADABLE'])
      }
    }))
  })
  test('another tip than the branch has is a race, and a commit that is nowhere is damage', () => {
    const tip = world.repository.git('rev-parse', 'main')
    world.merge({ 'a.txt': 'a' })
    expect(receive(`${tip} ${world.repository.git('rev-parse', 'main')} refs/heads/main\n`)).toMatchObject({ exit: 1, stderr: expect.stringContaining('PUSH_RACED') as string })
    expect(receive(`${tip} ${some} refs/heads/main\n`)).toMatchObject({ exit: 1, stderr: expect.stringContaining('REPOSITORY_DAMAGED') as string })
  })
  test('a folder of objects that git did not make for this push is refused', () => {
    const tip = world.repository.git('rev-parse', 'main')
    const head = world.change(one)
    const objects = join(world.repository.dir, '.git/objects')
    const own = join(objects, 'tmp_objdir-incoming-AAAAAA')
    const elsewhere = join(world.repository.dir, '../incoming-BBBBBB')
    for (const folder of [own, elsewhere]) mkdirSync(folder)
    const line = `${tip} ${head} refs/heads/main\n`
    const told = (env: Readonly<Record<string, string>>) => receive(line, undefined, env)
    for (const env of [
      { GIT_QUARANTINE_PATH: elsewhere, GIT_OBJECT_DIRECTORY: elsewhere }, { GIT_QUARANTINE_PATH: own, GIT_OBJECT_DIRECTORY: elsewhere }, { GIT_OBJECT_DIRECTORY: own },
      { GIT_QUARANTINE_PATH: objects, GIT_OBJECT_DIRECTORY: objects }, { GIT_QUARANTINE_PATH: '.git/objects/tmp_objdir-incoming-AAAAAA', GIT_OBJECT_DIRECTORY: own },
      { GIT_QUARANTINE_PATH: `${own}/gone`, GIT_OBJECT_DIRECTORY: `${own}/gone` },
    ]) expect(told(env), JSON.stringify(env)).toMatchObject({ exit: 1, stderr: expect.stringContaining('QUARANTINE_REFUSED') as string })
    expect(told({ GIT_QUARANTINE_PATH: own, GIT_OBJECT_DIRECTORY: own, GIT_ALTERNATE_OBJECT_DIRECTORIES: elsewhere }).exit).toBe(4)
    renameSync(own, `${own}-moved`)
    expect(told({}).exit).toBe(4)
  })
  test('without who pushes, or which branch, it is not called rightly; unknown is said each time', () => {
    const tip = world.repository.git('rev-parse', 'main')
    const line = `${tip} ${world.change(one)} refs/heads/main\n`
    for (const args of [['--base', 'main'], ['--pusher', 'alice@acme.example'], ['--base', 'main', '--pusher', 'alice'], ['--base', 'main', '--pusher', 'a b@c'], ['--base', 'main', '--pusher', 'unknown', '--head', 'x'], ['--base', 'main', '--pusher', 'unknown', '--format', 'json'], ['name', '--verdict', 'justified', '--reason', 'x']]) {
      expect(receive(line, args), args.join(' ')).toMatchObject({ exit: 64, stderr: expect.stringContaining('USAGE') as string })
    }
    expect(receive(line, ['--base', 'main', '--pusher', 'unknown'])).toMatchObject({ exit: 4, stdout: '', stderr: expect.stringMatching(/does not say who pushes/) as string })
  })
})
