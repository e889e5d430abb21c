/** Real pushes from a clone whose pre-push hook is Exeat's. */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { builtCommand } from '../built.ts'
import { hookWorld, type HookWorld, secretOptOut } from './world.ts'

const main = builtCommand()
let world: HookWorld
beforeEach(() => { world = hookWorld(main) })
afterEach(() => { world.remove() })

const secret = { 'key.txt': 'SECRET\n' }
const scannerFails = (why: RegExp) => ({ exit: 1, stderr: expect.stringMatching(new RegExp(`HOOK_SCANNER[^]*${why.source}`)) as string })

describe('a push', { timeout: 120_000 }, () => {
  test('of nothing that a scanner finds passes, and says so', () => {
    world.install('pre-push')
    const head = world.change({ 'a.txt': 'fine\n' })
    expect(world.git(['push', '--quiet', 'origin', 'change'])).toMatchObject({ exit: 0, stderr: expect.stringMatching(/exeat: pre-push: refs\/heads\/change at [0-9a-f]{12}[^]*PASSED/) as string })
    expect(world.at('change')).toBe(head)
  })
  test('of a finding is blocked with the way out, and what only lies in the work tree is not looked at', () => {
    world.install('pre-push')
    world.change(secret)
    world.clone.write('key.txt', 'gone\n')
    expect(world.git(['push', 'origin', 'change'])).toMatchObject({ exit: 1, stderr: expect.stringMatching(/BLOCKED[^]*gitleaks\/aws[^]*key\.txt:1[^]*way out[^]*\$ exeat explain gitleaks\/aws[^]*nothing of this push passes/) as string })
    expect(world.at('change')).toBeUndefined()
    world.change({ 'key.txt': 'gone\n' })
    world.clone.write('key.txt', 'SECRET\n')
    expect(world.git(['push', 'origin', 'change']).exit).toBe(0)
  })
  test('is judged by the protected branch, never by an opt-out that it brings', () => {
    world.install('pre-push')
    world.change({ ...secret, '.exeat/opt-outs/leak.yaml': secretOptOut() })
    expect(world.git(['push', 'origin', 'change']).exit).toBe(1)
    world.govern({ '.exeat/opt-outs/leak.yaml': secretOptOut() })
    expect(world.git(['push', 'origin', 'change'])).toMatchObject({ exit: 0, stderr: expect.stringMatching(/EXCUSED[^]*leak/) as string })
  })
  test('of a secret that a later commit takes away is blocked by a scanner of changes, and passes one of the tree', () => {
    world.install('pre-push')
    world.change(secret)
    world.change({ 'key.txt': 'gone\n' })
    world.install('pre-push', { changeScanner: 'find-secrets' })
    expect(world.git(['push', 'origin', 'change'])).toMatchObject({ exit: 1, stderr: expect.stringContaining('key.txt:1') as string })
    world.clone.git('config', '--unset-all', 'exeat.hook.changeScanner')
    expect(world.git(['push', 'origin', 'change']).exit).toBe(0)
    world.install('pre-push', { changeScanner: 'find-secrets' })
    world.change({ 'b.txt': 'fine\n' })
    expect(world.git(['push', 'origin', 'change']).exit, 'what the remote has is not brought again').toBe(0)
  })
  test('by force, of a tag, and of two refs at once are each looked at; a deletion is not', () => {
    world.install('pre-push')
    world.change({ 'a.txt': 'fine\n' })
    expect(world.git(['push', 'origin', 'change']).exit).toBe(0)
    world.clone.git('reset', '--quiet', '--hard', 'HEAD~1')
    const forced = world.change(secret)
    expect(world.git(['push', '--force', 'origin', 'change']).exit).toBe(1)
    world.clone.git('tag', '-a', '-m', 'v1', 'v1')
    expect(world.git(['push', 'origin', 'v1'])).toMatchObject({ exit: 1, stderr: expect.stringContaining(`refs/tags/v1 at ${forced.slice(0, 12)}`) as string })
    expect(world.git(['push', 'origin', 'main:clean', 'change:dirty']).exit).toBe(1)
    expect(world.at('clean')).toBeUndefined()
    expect(world.git(['push', 'origin', ':change']).exit).toBe(0)
  })
  test('of what is no commit is refused', () => {
    world.install('pre-push')
    world.clone.git('tag', 'blob', 'HEAD:src/main.ts')
    expect(world.git(['push', 'origin', 'blob'])).toMatchObject({ exit: 1, stderr: expect.stringContaining('HOOK_SUBJECT') as string })
  })
})

