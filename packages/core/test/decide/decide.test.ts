import { describe, expect, test } from 'vitest'
import type { Facts, Finding, Instant } from '../../src/model/index.ts'
import { decide } from '../../src/decide/index.ts'
import { fingerprints } from '../../src/finding/index.ts'
import { at, forbid, permit, setOf, strict, workspace } from '../policy/build.ts'
import type { OptOutPart } from '../policy/build.ts'
import { finding, firstCode, noon, open, outcomes, run, sha256, staging, stands } from './build.ts'

const from = at('2026-11-22T10:00:00Z')
const until = at('2026-11-24T10:00:00Z')
const plus = (instant: Instant, milliseconds: number): Instant => (instant + milliseconds) as Instant

describe('outcomes', () => {
  test('excused, and by whom: the document, its end and the strength it rests on', () => {
    expect(run()[0]).toMatchObject({
      control: 'trivy/CVE-2021-44228', outcome: 'excused', nearest: [],
      reasons: [{ code: 'OPTOUT_APPLIES', optOut: 'hotfix', until }],
      optOut: { name: 'hotfix', until, category: 'waiver', owner: 'alice@acme.example', evidence: 'none', origin: { file: '.exeat/opt-outs.yaml', line: 1, column: 1 } },
    })
  })

  test('no opt-out names it', () => {
    const [decision] = run({ findings: [finding({ rule: 'CVE-1' })] })
    expect(decision).toMatchObject({ outcome: 'blocked', reasons: [{ code: 'NO_OPTOUT' }], nearest: [], wayOut: { possible: true } })
    expect(decision).not.toHaveProperty('optOut')
  })

  test('an unknown tool blocks, whatever is written for it, and there is no way out', () => {
    const [decision] = run({ findings: [finding({ tool: 'homemade' })], optOuts: [stands({ controls: ['homemade/CVE-2021-44228'] })] })
    expect(decision).toMatchObject({ outcome: 'blocked', reasons: [{ code: 'TOOL_UNKNOWN', tool: 'homemade' }], wayOut: { possible: false } })
  })

  test('a tool under another spelling than its canonical one is unknown: readers translate, findings do not', () => {
    expect(firstCode({ findings: [finding({ tool: 'Trivy' })] })).toBe('TOOL_UNKNOWN')
  })
})

describe('threshold', () => {
  const set = setOf([permit('open', { requires: { impact: false } })], { workspace: workspace({ gates: [{ thresholds: [{ tools: ['trivy'], severity: 'high' }] }] }) })
  const bare = { optOuts: [], set }

  test.each([['low', 'passed'], ['medium', 'passed'], ['high', 'blocked'], ['critical', 'blocked'], [undefined, 'blocked']] as const)('severity %s: %s', (severity, wanted) => {
    const { severity: _, ...rest } = finding()
    expect(outcomes({ ...bare, findings: [severity === undefined ? rest : { ...rest, severity }] })).toEqual([wanted])
  })

  test('says both sides', () => {
    expect(run({ ...bare, findings: [finding({ severity: 'low' })] })[0]).toMatchObject({ reasons: [{ code: 'BELOW_THRESHOLD', severity: 'low', threshold: 'high' }], nearest: [] })
  })

  test('another tool has none', () => {
    expect(outcomes({ ...bare, findings: [finding({ tool: 'semgrep', severity: 'low' })] })).toEqual(['blocked'])
  })

  test('what passes is neither excused nor counted against a ceiling', () => {
    const input = { set, optOuts: [stands({ limits: { findings: 1 } })], findings: [finding({ severity: 'low' }), finding()] }
    expect(outcomes(input)).toEqual(['passed', 'excused'])
  })
})

describe('time', () => {
  test.each([
    ['a millisecond before it begins', plus(from, -1), 'OPTOUT_NOT_YET'], ['when it begins', from, 'OPTOUT_APPLIES'],
    ['a millisecond before its end', plus(until, -1), 'OPTOUT_APPLIES'], ['at its end', until, 'OPTOUT_LAPSED'], ['after it', plus(until, 1), 'OPTOUT_LAPSED'],
  ])('%s', (_, now, code) => {
    expect(firstCode({ now })).toBe(code)
  })

  test.each([NaN, Infinity, -Infinity])('an instant that is none (%d) excuses nothing', (now) => {
    expect(outcomes({ now: now as Instant })).toEqual(['blocked'])
  })

  test('an active one whose window has passed since the set was made is not honoured', () => {
    const set = open()
    const active = [{ ...stands(), met: { evidence: 'none' as const, approvers: [], requester: [], activator: [] } }]
    const at = (now: Instant): string | undefined => decide(set, { active, ended: [], refused: [] }, [finding()], staging, now, { sha256 })[0]?.outcome
    expect([at(plus(until, -1)), at(until)]).toEqual(['excused', 'blocked'])
  })
})

