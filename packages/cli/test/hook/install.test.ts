/** Hooks put beside those of others, and taken away again; commits and pushes by real git in between. */
import { chmodSync, existsSync, lstatSync, mkdirSync, readFileSync, renameSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse, stringify } from 'yaml'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { describeWith } from '@exeat/testkit'
import { layersOf } from '../../src/hook/scanners.ts'
import { builtCommand } from '../built.ts'
import { hookWorld, type HookWorld, secretOptOut } from './world.ts'

const main = builtCommand()
let world: HookWorld
beforeEach(() => { world = hookWorld(main) })
afterEach(() => { world.remove() })

const hooks = () => join(world.clone.dir, '.git/hooks')
const put = (path: string, text: string, mode = 0o755) => { writeFileSync(path, text); chmodSync(path, mode) }
const fails = (code: string) => ({ exit: 1, stderr: expect.stringContaining(code) as string })

describe('exeat hook install', { timeout: 120_000 }, () => {
  test('writes an executable file of sh with its version, says so, and says the same of it again', () => {
    const first = world.exeat(['hook', 'install'])
    const path = join(hooks(), 'pre-push')
    expect(first).toMatchObject({ exit: 0, stdout: expect.stringMatching(/^wrote .*pre-push\n[^]*git config --add exeat\.hook\.scanner[^]*--no-verify/) as string })
    expect(lstatSync(path).mode & 0o777).toBe(0o755)
    const text = readFileSync(path, 'utf8')
    expect(text).toMatch(/^#!\/bin\/sh\n# exeat-hook 1 pre-push, written by exeat \d/)
    expect(world.exeat(['hook', 'install', 'pre-push']).stdout).toContain('is in place already')
    writeFileSync(path, text.replace(/by exeat [\d.]+/, 'by exeat 0.0.1'))
    expect(world.exeat(['hook', 'install', 'pre-push']).stdout).toContain('anew: it was of exeat 0.0.1')
    expect(readFileSync(path, 'utf8')).toBe(text)
    expect(world.exeat(['hook', 'uninstall'])).toMatchObject({ exit: 0, stdout: expect.stringMatching(/^took .*pre-push away\n$/) as string })
    expect(existsSync(path)).toBe(false)
    expect(world.exeat(['hook', 'uninstall']).stdout).toContain('nothing was changed')
  })
  test('in a bare repository is for pre-receive, and another name is wrong', () => {
    expect(world.exeat(['hook', 'install', '--repo', world.server]).stdout).toMatch(/pre-receive\n/)
    expect(world.exeat(['hook', 'install', 'post-commit'])).toMatchObject({ exit: 64, stderr: expect.stringContaining('USAGE') as string })
    expect(world.exeat(['hook', 'run', 'post-commit'])).toMatchObject({ exit: 64 })
  })
  test('keeps another hook: it runs first with its arguments and input, and its exit stands', () => {
    const own = join(hooks(), 'pre-push')
    const seen = join(world.bin, 'seen')
    const other = (exit: number) => `#!/bin/sh\necho "$1" > '${seen}'\ncat >> '${seen}'\nexit ${exit}\n`
    put(own, other(0))
    expect(world.install('pre-push')).toMatchObject({ exit: 0, stdout: expect.stringContaining('runs first') as string })
    const head = world.change({ 'key.txt': 'SECRET\n' })
    expect(world.git(['push', 'origin', 'change'])).toMatchObject({ exit: 1, stderr: expect.stringContaining('gitleaks/aws') as string })
    expect(readFileSync(seen, 'utf8')).toBe(`origin\nrefs/heads/change ${head} refs/heads/change ${'0'.repeat(40)}\n`)
    put(join(hooks(), 'pre-push.before-exeat'), other(7))
    const { exit, stderr } = world.git(['push', 'origin', 'change'])
    expect([exit, stderr.includes('exeat:')]).toEqual([1, false])
    expect(world.exeat(['hook', 'run', '--chained', join(hooks(), 'pre-push.before-exeat'), 'pre-push', '--', 'origin', 'x']).exit).toBe(7)
    expect(world.exeat(['hook', 'uninstall', 'pre-push']).stdout).toContain('put back')
    expect(readFileSync(own, 'utf8')).toBe(other(7))
  })
  test('never writes over, or through a link', () => {
    const own = join(hooks(), 'pre-push')
    put(own, '#!/bin/sh\n')
    put(`${own}.before-exeat`, 'older')
    expect(world.exeat(['hook', 'install', 'pre-push'])).toMatchObject(fails('HOOK_CHAIN'))
    expect([readFileSync(own, 'utf8'), readFileSync(`${own}.before-exeat`, 'utf8')]).toEqual(['#!/bin/sh\n', 'older'])
    const victim = join(world.bin, 'victim')
    put(victim, 'mine')
    symlinkSync(victim, join(hooks(), 'pre-commit'))
    expect(world.exeat(['hook', 'install', 'pre-commit'])).toMatchObject(fails('HOOK_PLACE'))
    renameSync(hooks(), join(world.bin, 'hooks'))
    symlinkSync(join(world.bin, 'hooks'), hooks())
    expect(world.exeat(['hook', 'install', 'pre-push'])).toMatchObject(fails('HOOK_PLACE'))
    expect(readFileSync(victim, 'utf8')).toBe('mine')
    expect(world.exeat(['hook', 'run', '--chained', hooks(), 'pre-push'])).toMatchObject(fails('HOOK_CHAIN'))
  })
  test('a folder of hooks that other repositories share is refused', () => {
    world.clone.git('config', 'core.hooksPath', world.bin)
    expect(world.exeat(['hook', 'install'])).toMatchObject(fails('HOOK_PLACE'))
  })
  test('where exeat is not on PATH nothing passes', () => {
    world.install('pre-push')
    world.change({ 'a.txt': 'fine\n' })
    expect(world.git(['push', 'origin', 'change'], { PATH: '/usr/bin:/bin' })).toMatchObject({ exit: 1, stderr: expect.stringContaining('not on PATH') as string })
  })
})

describe('beside husky', { timeout: 120_000 }, () => {
  test('it stands in the folder that people write in, and calls what stood there', () => {
    mkdirSync(join(world.clone.dir, '.husky/_'), { recursive: true })
    // As husky 9 writes them: the wrapper runs the file of that name one folder up by `sh -e`.
    put(join(world.clone.dir, '.husky/_/h'), '#!/usr/bin/env sh\ns=$(dirname "$(dirname "$0")")/$(basename "$0")\n[ ! -f "$s" ] && exit 0\nsh -e "$s" "$@"\nexit $?\n', 0o644)
    put(join(world.clone.dir, '.husky/_/pre-push'), '#!/usr/bin/env sh\n. "$(dirname "$0")/h"\n')
    world.clone.git('config', 'core.hooksPath', '.husky/_')
    put(join(world.clone.dir, '.husky/pre-push'), 'echo team-hook >&2\n', 0o644)
    expect(world.install('pre-push').stdout).toContain('which husky calls')
    world.change({ 'key.txt': 'SECRET\n' })
    expect(world.git(['push', 'origin', 'change'])).toMatchObject({ exit: 1, stderr: expect.stringMatching(/team-hook[^]*gitleaks\/aws/) as string })
  })
})

describe('pre-commit', { timeout: 120_000 }, () => {
  const stage = (files: Readonly<Record<string, string>>) => {
    for (const [path, content] of Object.entries(files)) world.clone.write(path, content)
    world.clone.git('add', '--all')
  }
  const commit = (...args: readonly string[]) => world.git(['commit', '-m', 'x', ...args])

  test.each([{ scanner: 'find-secrets' }, { changeScanner: 'find-secrets' }])('looks at what is staged, not at what lies there: %j', (settings) => {
    world.install('pre-commit', settings)
    stage({ 'key.txt': 'SECRET\n' })
    world.clone.write('key.txt', 'gone\n')
    expect(commit()).toMatchObject({ exit: 1, stderr: expect.stringMatching(/pre-commit: what is staged[^]*key\.txt:1[^]*nothing was committed/) as string })
    expect(commit('-a').exit, 'with an index of its own').toBe(0)
    world.clone.write('key.txt', 'SECRET\n')
    world.clone.write('ok.txt', 'fine\n')
    expect(commit().stderr).not.toContain('gitleaks/aws')
    expect(commit('--', 'key.txt').exit, 'of one file').toBe(1)
    stage({ 'ok.txt': 'fine\n', 'key.txt': 'gone\n' })
    expect(commit().exit).toBe(0)
  })
  test('is excused by what stands at the protected branch alone, and a finding of an older commit is none of a change', () => {
    world.install('pre-commit')
    stage({ 'key.txt': 'SECRET\n', '.exeat/opt-outs/leak.yaml': secretOptOut() })
    expect(commit().exit).toBe(1)
    world.govern({ '.exeat/opt-outs/leak.yaml': secretOptOut() })
    expect(commit()).toMatchObject({ exit: 0, stderr: expect.stringContaining('EXCUSED') as string })
    world.clone.git('config', '--unset-all', 'exeat.hook.scanner')
    world.install('pre-commit', { changeScanner: 'find-secrets' })
    stage({ 'b.txt': 'fine\n' })
    expect(commit()).toMatchObject({ exit: 0, stderr: expect.not.stringContaining('key.txt') as string })
  })
  test('what is unmerged is not judged, and a report of elsewhere is', () => {
    world.clone.write('report.json', JSON.stringify({ version: '2.1.0', runs: [{ tool: { driver: { name: 'gitleaks' } }, results: [{ ruleId: 'aws', level: 'error', message: { text: 'x' }, locations: [{ physicalLocation: { artifactLocation: { uri: 'a' } } }] }] }] }))
    expect(world.exeat(['hook', 'run', 'pre-commit', '--report', 'report.json']).exit).toBe(2)
    world.change({ 'a.txt': 'one\n' }, 'one')
    world.clone.git('checkout', '--quiet', '-B', 'two', 'main')
    world.change({ 'a.txt': 'two\n' }, 'two')
    expect(world.git(['merge', 'one']).exit).toBe(1)
    expect(world.exeat(['hook', 'run', 'pre-commit', '--report', 'report.json']).exit).toBe(1)
  })
})

describe('layers', () => {
  const blob = (path: string, id: string) => ({ path, id, type: 'file' as const, size: 1 })
  test('hold each version once, no path twice, and no folder in the place of a file', () => {
    expect(layersOf([])).toEqual([[]])
    const versions = [blob('a', '1'), blob('b', '2'), blob('a', '3'), blob('a/c', '4'), blob('b/d/e', '5')]
    const layers = layersOf(versions)
    expect(layers.flat().map(({ id }) => id).sort()).toEqual(['1', '2', '3', '4', '5'])
    for (const layer of layers) for (const { path } of layer) expect(layer.filter((each) => each.path === path || each.path.startsWith(`${path}/`)).length).toBe(1)
  })
})

describeWith('pre-commit', 'the pre-commit framework', (framework) => {
  test('installed after ours calls it, and before ours is called by git as before', { timeout: 120_000 }, () => {
    world.install('pre-push')
    world.clone.write('.pre-commit-config.yaml', 'repos: []\n')
    const run = (...args: readonly string[]) => world.git(['-c', `alias.framework=!${framework} ${args.join(' ')}`, 'framework'], { HOME: world.bin })
    expect(run('install', '--hook-type', 'pre-push').exit).toBe(0)
    expect(existsSync(join(hooks(), 'pre-push.legacy'))).toBe(true)
    expect(world.install('pre-push').stdout).toContain('is in place already')
    world.change({ 'key.txt': 'SECRET\n' })
    expect(world.git(['push', 'origin', 'change'], { HOME: world.bin })).toMatchObject({ exit: 1, stderr: expect.stringContaining('gitleaks/aws') as string })
    world.exeat(['hook', 'uninstall', 'pre-push'])
    expect(existsSync(join(hooks(), 'pre-push.legacy'))).toBe(false)
    world.install('pre-push')
    expect(world.git(['push', 'origin', 'change'], { HOME: world.bin }).stderr).toContain('gitleaks/aws')
    expect(run('uninstall', '--hook-type', 'pre-push').exit).toBe(0)
    expect(readFileSync(join(hooks(), 'pre-push'), 'utf8')).toContain('exeat-hook')
  })
})

describeWith('pre-commit', 'the hooks that the framework is offered', (framework) => {
  test('look at what is staged and at what is pushed', { timeout: 120_000 }, () => {
    const offered = parse(readFileSync(new URL('../../../../.pre-commit-hooks.yaml', import.meta.url), 'utf8')) as readonly { readonly id: string; readonly entry: string }[]
    expect(offered.map(({ id }) => id)).toEqual(['exeat', 'exeat-push'])
    world.install('pre-push')
    world.exeat(['hook', 'uninstall'])
    world.change({ '.pre-commit-config.yaml': stringify({ repos: [{ repo: 'local', hooks: offered }] }) })
    for (const type of ['pre-commit', 'pre-push']) world.git(['-c', `alias.framework=!${framework} install --hook-type ${type}`, 'framework'], { HOME: world.bin })
    const shown = (args: readonly string[]) => { const { exit, stdout, stderr } = world.git(args, { HOME: world.bin }); return { exit, text: stdout + stderr } }
    expect(shown(['push', 'origin', 'change']).exit).toBe(0)
    world.clone.write('key.txt', 'SECRET\n')
    world.clone.git('add', '--all')
    expect(shown(['commit', '-m', 'x'])).toMatchObject({ exit: 1, text: expect.stringContaining('key.txt:1') as string })
    world.change({})
    expect(shown(['push', 'origin', 'change'])).toMatchObject({ exit: 1, text: expect.stringMatching(/pre-push: refs\/heads\/change[^]*key\.txt:1/) as string })
    expect(world.at('change')).not.toBe(world.clone.git('rev-parse', 'HEAD'))
  })
})

describeWith('gitleaks', 'the real gitleaks', (gitleaks) => {
  test('finds a key that a later commit took away, and its ignore marks excuse nothing', { timeout: 120_000 }, () => {
    const key = ['AKIA', 'Q3EGTZ7XKLMN4WPB'].join('')
    world.install('pre-push', { changeScanner: `${gitleaks} dir . --report-format sarif --report-path "$EXEAT_REPORT" --ignore-gitleaks-allow --gitleaks-ignore-path /nowhere --no-banner --log-level error` })
    world.change({ 'aws.txt': `aws_access_key_id = ${key} # gitleaks:allow\n` })
    world.change({ 'aws.txt': 'gone\n' })
    const { exit, stderr } = world.git(['push', 'origin', 'change'])
    expect([exit, stderr]).toEqual([1, expect.stringMatching(/gitleaks\/aws-access-token[^]*aws\.txt:1/)])
    expect(stderr).not.toContain(key)
    world.change({ 'ok.txt': 'fine\n' }, 'clean')
    world.clone.git('checkout', '--quiet', '-B', 'clean', 'main')
    world.change({ 'ok.txt': 'fine\n' }, 'clean')
    expect(world.git(['push', 'origin', 'clean']).exit).toBe(0)
  })
})
