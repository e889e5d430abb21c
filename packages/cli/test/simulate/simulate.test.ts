/** `exeat simulate` as people and pipelines run it, on real repositories and real children. */
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import Ajv2020 from 'ajv/dist/2020.js'
import { ExeatError } from '@exeat/core/error'
import { type Simulation, simulationSchema } from '@exeat/core/impact'
import type { TemporaryRepository } from '@exeat/testkit'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { simulationOf } from '../../src/simulate/run.ts'
import { base, sarif } from '../base.ts'
import { builtCommand } from '../built.ts'
import { plainEnvironment, type Ran, runExeat, sessionRepository } from '../session.ts'

const namespaces = spawnSync('unshare', ['--user', '--map-current-user', '--net', 'true']).status === 0
const main = builtCommand()
const schema = JSON.parse(readFileSync(fileURLToPath(new URL('../../../../schemas/output/simulation.v1.json', import.meta.url)), 'utf8')) as object
const validate = new Ajv2020.default({ allErrors: true, strict: true, allowUnionTypes: true }).compile(schema)

const many = sarif([
  { rule: 'CVE-2021-44228', path: 'services/ledger/pom.xml', line: 12 }, { rule: 'CVE-2021-44228', path: 'services/pay/pom.xml', line: 3 },
  { rule: 'CVE-2022-1', path: 'services/pay/pom.xml', line: 3 }, { rule: 'CVE-2022-1', path: 'web/package.json', line: 3 },
])

interface Spec { readonly controls?: string; readonly targets?: string; readonly limits?: string; readonly from?: string; readonly until?: string }
const optOut = (name: string, { controls, targets, limits, from, until }: Spec = {}): string => `# kept
apiVersion: exeat.dev/v1
kind: OptOut
metadata: { name: ${name} }
spec:
  controls: ${controls ?? '[trivy/CVE-2021-44228, trivy/CVE-2022-1]'}   # kept too
  targets: ${targets ?? '{ environments: [development], paths: ["services/**"] }'}
  category: waiver
  reason: because
  owner: alice@acme.example
  window: { from: ${from ?? '2026-01-01T00:00:00Z'}, until: ${until ?? '2035-01-01T00:00:00Z'} }
  limits: ${limits ?? '{ findings: 3 }'}
`

const impactPolicy = `apiVersion: exeat.dev/v1
kind: OptOutPolicy
metadata: { name: with-impact }
spec:
  controls: ["trivy/*"]
  environments: [development]
  effect: permit
  request: anyone
  approve: none
  activate: anyone
  mfa: none
  limits: { duration: 3650d, findings: 10 }
`

let repository: TemporaryRepository
beforeEach(() => { repository = sessionRepository(new Map([...base, ['many.sarif', many]])) })
afterEach(() => { repository.remove() })

const simulate = (...args: readonly string[]): Ran => runExeat(main, ['simulate', ...args], repository.dir)

/** The answer in JSON, as its schema says. */
function shown(args: readonly string[], exit = 0): Simulation {
  const ran = simulate(...args, '--format', 'json')
  expect(ran.exit, ran.stderr).toBe(exit)
  const value = JSON.parse(ran.stdout) as unknown
  expect(validate(value), JSON.stringify(validate.errors?.slice(0, 3))).toBe(true)
  return simulationSchema.parse(value)
}

const one = (simulation: Simulation): Simulation['optOuts'][number] => {
  const [only, other] = simulation.optOuts
  if (only === undefined || other !== undefined) throw new Error('one opt-out was expected')
  return only
}

describe.skipIf(!namespaces)('simulate a change', () => {
  test('warns where the head changes policies too: those of the base judge', () => {
    repository.git('checkout', '--quiet', '-B', 'change', 'main')
    repository.commit({ '.exeat/one.yaml': optOut('one'), '.exeat/more.yaml': impactPolicy })
    repository.git('checkout', '--quiet', 'main')
    expect(shown(['many.sarif', '--base', 'main', '--head', 'change']).problems.map(({ code }) => code)).toContain('SIMULATION_POLICIES')
  })
})