describe('targets: AND across keys, OR within; missing is no match (rule 9)', () => {
  const image = `sha256:${'1'.repeat(64)}`
  const full: OptOutPart['targets'] = {
    repositories: ['acme/payments'], environments: ['staging', 'test'], paths: ['services/**', 'lib/*'], resources: ['pkg:maven/*'], images: [image],
  }
  const whole: Finding = finding({ resource: 'pkg:maven/log4j@2.14', image })
  const input = { optOuts: [stands({ targets: full })], findings: [whole] }
  const without = (key: keyof Finding): Finding => Object.fromEntries(Object.entries(whole).filter(([name]) => name !== key)) as unknown as Finding

  test('all hold', () => {
    expect(outcomes(input)).toEqual(['excused'])
  })

  test.each([['path', 'paths', 'other/pom.xml'], ['resource', 'resources', 'pkg:npm/x'], ['image', 'images', `sha256:${'2'.repeat(64)}`]] as const)('%s differs or is missing', (key, target, other) => {
    expect(run({ ...input, findings: [{ ...whole, [key]: other }] })[0]).toMatchObject({ outcome: 'blocked', reasons: [{ code: 'OPTOUT_OTHER_TARGET', key: target, actual: other }] })
    const [missing] = run({ ...input, findings: [without(key)] })
    expect(missing).toMatchObject({ outcome: 'blocked', reasons: [{ code: 'OPTOUT_OTHER_TARGET', key: target }] })
    expect(missing?.reasons[0]).not.toHaveProperty('actual')
  })

  test('another repository, one of the same name and another id, and none', () => {
    const other = (id: string, name = 'acme/payments'): Facts => ({ ...staging, repository: { value: { name, id }, provenance: 'asserted', from: 'test' } })
    expect(outcomes({ ...input, facts: other('2') })).toEqual(['blocked'])
    expect(outcomes({ ...input, facts: other('1', 'acme/renamed') })).toEqual(['excused'])
    const { repository: _, ...unknown } = staging
    expect(run({ ...input, facts: unknown })[0]).toMatchObject({ outcome: 'blocked', reasons: [{ key: 'repositories' }] })
  })

  test('a repository that is no source of the workspace matches nothing', () => {
    const facts: Facts = { ...staging, repository: { value: { name: 'evil/payments', id: 'undefined' }, provenance: 'asserted', from: 'test' } }
    expect(outcomes({ optOuts: [stands({ targets: { repositories: ['evil/payments'] } })], facts })).toEqual(['blocked'])
  })

  test('another environment', () => {
    const facts: Facts = { ...staging, environment: { value: 'test', provenance: 'asserted', from: 'test' } }
    expect(outcomes({ ...input, facts, set: setOf([permit('open', { environments: ['staging', 'test'], requires: { impact: false } })]) })).toEqual(['excused'])
    expect(run({ facts })[0]?.reasons[0]).toMatchObject({ code: 'OPTOUT_OTHER_TARGET', key: 'environments', expected: ['staging'], actual: 'test' })
  })

  test('an asserted environment where the workspace asks for proof is unknown', () => {
    const set = setOf([permit('open', { environments: ['canary', 'staging'], requires: { impact: false } })])
    const optOuts = [stands({ targets: { environments: ['canary'] } })]
    const canary = (provenance: 'asserted' | 'verified'): Facts => ({ ...staging, environment: { value: 'canary', provenance, from: 'test' } })
    expect(firstCode({ set, optOuts, facts: canary('asserted') })).toBe('FACT_UNPROVEN')
    expect(firstCode({ set, optOuts, facts: canary('verified') })).toBe('OPTOUT_APPLIES')
  })

  test('an opt-out without environments does not slip into one that is unproven or unknown', () => {
    const optOuts = [stands({ targets: { paths: ['services/**'] } })]
    const set = setOf([permit('open', { environments: ['staging', 'test', 'canary'], requires: { impact: false } }), permit('rest', { requires: { impact: false } })])
    const production: Facts = { ...staging, environment: { value: 'production', provenance: 'asserted', from: 'test' } }
    const { environment: _, ...none } = staging
    expect(outcomes({ set, optOuts, facts: production })).toEqual(['blocked'])
    expect(outcomes({ set, optOuts, facts: none })).toEqual(['blocked'])
  })

  test('a fingerprint target matches Exeat\'s own, never the tool\'s', () => {
    const findings = [finding({ line: 1 }), finding({ line: 2, toolFingerprint: 'f'.repeat(64) })]
    const own = fingerprints(findings, '1', sha256)
    const optOuts = (fingerprint: string) => [stands({ targets: { paths: ['services/**'], environments: ['staging'], fingerprints: [fingerprint] } })]
    expect(outcomes({ findings, optOuts: optOuts(own(1)) })).toEqual(['blocked', 'excused'])
    expect(outcomes({ findings, optOuts: optOuts('f'.repeat(64)) })).toEqual(['blocked', 'blocked'])
  })

  test.each([['trivy/CVE-2021-*', 'excused'], ['trivy/*-44228', 'excused'], ['trivy/CVE-2021-4422?', 'excused'], ['trivy/{CVE-1,CVE-2021-44228}', 'excused'], ['trivy/CVE-2022-*', 'blocked'], ['trivy/CVE-2021-4422', 'blocked'], ['Trivy/CVE-2021-44228', 'excused'], ['{Trivy,grype}/CVE-2021-44228', 'excused']])('control %s: %s', (control, wanted) => {
    expect(outcomes({ optOuts: [stands({ controls: [control] })] })).toEqual([wanted])
  })
})

