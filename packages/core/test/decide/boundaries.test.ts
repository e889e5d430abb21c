/** Where a decision turns, one step to either side. */
import { describe, expect, test } from 'vitest'
import { grantedMatches } from '../../src/decide/ceiling.ts'
import { decide, judgeReports } from '../../src/decide/index.ts'
import { rememberedCandidates } from '../../src/decide/candidates.ts'
import { entriesOf } from '../../src/decide/entry.ts'
import { indexControls } from '../../src/decide/index-controls.ts'
import { fingerprints } from '../../src/finding/index.ts'
import type { ActiveOptOut, Facts, Finding, Severity } from '../../src/model/index.ts'
import { forbid, nobody, permit, setOf, workspace } from '../policy/build.ts'
import type { PolicySet } from '../../src/policy/types.ts'
import type { OptOutPart } from '../policy/build.ts'
import { finding, noon, open, outcomes, run, sha256, staging, stands } from './build.ts'

const active = (part: OptOutPart = {}, impact: ReadonlySet<string> | null = null): ActiveOptOut => ({ ...stands(part, impact), met: nobody })
const withoutLimits = (optOut: ActiveOptOut): ActiveOptOut => {
  const { limits: _, ...spec } = optOut.document.spec
  return { ...optOut, document: { ...optOut.document, spec } }
}
const excusedBy = (optOuts: readonly ActiveOptOut[], findings: readonly Finding[], facts: Facts = staging, set = open()): readonly (string | undefined)[] =>
  decide(set, { active: optOuts, ended: [], refused: [] }, findings, facts, noon, { sha256 }).map(({ optOut }) => optOut?.name)

describe('the ceiling on findings', () => {
  const granted = (optOut: ActiveOptOut, matches: readonly number[], prints: string): readonly number[] => {
    const [entry] = entriesOf({ active: [optOut], ended: [], refused: [] }, workspace().document)
    return entry === undefined ? [] : [...grantedMatches(entry, matches, (index) => prints[index] ?? '')].sort()
  }

  test('all within it, or where there is none', () => {
    expect(granted(active({ limits: { findings: 3 } }), [0, 1, 2], 'cba')).toEqual([0, 1, 2])
    expect(granted(active({ limits: {} }), [0, 1, 2], 'cba')).toEqual([0, 1, 2])
    expect(granted(withoutLimits(active()), [0, 1, 2], 'cba')).toEqual([0, 1, 2])
    expect(granted(active({ limits: {} }, new Set(['a'])), [0, 1, 2], 'cba')).toEqual([0, 1, 2])
  })

  test('none beyond it without an impact', () => {
    expect(granted(active({ limits: { findings: 2 } }), [0, 1, 2], 'cba')).toEqual([])
  })

  test('with an impact the approved, then in the order of fingerprints, whatever the order of findings', () => {
    const two = (approved: string, prints: string): string => granted(active({ limits: { findings: 2 } }, new Set(approved)), [0, 1, 2, 3], prints).map((index) => prints[index]).sort().join('')
    for (const prints of ['abcd', 'dcba', 'bdac', 'cadb']) {
      expect([two('', prints), two('d', prints), two('cd', prints), two('bcd', prints), two('abcd', prints)]).toEqual(['ab', 'ad', 'cd', 'bc', 'ab'])
    }
  })
})

describe('who is named', () => {
  const longer: OptOutPart = { window: { from: stands().document.spec.window.from, until: (stands().document.spec.window.until + 1) as never } }
  const first = finding({ path: 'a' })
  const second = finding({ path: 'b' })
  const b = (part: OptOutPart = {}) => active({ name: 'b', ...part })
  const a = (part: OptOutPart = {}) => active({ name: 'a', targets: { environments: ['staging'], paths: ['b'] }, ...part })

  test('the one that lasts longest, else the first by name, whichever was met first', () => {
    expect(excusedBy([b(), a()], [first, second])).toEqual(['b', 'a'])
    expect(excusedBy([b(longer), a()], [first, second])).toEqual(['b', 'b'])
    expect(excusedBy([b(), a(longer)], [first, second])).toEqual(['b', 'a'])
  })

  test('with its ticket where it has one, its reason, and what it rests on', () => {
    const whole = { ...active({ ticket: 'INC-1' }), met: { ...nobody, evidence: 'user-signed' as const } }
    const [decision, other] = decide(open(), { active: [whole], ended: [], refused: [] }, [finding(), finding({ line: 2 })], staging, noon, { sha256 })
    const { until } = whole.document.spec.window
    expect(decision).toStrictEqual({
      finding: finding(), control: 'trivy/CVE-2021-44228', outcome: 'excused', nearest: [], reasons: [{ code: 'OPTOUT_APPLIES', optOut: 'hotfix', until }],
      optOut: {
        name: 'hotfix', uid: whole.uid, until, category: 'waiver', reason: 'The fix breaks start-up', owner: 'alice@acme.example', ticket: 'INC-1', evidence: 'user-signed',
        origin: { file: '.exeat/opt-outs.yaml', line: 1, column: 1 },
      },
    })
    expect(other?.optOut).toBe(decision?.optOut)
    expect(run()[0]?.optOut).not.toHaveProperty('ticket')
  })
})