describe.skipIf(!namespaces)('simulate', () => {
  test('shows what is excused now, what almost is, what turns red again and what would slip through', () => {
    repository.write('.exeat/one.yaml', optOut('one'))
    const simulation = shown(['many.sarif', '--optout', 'one'])
    expect(simulation.isolated).toBe(true)
    expect(simulation.before).toEqual({ passed: 0, excused: 0, blocked: 4 })
    expect(simulation.after).toEqual({ passed: 0, excused: 3, blocked: 1 })
    expect(simulation.opened.control.top).toEqual([{ name: 'trivy/CVE-2021-44228', findings: 2 }, { name: 'trivy/CVE-2022-1', findings: 1 }])
    expect(simulation.open.map(({ control, owner, findings }) => [control, owner, findings])).toEqual([['trivy/CVE-2021-44228', 'alice@acme.example', 2], ['trivy/CVE-2022-1', 'alice@acme.example', 1]])
    const { nearMisses, redAgain, canaries } = one(simulation)
    expect(nearMisses).toMatchObject([{ code: 'OPTOUT_OTHER_TARGET', key: 'paths', findings: 1, example: { path: 'web/package.json' } }])
    expect(redAgain).toMatchObject({ at: '2035-01-01T00:00:00Z', findings: 3 })
    const excused = new Map(canaries.map((row) => [row.kind, row.excused]))
    expect(excused.get('rule')).toBe(0)
    expect(excused.get('environment')).toBe(0)
    expect(excused.get('path')).toBeGreaterThan(0)
    expect(excused.get('repository')).toBe(3)
  })

  test('what another opt-out covers already is not called opened', () => {
    repository.write('.exeat/one.yaml', optOut('one'))
    repository.write('.exeat/two.yaml', optOut('two', { targets: '{ environments: [development], paths: [services/pay/pom.xml] }', until: '2035-06-01T00:00:00Z' }))
    const simulation = shown(['many.sarif', '--optout', 'one'])
    expect(simulation.opened.total).toBe(1)
    expect(one(simulation).alreadyCovered).toEqual([{ optOut: 'two', findings: 2 }])
    expect(one(simulation).redAgain.findings).toBe(1)
  })

  test('the suggested patch applies, and leaves nothing to suggest and no neighbour by path', () => {
    repository.write('.exeat/one.yaml', optOut('one', { limits: '{ findings: 9 }' }))
    repository.commit({ 'x.txt': '' })
    const before = shown(['many.sarif', '--optout', 'one', '--suggest', '--repo', 'acme/payments'])
    expect(before.problems.map(({ code }) => code)).toEqual(['IMPACT_LIMIT_ABOVE'])
    const { suggestion } = one(before)
    repository.write('suggested.patch', suggestion?.patch ?? '')
    repository.git('apply', 'suggested.patch')
    const text = readFileSync(join(repository.dir, '.exeat/one.yaml'), 'utf8')
    expect(text).toContain('# kept\n')
    expect(text).toContain('services/ledger/pom.xml')
    const after = shown(['many.sarif', '--optout', 'one', '--suggest', '--repo', 'acme/payments'])
    expect(after.after).toEqual(before.after)
    expect(after.problems).toEqual([])
    expect(one(after).suggestion).toBeUndefined()
    expect(one(after).canaries.find(({ kind }) => kind === 'path')?.excused).toBe(0)
    expect(one(after).canaries.find(({ kind }) => kind === 'repository')?.excused).toBe(0)
  })

  test('a ceiling below what is measured is an error', () => {
    repository.write('.exeat/one.yaml', optOut('one', { limits: '{ findings: 2 }' }))
    const simulation = shown(['many.sarif', '--optout', 'one'], 3)
    expect(simulation.problems.map(({ severity, code }) => [severity, code])).toEqual([['error', 'IMPACT_LIMIT_BELOW']])
    expect(simulation.after.excused).toBe(0)
  })

  test('an opt-out that covers nothing is told', () => {
    repository.write('.exeat/one.yaml', optOut('one', { controls: '[trivy/CVE-1999-1]' }))
    expect(shown(['many.sarif', '--optout', 'one']).problems.map(({ code }) => code)).toEqual(['IMPACT_NOTHING'])
  })

  test('approvals bind to the digest that `exeat impact` records, and findings beyond the tolerance make it stale', () => {
    repository.write('.exeat/policies.yaml', impactPolicy)
    repository.write('.exeat/one.yaml', optOut('one'))
    repository.write('first.sarif', sarif([{ rule: 'CVE-2021-44228', path: 'services/ledger/pom.xml', line: 12 }]))
    const unrecorded = one(shown(['first.sarif', '--optout', 'one', '--repo', 'acme/payments']))
    expect(unrecorded.impact).toMatchObject({ assumed: true, fingerprints: 1, stale: false })
    expect(unrecorded.refused).toEqual([])
    const recorded = JSON.parse(runExeat(main, ['impact', 'one', 'first.sarif', '--write', '--repo', 'acme/payments', '--format', 'json'], repository.dir).stdout) as { path: string }
    expect(recorded.path).toBe(`.exeat/impacts/${unrecorded.impact?.digest}.json`)
    const same = one(shown(['first.sarif', '--optout', 'one', '--repo', 'acme/payments']))
    expect(same.impact).toMatchObject({ assumed: false, recorded: unrecorded.impact?.digest, digest: unrecorded.impact?.digest, stale: false })
    const later = shown(['many.sarif', '--optout', 'one', '--repo', 'acme/payments'], 3)
    expect(later.problems.map(({ code }) => code)).toEqual(['IMPACT_STALE'])
    expect(one(later)).toMatchObject({ impact: { added: 2, gone: 0, stale: true }, unintended: { total: 2 } })
    expect(later.after.excused).toBe(1)
    expect(one(shown(['many.sarif', '--optout', 'one', '--repo', 'acme/payments', '--tolerance', '2'])).impact?.stale).toBe(false)
  })

  test('a change is judged by the policies of its base, and its opt-outs are told as added, changed and removed', () => {
    repository.commit({ '.exeat/old.yaml': optOut('old'), '.exeat/gone.yaml': optOut('gone', { controls: '[trivy/CVE-2022-1]', limits: '{ findings: 1 }' }) })
    repository.git('branch', 'base')
    repository.git('rm', '-q', '.exeat/gone.yaml')
    repository.commit({
      '.exeat/old.yaml': optOut('old', { targets: '{ environments: [development], paths: ["**/pom.xml"] }' }),
      '.exeat/new.yaml': optOut('new', { targets: '{ environments: [development], paths: [web/package.json] }', limits: '{ findings: 1 }' }),
      '.exeat/policies.yaml': 'apiVersion: exeat.dev/v1\nkind: OptOutPolicy\nmetadata: { name: all }\nspec: { controls: ["trivy/*"], effect: forbid }\n',
    })
    const simulation = shown(['many.sarif', '--base', 'base', '--head', repository.git('rev-parse', 'HEAD').trim()])
    expect(shown(['many.sarif', '--base', 'base', '--head', 'HEAD']).after).toEqual(simulation.after)
    expect(simulation.optOuts.map(({ name, change }) => [name, change])).toEqual([['gone', 'removed'], ['new', 'added'], ['old', 'changed']])
    expect(simulation.after).toEqual({ passed: 0, excused: 4, blocked: 0 })
    expect(simulation.before).toEqual({ passed: 0, excused: 3, blocked: 1 })
  })

  test('what the terms refuse is told, and opens nothing', () => {
    repository.write('.exeat/one.yaml', optOut('one', { controls: '[trivy/CVE-2024-3094]' }))
    repository.write('xz.sarif', sarif([{ rule: 'CVE-2024-3094', path: 'services/a/b' }]))
    const simulation = shown(['xz.sarif', '--optout', 'one'])
    expect(simulation.opened.total).toBe(0)
    expect(one(simulation).refused.map(({ code }) => code)).toEqual(['FORBIDDEN'])
  })

  test('names, paths and rules of every kind stay data', () => {
    const hostile = ['__proto__', 'constructor', '\u001b[31m\u202eevil', '</script><b>', 'a\nb']
    repository.write('hostile.sarif', sarif(hostile.map((name) => ({ rule: name, path: `services/${name}`, message: name }))))
    repository.write('.exeat/one.yaml', optOut('one', { controls: '[trivy/__proto__, trivy/constructor]', targets: '{ environments: [development] }', limits: '{ findings: 2 }' }))
    const simulation = shown(['hostile.sarif', '--optout', 'one'])
    expect(simulation.opened.control.top.map(({ name }) => name)).toEqual(['trivy/__proto__', 'trivy/constructor'])
    const { stdout } = simulate('hostile.sarif', '--optout', 'one', '--suggest')
    expect(stdout).not.toMatch(/[\u001b\u202e]/)
  })

  test('each report may be a run of its own, and a ceiling holds for each', () => {
    repository.write('.exeat/one.yaml', optOut('one', { limits: '{ findings: 1 }' }))
    repository.write('a.sarif', sarif([{ rule: 'CVE-2022-1', path: 'services/pay/pom.xml' }]))
    repository.write('b.sarif', sarif([{ rule: 'CVE-2022-1', path: 'services/pay/pom.xml' }]))
    expect(shown(['a.sarif', 'b.sarif', '--optout', 'one'], 3).after.excused).toBe(0)
    const each = shown(['a.sarif', 'b.sarif', '--optout', 'one', '--each'])
    expect([each.runs, each.after.excused]).toEqual([2, 2])
  })

  test.for([
    [['many.sarif'], 64, 'USAGE'],
    [['many.sarif', '--optout', 'one', '--head', 'main', '--base', 'main'], 64, 'USAGE'],
    [['many.sarif', '--head', 'main'], 64, 'USAGE'],
    [['many.sarif', '--optout', 'one', '--tolerance', '-1'], 64, 'USAGE'],
    [['many.sarif', '--optout', 'one', '--max-memory', '1'], 64, 'USAGE'],
    [['--optout', 'one'], 64, 'INPUT_NONE'],
    [['many.sarif', '--optout', 'oen'], 64, 'OPTOUT_UNKNOWN'],
    [['missing.sarif', '--optout', 'one'], 3, 'INPUT_UNREADABLE'],
    [['broken.json', '--optout', 'one'], 3, 'JSON_TRUNCATED'],
    [['many.sarif', '--optout', 'one', '--env', 'nowhere'], 64, 'ENVIRONMENT_UNKNOWN'],
    [['many.sarif', '--optout', 'one', '--repo', 'nowhere'], 64, 'REPOSITORY_UNKNOWN'],
    [['many.sarif', '--base', 'main', '--head', 'main'], 3, 'SIMULATION_NOTHING'],
    [['many.sarif', '--base', 'main', '--head', 'main', '--no-isolation'], 64, 'USAGE'],
    [['many.sarif', '--base', 'HEAD', '--head', 'main'], 3, 'REF_NOT_A_BRANCH'],
    [['many.sarif', '--optout', 'broken'], 3, 'INSTANT'],
  ] as const)('%j is refused', ([args, exit, code]) => {
    repository.write('.exeat/one.yaml', optOut('one'))
    repository.write('.exeat/broken.yaml', optOut('broken', { until: '2035-01-01' }))
    repository.write('broken.json', '{')
    const ran = simulate(...args)
    expect([ran.exit, ran.stdout]).toEqual([exit, ''])
    expect(ran.stderr).toContain(code)
    expect(ran.stderr).not.toMatch(/^ {4}at |INTERNAL/m)
  })

  test('where no namespace can be made nothing is replayed; one\'s own documents may be, but not in a pipeline', () => {
    repository.write('.exeat/one.yaml', optOut('one'))
    const confined = (env: Readonly<Record<string, string>>, ...args: readonly string[]): Ran => {
      const script = `echo 0 > /proc/sys/user/max_user_namespaces && exec "$@"`
      const { status, stdout, stderr } = spawnSync('unshare', ['--user', '--map-root-user', 'sh', '-c', script, 'sh', process.execPath, main, 'simulate', 'many.sarif', '--optout', 'one', ...args],
        { cwd: repository.dir, encoding: 'utf8', env: { ...plainEnvironment(), ...env } })
      return { exit: status, stdout, stderr }
    }
    const refused = confined({})
    expect([refused.exit, refused.stdout]).toEqual([1, ''])
    expect(refused.stderr).toContain('error[SIMULATION_NOT_ISOLATED]')
    const own = confined({}, '--no-isolation')
    expect(own.exit, own.stderr).toBe(0)
    expect(own.stdout).toContain('NOT ISOLATED')
    expect(confined({ CI: 'true' }, '--no-isolation').stderr).toContain('error[FLAG_IN_CI]')
  })

  test('a report too large for its memory ends with a code of its own', () => {
    repository.write('.exeat/one.yaml', optOut('one'))
    repository.write('large.sarif', sarif(Array.from({ length: 150_000 }, (_, index) => ({ rule: `CVE-2022-${index}`, path: `services/${index}/pom.xml`, message: `number ${index} of very many` }))))
    const ran = simulate('large.sarif', '--optout', 'one', '--max-memory', '64')
    expect(ran.stderr).toContain('error[SIMULATION_TOO_LARGE]')
    expect([ran.exit, ran.stdout]).toEqual([1, ''])
  })
})

test('a child that ended without a sound answer is no simulation', () => {
  const caps = { memory: 64, seconds: 1, isolation: true }
  const code = (...ended: Parameters<typeof simulationOf>): string => {
    try {
      simulationOf(...ended)
      return 'none'
    } catch (error) {
      return error instanceof ExeatError ? error.problems[0].code : 'other'
    }
  }
  expect(code({ kind: 'failed', reason: 'exit 7' }, caps)).toBe('SIMULATION_FAILED')
  expect(code({ kind: 'too-long' }, caps)).toBe('SIMULATION_TOO_LONG')
  expect(code({ kind: 'too-large' }, caps)).toBe('SIMULATION_TOO_LARGE')
  for (const stdout of ['', '{', '{"ok":false,"problems":[]}', '{"ok":true,"simulation":{"isolated":true}}', '{"ok":true}']) expect(code({ kind: 'answered', stdout }, caps)).toBe('SIMULATION_FAILED')
})