describe('terms are merged again for the finding itself', () => {
  test('a policy tightened since: a severity no longer covered', () => {
    const set = setOf([permit('open', { severities: ['low', 'medium'], requires: { impact: false } })])
    const decided = run({ set, findings: [finding({ severity: 'medium' }), finding({ severity: 'critical' })] })
    expect(decided.map(({ outcome }) => outcome)).toEqual(['excused', 'blocked'])
    expect(decided[1]?.reasons[0]).toMatchObject({ code: 'POLICY_TIGHTENED', because: [{ code: 'NOT_PERMITTED' }] })
  })

  test('an unknown severity is in no permit that names severities', () => {
    const set = setOf([permit('open', { severities: ['low', 'medium', 'high', 'critical', 'info'], requires: { impact: false } })])
    const { severity: _, ...unknown } = finding()
    expect(outcomes({ set, findings: [unknown] })).toEqual(['blocked'])
  })

  test('a forbid of a severity holds for an unknown one too', () => {
    const set = setOf([permit('open', { requires: { impact: false } }), forbid('never', { severities: ['critical'], environments: ['production'] })])
    expect(outcomes({ set })).toEqual(['excused'])
  })

  test('terms stricter for this finding than for the opt-out', () => {
    const set = setOf([permit('open', { requires: { impact: false } }), permit('short', { severities: ['critical'], limits: { duration: 3_600_000 as never }, requires: { impact: false } })])
    expect(firstCode({ set, findings: [finding()], optOuts: [stands()] })).toBe('OPTOUT_REFUSED')
  })

  test('refused opt-outs excuse nothing and say why', () => {
    const set = setOf([strict('people', { environments: ['staging'] })])
    expect(run({ set })[0]).toMatchObject({ outcome: 'blocked', reasons: [{ code: 'OPTOUT_REFUSED', optOut: 'hotfix' }] })
  })

  test('a condition at decide that is false for this finding', () => {
    const set = setOf([permit('open', { requires: { impact: false }, conditions: [{ at: 'decide', expression: 'finding.severity != "critical"', message: 'critical findings are fixed' }] })])
    const decided = run({ set, findings: [finding(), finding({ severity: 'critical' })] })
    expect(decided.map(({ outcome }) => outcome)).toEqual(['excused', 'blocked'])
    expect(decided[1]?.reasons[0]).toMatchObject({ code: 'POLICY_TIGHTENED', because: [{ code: 'CONDITION_FALSE' }] })
  })
})

describe('impact and ceiling', () => {
  const three = [1, 2, 3].map((line) => finding({ line }))
  const prints = three.map((_, index) => fingerprints(three, '1', sha256)(index))
  const withImpact = setOf([permit('open')])

  test('where the terms require an impact, its fingerprints are what may be excused', () => {
    const optOuts = [stands({}, new Set([prints[0]!, prints[2]!]))]
    expect(outcomes({ set: withImpact, findings: three, optOuts })).toEqual(['excused', 'blocked', 'excused'])
    expect(run({ set: withImpact, findings: three, optOuts })[1]?.reasons[0]?.code).toBe('OPTOUT_NOT_IN_IMPACT')
  })

  test('no recorded impact where one is required: refused', () => {
    expect(run({ set: withImpact })[0]?.reasons[0]).toMatchObject({ code: 'OPTOUT_REFUSED', because: [{ code: 'IMPACT_REQUIRED' }] })
  })

  test('without an impact more matches than the limit excuse none, and as many as the limit all', () => {
    expect(outcomes({ findings: three, optOuts: [stands({ limits: { findings: 3 } })] })).toEqual(['excused', 'excused', 'excused'])
    const over = run({ findings: three, optOuts: [stands({ limits: { findings: 2 } })] })
    expect(over.map(({ outcome }) => outcome)).toEqual(['blocked', 'blocked', 'blocked'])
    expect(over[0]?.reasons[0]).toEqual({ code: 'OPTOUT_OVER_LIMIT', optOut: 'hotfix', limit: 2, matches: 3 })
  })

  test('with an impact the approved ones come first, then the order of fingerprints', () => {
    const last = [...prints].sort()[2]!
    const optOuts = [stands({ limits: { findings: 2 } }, new Set([last]))]
    const wanted = [...prints].sort().slice(0, 1).concat(last)
    expect(outcomes({ findings: three, optOuts })).toEqual(prints.map((print) => (wanted.includes(print) ? 'excused' : 'blocked')))
  })

  test('one over its limit does not stop another', () => {
    const optOuts = [stands({ name: 'small', limits: { findings: 1 } }), stands({ name: 'large', limits: { findings: 9 } })]
    expect(run({ findings: three, optOuts }).map(({ optOut }) => optOut?.name)).toEqual(['large', 'large', 'large'])
  })

  test('of several, the one that lasts longest is named, then by name', () => {
    const longer = { from, until: plus(until, 1) }
    expect(run({ optOuts: [stands({ name: 'b' }), stands({ name: 'a' })] })[0]?.optOut?.name).toBe('a')
    expect(run({ optOuts: [stands({ name: 'b', window: longer }), stands({ name: 'a' })] })[0]?.optOut?.name).toBe('b')
  })
})