describe('fails closed', { timeout: 120_000 }, () => {
  test.each([
    ['is missing', 'no-such-scanner', /is not there/],
    ['fails', 'echo broken >&2; exit 3', /ended with 3[^]*broken/],
    ['is killed', 'kill -9 $$', /SIGKILL/],
    ['says nothing', 'true', /wrote no report/],
    ['prints without end', 'yes', /printed more than/],
    ['leaves a link', 'ln -s /etc/passwd "$EXEAT_REPORT"', /no file/],
    ['says that it found something and shows nothing', 'find-secrets; exit 1', /its report says nothing/],
  ])('where a scanner %s', (_, scanner, why) => {
    world.install('pre-push', { scanner })
    world.change({ 'a.txt': 'fine\n' })
    const { stderr, exit } = world.git(['push', 'origin', 'change'])
    expect({ exit, stderr: stderr.replaceAll(/\s+/g, ' ') }).toMatchObject(scannerFails(why))
    expect(world.at('change')).toBeUndefined()
  })
  test('where a scanner hangs: it and what it started are ended', () => {
    const pids = join(world.bin, 'pids')
    world.install('pre-push', { scanner: `sleep 600 & echo $! > '${pids}'; sleep 600`, timeout: '1' })
    world.change({ 'a.txt': 'fine\n' })
    expect(world.git(['push', 'origin', 'change'])).toMatchObject(scannerFails(/did not end in the time/))
    expect(existsSync(`/proc/${readFileSync(pids, 'utf8').trim()}/cmdline`) && readFileSync(`/proc/${readFileSync(pids, 'utf8').trim()}/cmdline`, 'utf8')).toBeFalsy()
  })
  test('where a report is half-written, or none', () => {
    for (const scanner of ['printf \'{"version":"2.1.0","runs":[\' > "$EXEAT_REPORT"', 'echo null']) {
      world.install('pre-push', { scanner })
      world.change({ 'a.txt': `${scanner}\n` })
      expect(world.git(['push', 'origin', 'change']).exit, scanner).toBe(1)
    }
  })
  test('where nothing is configured, or a setting is not understood', () => {
    world.exeat(['hook', 'install', 'pre-push'])
    world.change({ 'a.txt': 'fine\n' })
    expect(world.git(['push', 'origin', 'change'])).toMatchObject({ exit: 1, stderr: expect.stringContaining('HOOK_UNSET') as string })
    for (const [key, value] of [['scaner', 'find-secrets'], ['timeout', '0'], ['scanner', ' ']] as const) {
      world.install('pre-push', { scanner: 'find-secrets', timeout: '60', [key]: value })
      expect(world.git(['push', 'origin', 'change']), key).toMatchObject({ exit: 1, stderr: expect.stringContaining('HOOK_SETTING') as string })
      world.clone.git('config', '--unset-all', `exeat.hook.${key}`)
    }
  })
  test('a setting on the command line or in a variable does not count', () => {
    world.install('pre-push')
    world.change(secret)
    expect(world.git(['-c', 'exeat.hook.env=production', '-c', 'exeat.hook.scanner=no-such', 'push', 'origin', 'change'])).toMatchObject({ exit: 1, stderr: expect.stringContaining('key.txt:1') as string })
    expect(world.git(['push', 'origin', 'change'], { GIT_CONFIG_COUNT: '1', GIT_CONFIG_KEY_0: 'exeat.hook.scanner', GIT_CONFIG_VALUE_0: 'no-such' })).toMatchObject({ exit: 1, stderr: expect.stringContaining('key.txt:1') as string })
  })
  test('what a scanner sees names neither this repository nor a token', () => {
    world.install('pre-push', { scanner: 'env >&2; exit 9' })
    world.change({ 'a.txt': 'fine\n' })
    const { stderr } = world.git(['push', 'origin', 'change'], { EXEAT_TOKEN: 'hidden-token' })
    expect(stderr).toContain('ended with 9')
    expect(stderr).not.toMatch(/hidden-token|GIT_DIR=/)
  })
})