describe('an unknown tool', () => {
  test('is excused by nobody, not even where a policy covers every control', () => {
    const set = setOf([permit('all', { controls: ['*'], wildcards: true, requires: { impact: false } })])
    for (const tool of ['homemade', 'Trivy', 'trivy ', '', '__proto__', 'constructor']) {
      for (const controls of [['*'], [`${tool}/CVE-2021-44228`]]) {
        const [decision] = decide(set, { active: [active({ controls })], ended: [], refused: [] }, [finding({ tool })], staging, noon, { sha256 })
        expect(decision).toMatchObject({ outcome: 'blocked', reasons: [{ code: 'TOOL_UNKNOWN', tool }] })
      }
    }
    expect(excusedBy([active({ controls: ['trivy/*'] })], [finding()], staging, set)).toEqual(['hotfix'])
  })
})

describe('a threshold', () => {
  const passing = (severity: string | undefined, threshold: string | undefined): string | undefined => {
    const { severity: _, ...unrated } = finding()
    const set = { ...setOf([]), threshold: () => threshold as Severity | undefined }
    return decide(set, { active: [], ended: [], refused: [] }, [severity === undefined ? unrated : { ...unrated, severity: severity as Severity }], staging, noon, { sha256 })[0]?.outcome
  }

  test('lets pass what is below it and nothing that cannot be compared', () => {
    expect([passing('high', 'critical'), passing('critical', 'critical'), passing('info', 'low'), passing('info', 'info')]).toEqual(['passed', 'blocked', 'passed', 'blocked'])
    for (const [severity, threshold] of [[undefined, 'critical'], ['low', undefined], [undefined, undefined], ['none', 'critical'], ['low', 'none'], ['none', 'none'], ['__proto__', 'high']] as const) {
      expect([severity, threshold, passing(severity, threshold)]).toEqual([severity, threshold, 'blocked'])
    }
  })

  test('is that of the tool, the repository and the environment as far as they are proven', () => {
    const asked: unknown[] = []
    const set = { ...open(), threshold: (...about: unknown[]) => { asked.push(about); return undefined } }
    const { environment: _, repository: __, ...nothing } = staging
    const claimed: Facts = { ...staging, environment: { value: 'canary', provenance: 'asserted', from: 'test' } }
    for (const facts of [staging, claimed, nothing]) decide(set, { active: [], ended: [], refused: [] }, [finding(), finding({ line: 2 }), finding({ tool: 'grype' })], facts, noon, { sha256 })
    expect(asked).toEqual([['acme/payments', 'staging'], ['acme/payments', undefined], [undefined, undefined]].flatMap((place) => ['trivy', 'grype'].map((tool) => [tool, ...place])))
  })
})

describe('targets', () => {
  test('a fingerprint in a run that knows no repository is one of no repository', () => {
    const { repository: _, ...homeless } = staging
    const print = fingerprints([finding()], '', sha256)(0)
    const own = active({ targets: { paths: ['services/**'], fingerprints: [print] } })
    expect(excusedBy([own], [finding()], homeless)).toEqual(['hotfix'])
    expect(excusedBy([own], [finding()], staging)).toEqual([undefined])
  })

  test('what is no pattern matches nothing', () => {
    for (const part of [{ targets: { environments: ['staging'], paths: ['services/{a'] } }, { targets: { environments: ['staging'], resources: ['{a'] } }, { controls: ['trivy/{a'] }] as OptOutPart[]) {
      expect(excusedBy([active(part)], [finding({ resource: '{a' }), finding({ path: 'services/{a', rule: '{a' })])).toEqual([undefined, undefined])
    }
  })

  test('an opt-out without targets is held by its control alone', () => {
    const whole = active()
    const { targets: _, ...spec } = whole.document.spec
    const bare = { ...whole, document: { ...whole.document, spec } }
    const { path: __, ...nowhere } = finding()
    expect(excusedBy([bare], [finding(), nowhere, finding({ rule: 'CVE-1' })])).toEqual(['hotfix', 'hotfix', undefined])
  })
})

