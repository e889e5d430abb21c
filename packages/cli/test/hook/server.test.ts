/** Real pushes to a real bare repository whose pre-receive or update hook is Exeat's. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { pointersIn } from '../../src/hook/options.ts'
import { builtCommand } from '../built.ts'
import { hookWorld, type HookWorld, secretOptOut } from './world.ts'

const main = builtCommand()
let world: HookWorld
beforeEach(() => { world = hookWorld(main) })
afterEach(() => { world.remove() })

const secret = { 'key.txt': 'SECRET\n' }
const push = (...args: readonly string[]) => world.git(['push', ...args, 'origin', 'change'])
/** As one line, without git's mark before each. */
const told = ({ stderr }: { readonly stderr: string }): string => stderr.replaceAll(/^remote: /gm, '').replaceAll(/\s+/g, ' ')

describe.each(['pre-receive', 'update'])('a push that arrives at %s', { timeout: 120_000 }, (name) => {
  test('passes where nothing is found; else nothing of it stands, and the pusher reads why on 80 columns without colour', () => {
    world.install(name)
    const head = world.change({ 'a.txt': 'fine\n' })
    expect(push().exit).toBe(0)
    expect(world.at('change')).toBe(head)
    world.change(secret)
    const refused = push()
    expect(refused.exit).toBe(1)
    expect(world.at('change')).toBe(head)
    expect(told(refused)).toMatch(/BLOCKED 1 finding.*gitleaks\/aws.*key\.txt:1.*way out.*\$ exeat explain.*nothing of this push passes.*hook declined/)
    const lines = refused.stderr.split('\n').map((line) => line.trimEnd())
    expect(refused.stderr).not.toContain('\u001b[3')
    expect(lines.filter((line) => line.startsWith('remote: ') && line.length > 80 && !/\$ exeat|remote: +\S+$/.test(line))).toEqual([])
  })
  test('is judged by the branch that stands, before, during, at the very end, and after a revocation', () => {
    world.install(name)
    world.govern({ '.exeat/opt-outs/leak.yaml': secretOptOut({ from: '2027-01-01T00:00:00Z', until: '2027-01-02T00:00:00Z' }) })
    world.change(secret)
    const at = (instant: string) => {
      world.clock(instant)
      const branch = `at-${instant.replaceAll(/\D/g, '')}`
      return world.git(['push', '-o', 'exeat.optout=leak', 'origin', `change:${branch}`])
    }
    const early = at('2026-12-31T23:59:59.999Z')
    expect([early.exit, told(early)]).toEqual([1, expect.stringMatching(/nearest opt-out `leak` begins at 2027-01-01T00:00:00Z/)])
    // Git gives push options to pre-receive and to none but it (githooks(5)).
    const pointed = (text: string) => expect.stringMatching(name === 'update' ? /^(?!.*exeat: (?:no )?opt-out `leak`)/ : new RegExp(`exeat: ${text}`)) as string
    expect(told(early)).toEqual(pointed('opt-out `leak` begins at'))
    const during = at('2027-01-01T00:00:00.000Z')
    expect([during.exit, told(during)]).toEqual([0, expect.stringMatching(/EXCUSED 1 finding/)])
    expect(told(during)).toEqual(pointed('opt-out `leak` excuses 1 finding here'))
    expect(at('2027-01-01T23:59:59.999Z').exit).toBe(0)
    const end = at('2027-01-02T00:00:00.000Z')
    expect([end.exit, told(end)]).toEqual([1, expect.stringMatching(/nearest opt-out `leak` ended at 2027-01-02T00:00:00Z/)])
    expect(told(end)).toEqual(pointed('opt-out `leak` ended at 2027-01-02T00:00:00Z'))
    world.govern({ '.exeat/opt-outs/leak.yaml': null })
    const revoked = at('2027-01-01T12:00:00.000Z')
    expect(revoked.exit).toBe(1)
    expect(told(revoked)).toEqual(pointed('no opt-out `leak` stands at protected ref'))
  })
})