describe('the way out (rule 6)', () => {
  test('nearest first: what missed only its time before what missed a target, at most three', () => {
    const lapsed = { from: at('2026-11-20T10:00:00Z'), until: at('2026-11-23T10:00:00Z') }
    const older = { from: at('2026-11-19T10:00:00Z'), until: at('2026-11-21T10:00:00Z') }
    const optOuts = [
      stands({ name: 'elsewhere', targets: { environments: ['staging'], paths: ['other/**'] } }),
      stands({ name: 'far', targets: { environments: ['test'], paths: ['other/**'] } }),
      stands({ name: 'older', window: older }), stands({ name: 'lapsed', window: lapsed }),
    ]
    const set = setOf([permit('open', { environments: ['staging', 'test'], requires: { impact: false } })])
    const [decision] = run({ set, optOuts })
    expect(decision?.nearest.map(({ optOut, reason }) => `${optOut} ${reason.code}`)).toEqual(['lapsed OPTOUT_LAPSED', 'older OPTOUT_LAPSED', 'elsewhere OPTOUT_OTHER_TARGET'])
    expect(decision?.reasons).toEqual(decision?.nearest.map(({ reason }) => reason))
  })

  test('possible: who asks, approves and activates, for how long, and the command', () => {
    const { wayOut } = run({ set: setOf([strict('people', { environments: ['staging'] })]), optOuts: [] })[0]!
    expect(wayOut).toEqual({
      possible: true, request: 'engineering', approve: '1 of security', activate: 'engineering or sre', maxDuration: '14d', policies: ['people'],
      command: 'exeat explain trivy/CVE-2021-44228 --env staging --severity high',
    })
  })

  test('not possible: forbidden, or permitted by nobody', () => {
    expect(run({ set: setOf([permit('open'), forbid('never')]), optOuts: [] })[0]?.wayOut).toMatchObject({ possible: false, because: { code: 'FORBIDDEN' }, policies: ['never'] })
    expect(run({ set: setOf([]), optOuts: [] })[0]?.wayOut).toMatchObject({ possible: false, because: { code: 'NOT_PERMITTED' } })
  })

  test('a rule id from a report cannot break out of the command', () => {
    const rule = "x'; rm -rf / #"
    expect(run({ findings: [finding({ rule })], optOuts: [] })[0]?.wayOut?.command).toBe(`exeat explain 'trivy/x'\\''; rm -rf / #' --env staging --severity high`)
  })

  test('findings that read their explanation share nothing they could change', () => {
    const decided = run({ findings: [finding(), finding({ line: 9 })], optOuts: [] })
    expect(JSON.parse(JSON.stringify(decided[0]))).toMatchObject({ outcome: 'blocked', reasons: [{ code: 'NO_OPTOUT' }], wayOut: { possible: true } })
    expect(decided[0]?.reasons).toBe(decided[0]?.reasons)
  })
})

test('governed aliases: an opt-out of one name excuses the other', () => {
  const set = setOf([permit('open', { requires: { impact: false } })], {
    aliases: [{ document: { apiVersion: 'exeat.dev/v1', kind: 'Aliases', metadata: { name: 'a' }, spec: { controls: [['trivy/CVE-2021-44228', 'trivy/GHSA-jfh8']] } }, digest: '0'.repeat(64), origin: { file: 'a', line: 1, column: 1 } }],
  })
  expect(outcomes({ set, findings: [finding({ rule: 'GHSA-jfh8' })] })).toEqual(['excused'])
  expect(outcomes({ findings: [finding({ rule: 'GHSA-jfh8', aliases: ['CVE-2021-44228'] })], now: noon })).toEqual(['blocked'])
})