test('an explanation is worked out once, and only when it is read', () => {
  let asked = 0
  const set = { ...open(), termsFor: (...about: Parameters<ReturnType<typeof open>['termsFor']>) => { asked++; return open().termsFor(...about) } }
  const [decision] = decide(set, { active: [], ended: [], refused: [] }, [finding()], staging, noon, { sha256 })
  expect([decision?.outcome, decision?.control, asked]).toEqual(['blocked', 'trivy/CVE-2021-44228', 0])
  expect([decision?.wayOut?.possible, decision?.nearest, decision?.reasons, asked]).toEqual([true, [], [{ code: 'NO_OPTOUT' }], 1])
  expect(JSON.parse(JSON.stringify(decision))).toEqual({
    finding: finding(), control: 'trivy/CVE-2021-44228', outcome: 'blocked', reasons: decision?.reasons, nearest: [], wayOut: decision?.wayOut,
  })
})

test('no findings, no decisions; a workspace without gates blocks no run', () => {
  expect(outcomes({ findings: [] })).toEqual([])
  expect(judgeReports(setOf([]), [{ input: '-', format: 'sarif', tool: 'trivy', completed: true, findings: [], suppressions: [], statements: [] }], staging)).toEqual([])
})

describe('what is worked out once', () => {
  test('the terms of a finding for all its opt-outs, and what an opt-out meets for all its findings', () => {
    const set = open()
    const asked = { termsFor: 0, unmet: 0, conditions: 0 }
    const counting: PolicySet = {
      ...set, termsFor: (subject) => { asked.termsFor++; return set.termsFor(subject) }, unmet: (...given) => { asked.unmet++; return set.unmet(...given) },
      decideConditions: (...given) => { asked.conditions++; return set.decideConditions(...given) },
    }
    const optOuts = [active({ name: 'a' }), active({ name: 'b', limits: { findings: 9 } })]
    const findings = [1, 2, 3].map((line) => finding({ line }))
    expect(excusedBy(optOuts, findings, staging, counting)).toEqual(['a', 'a', 'a'])
    expect(asked).toEqual({ termsFor: 3, unmet: 2, conditions: 0 })
  })

  test('what names a control, until twenty thousand others were asked for', () => {
    const byControl = indexControls(entriesOf({ active: [active({ controls: ['trivy/*'] })], ended: [], refused: [] }, workspace().document), (control) => [control])
    const first = byControl('trivy/x')
    for (let index = 1; index < 20_000; index++) byControl(`trivy/${index}`)
    expect(byControl('trivy/x')).toBe(first)
    byControl('trivy/one-too-many')
    expect(byControl('trivy/x')).not.toBe(first)
    expect(byControl('trivy/x')).toEqual(first)
  })

  test('the candidates of a repository and environment, until sixty-four others were asked for', () => {
    const candidatesIn = rememberedCandidates(() => [])
    const at = (id: number): Facts => ({ ...staging, repository: { value: { name: 'x', id: `${id}` }, provenance: 'verified', from: 'test' } })
    const first = candidatesIn(at(0))
    for (let id = 1; id < 64; id++) candidatesIn(at(id))
    expect(candidatesIn(at(0))).toBe(first)
    candidatesIn(at(64))
    expect(candidatesIn(at(0))).not.toBe(first)
  })
})

test('a source\'s own forbid holds in its repository alone', () => {
  const set = setOf([permit('open', { requires: { impact: false } }), { ...forbid('never'), repository: 'acme/payments' }])
  const elsewhere: Facts = { ...staging, repository: { value: { name: 'acme/shop', id: '2' }, provenance: 'asserted', from: 'test' } }
  const { repository: _, ...homeless } = staging
  expect([staging, elsewhere, homeless].flatMap((facts) => excusedBy([active()], [finding()], facts, set))).toEqual([undefined, 'hotfix', undefined])
})

test('of several resources or images, any one', () => {
  const image = (digit: string): string => `sha256:${digit.repeat(64)}`
  const own = active({ targets: { environments: ['staging'], resources: ['pkg:npm/*', 'pkg:maven/a', 'pkg:maven/b'], images: [image('1'), image('2')] } })
  const at = (resource: string, digit: string): Finding => finding({ resource, image: image(digit) })
  expect(excusedBy([own], [at('pkg:npm/x', '1'), at('pkg:maven/b', '2'), at('pkg:maven/c', '1'), at('pkg:npm/x', '3')])).toEqual(['hotfix', 'hotfix', undefined, undefined])
  expect(excusedBy([own], [at('pkg:npm/%40scope/x@1', '1')])).toEqual(['hotfix'])
})