describe('a push to pre-receive', { timeout: 120_000 }, () => {
  test('cannot bring its own opt-out, policies, scanner settings or tighter clock', () => {
    world.install('pre-receive')
    world.change({ ...secret, '.exeat/opt-outs/leak.yaml': secretOptOut(), '.exeat/policies/secrets.yaml': 'kind: [' })
    expect(push('-o', 'exeat.optout=leak').exit).toBe(1)
    expect(world.git(['-c', 'exeat.hook.scanner=true', 'push', 'origin', 'change']).exit).toBe(1)
    expect(world.git(['push', 'origin', 'change'], { GIT_CONFIG_COUNT: '1', GIT_CONFIG_KEY_0: 'exeat.hook.scanner', GIT_CONFIG_VALUE_0: 'true', GIT_CONFIG_PARAMETERS: '\'exeat.hook.scanner\'=\'true\'' }).exit).toBe(1)
    expect(world.git(['push', 'origin', 'change:main']).exit, 'nor by moving the branch that governs').toBe(1)
  })
  test('that names opt-outs is told of each, and gets nothing by it', () => {
    world.govern({ '.exeat/opt-outs/leak.yaml': secretOptOut({ paths: '[other.txt]' }), '.exeat/opt-outs/more.yaml': secretOptOut({ control: 'trivy/CVE-1', paths: '[pom.xml]' }).replace('name: leak', 'name: more') })
    world.install('pre-receive')
    world.change(secret)
    const refused = push('-o', 'exeat.optout=leak', '-o', 'exeat.optout=more', '-o', 'exeat.optout=nobody', '-o', 'exeat.optout=../../etc;$(id)', '-o', 'exeat.yes=1', '-o', 'ci.skip')
    expect(refused.exit).toBe(1)
    const text = told(refused)
    expect(text).toMatch(/exeat: opt-out `leak`.*other\.txt/)
    expect(text).toContain('exeat: opt-out `more` (until 2035-01-01T00:00:00Z) covers nothing of what was found here')
    expect(text).toContain('exeat: no opt-out `nobody` stands at')
    expect(text).toContain('`../../etc;$(id)` is no name of an opt-out')
    expect(text).toMatch(/the push option `exeat\.yes=1` is none that exeat knows/)
    expect(text).not.toContain('ci.skip')
  })
  test('of one good and one bad ref takes neither; a deletion passes', () => {
    world.install('pre-receive')
    world.change(secret)
    expect(world.git(['push', 'origin', 'main:clean', 'change:dirty']).exit).toBe(1)
    expect(world.at('clean')).toBeUndefined()
    expect(world.git(['push', 'origin', 'main:clean']).exit).toBe(0)
    expect(world.git(['push', 'origin', ':clean']).exit).toBe(0)
  })
  test('of a secret that a later commit takes away is found in the objects of the quarantine', () => {
    world.install('pre-receive', { changeScanner: 'find-secrets' })
    world.change(secret)
    world.change({ 'key.txt': 'gone\n' })
    expect([push().exit, world.at('change')]).toEqual([1, undefined])
  })
  test('where what governs cannot be read, nothing passes', () => {
    world.install('pre-receive', { scanner: 'find-secrets', ref: 'trunk' })
    world.change({ 'a.txt': 'fine\n' })
    expect(push().exit).toBe(1)
    world.onServer('branch', 'trunk', 'main')
    expect(told(push())).toContain('REF_NOT_PROTECTED')
  })
})

describe('push options', () => {
  const of = (...options: readonly string[]) => pointersIn({ GIT_PUSH_OPTION_COUNT: String(options.length), ...Object.fromEntries(options.map((option, index) => [`GIT_PUSH_OPTION_${index}`, option])) })

  test('name opt-outs, each once and five at most', () => {
    expect(pointersIn({})).toEqual({ names: [], problems: [] })
    expect(of('exeat.optout=a', 'exeat.optout=a', 'skip')).toEqual({ names: ['a'], problems: [] })
    expect(of(...Array.from({ length: 9 }, (_, index) => `exeat.optout=o${index}`))).toMatchObject({ names: ['o0', 'o1', 'o2', 'o3', 'o4'], problems: ['9 opt-outs are named, and 5 are explained'] })
  })
  test.each(['exeat.optout=', 'exeat.optout=A', 'exeat.optout=a b', `exeat.optout=${'a'.repeat(64)}`, 'exeat.optout=a\u001b[2J', 'exeat.optout', 'EXEAT.optout=a', 'exeat.optout=__proto__'])('%j points at nothing, and is shown harmlessly', (option) => {
    const { names, problems } = of(option)
    expect([names, problems.length]).toEqual([[], 1])
    expect(problems[0]).not.toContain('\u001b')
  })
  test.each(['-1', '1e9', 'x', '', '9999999'])('a number %j of them is not believed', (count) => {
    expect(pointersIn({ GIT_PUSH_OPTION_COUNT: count, GIT_PUSH_OPTION_0: 'exeat.optout=a' })).toMatchObject({ names: [], problems: [expect.stringContaining('cannot be read') as string] })
  })
})
