import { describe, expect, test } from 'vitest'
import { decide } from '../../src/decide/index.ts'
import { fingerprints } from '../../src/finding/index.ts'
import type { ActiveOptOut, EndedOptOut, Facts, Instant, NearMiss, OptOutSet, RefusedOptOut, TermRefusal, WayOut } from '../../src/model/index.ts'
import { at, forbid, nobody, permit, setOf, strict, workspace } from '../policy/build.ts'
import type { OptOutPart } from '../policy/build.ts'
import { finding, noon, open, run, sha256, staging, stands } from './build.ts'

const hour = 3_600_000
const window = (from: number, until: number): OptOutPart => ({ window: { from: (noon + from) as Instant, until: (noon + until) as Instant } })
const active = (name: string, part: OptOutPart = {}, impact: ReadonlySet<string> | null = null): ActiveOptOut => ({ ...stands({ name, ...part }, impact), met: nobody })
const ended = (name: string, state: EndedOptOut['ended']['state'], part: OptOutPart = {}, when = at('2026-11-23T09:00:00Z')): EndedOptOut => ({ ...stands({ name, ...part }), ended: { state, at: when } })
const because: readonly TermRefusal[] = [{ code: 'TICKET_REQUIRED', term: 'requires.ticket', message: 'no ticket', policies: ['open'] }]
const refused = (name: string, part: OptOutPart = {}): RefusedOptOut => ({ ...stands({ name, ...part }), because })

type Given = Partial<OptOutSet> & { readonly set?: ReturnType<typeof open>; readonly facts?: Facts; readonly findings?: readonly ReturnType<typeof finding>[]; readonly now?: Instant }
const decided = ({ active = [], ended = [], refused = [], set = open(), facts = staging, findings = [finding()], now = noon }: Given) =>
  decide(set, { active, ended, refused }, findings, facts, now, { sha256 })
const nearest = (given: Given, index = 0): readonly NearMiss[] => decided(given)[index]?.nearest ?? []
const names = (given: Given, index = 0): readonly string[] => nearest(given, index).map(({ optOut }) => optOut)
const reason = (given: Given, index = 0): NearMiss['reason'] | undefined => nearest(given, index)[0]?.reason
const wayOut = (given: Given): WayOut | undefined => decided(given)[0]?.wayOut

describe('what each opt-out missed', () => {
  test('its time: before, at and after, whatever the set says that it is', () => {
    const { window: late } = window(hour, 2 * hour)
    const { window: early } = window(-2 * hour, -hour)
    expect(reason({ active: [active('a', window(hour, 2 * hour))] })).toEqual({ code: 'OPTOUT_NOT_YET', optOut: 'a', from: late?.from })
    expect(reason({ active: [active('a', window(-2 * hour, -hour))] })).toEqual({ code: 'OPTOUT_LAPSED', optOut: 'a', until: early?.until })
    expect(reason({ ended: [ended('a', 'lapsed', window(-2 * hour, -hour))] })).toEqual({ code: 'OPTOUT_LAPSED', optOut: 'a', until: early?.until })
    expect(reason({ refused: [refused('a', window(hour, 2 * hour))] })).toMatchObject({ code: 'OPTOUT_NOT_YET' })
    expect(reason({ refused: [refused('a', window(-2 * hour, -hour))] })).toMatchObject({ code: 'OPTOUT_LAPSED' })
  })

  test('it ended before its time', () => {
    const when = at('2026-11-23T09:00:00Z')
    for (const state of ['revoked', 'exhausted'] as const) expect(reason({ ended: [ended('a', state)] })).toEqual({ code: 'OPTOUT_ENDED', optOut: 'a', state, at: when })
    expect(reason({ ended: [ended('a', 'lapsed')] })).toMatchObject({ code: 'OPTOUT_LAPSED' })
    expect(reason({ ended: [ended('a', 'lapsed', window(hour, 2 * hour))] })).toMatchObject({ code: 'OPTOUT_LAPSED' })
  })

  test('its terms, as the trust mode refused them or as they are now', () => {
    expect(reason({ refused: [refused('a')] })).toEqual({ code: 'OPTOUT_REFUSED', optOut: 'a', because })
    expect(reason({ active: [active('a')], set: setOf([]) })).toMatchObject({ code: 'POLICY_TIGHTENED', optOut: 'a', because: [{ code: 'NOT_PERMITTED' }] })
    const tightened = setOf([permit('open', { requires: { impact: false, ticket: '^INC' }, conditions: [{ at: 'decide', expression: 'false', message: 'never' }] })])
    expect(reason({ active: [active('a')], set: tightened })).toMatchObject({ code: 'POLICY_TIGHTENED', because: [{ code: 'TICKET_REQUIRED' }, { code: 'CONDITION_FALSE' }] })
  })

  test('its impact, and its ceiling', () => {
    const findings = [1, 2, 3].map((line) => finding({ line }))
    const print = fingerprints(findings, '1', sha256)
    const set = setOf([permit('open')])
    expect(reason({ set, findings, active: [active('a', {}, new Set([print(0)]))] }, 1)).toEqual({ code: 'OPTOUT_NOT_IN_IMPACT', optOut: 'a' })
    const impact = new Set([0, 1, 2].map(print))
    const answers = decided({ set, findings, active: [active('a', { limits: { findings: 2 } }, impact)] })
    expect(answers.map(({ outcome }) => outcome).sort()).toEqual(['blocked', 'excused', 'excused'])
    expect(answers.find(({ outcome }) => outcome === 'blocked')?.reasons).toEqual([{ code: 'OPTOUT_OVER_LIMIT', optOut: 'a', limit: 2, matches: 3 }])
  })

  test('the first key in the order of documents, both sides as written', () => {
    const image = (digit: string): string => `sha256:${digit.repeat(64)}`
    const targets = { repositories: ['acme/payments'], environments: ['staging'], paths: ['lib/**'], resources: ['pkg:npm/*'], images: [image('1')], fingerprints: ['f'.repeat(64)] }
    const own = finding({ resource: 'pkg:maven/x', image: image('2') })
    const miss = (part: Partial<typeof targets>) => reason({ findings: [own], active: [active('a', { targets: { ...targets, ...part } })] })
    const right = { paths: ['services/**'], resources: ['pkg:maven/*'], images: [image('2')] }
    expect(miss({ environments: ['test'] })).toEqual({ code: 'OPTOUT_OTHER_TARGET', optOut: 'a', key: 'environments', expected: ['test'], actual: 'staging' })
    expect(miss({ repositories: ['acme/nowhere'], environments: ['test'] })).toEqual({ code: 'OPTOUT_OTHER_TARGET', optOut: 'a', key: 'repositories', expected: ['acme/nowhere'], actual: 'acme/payments' })
    expect(miss({})).toEqual({ code: 'OPTOUT_OTHER_TARGET', optOut: 'a', key: 'paths', expected: ['lib/**'], actual: 'services/ledger/pom.xml' })
    expect(miss({ paths: right.paths })).toEqual({ code: 'OPTOUT_OTHER_TARGET', optOut: 'a', key: 'resources', expected: ['pkg:npm/*'], actual: 'pkg:maven/x' })
    expect(miss({ paths: right.paths, resources: right.resources })).toEqual({ code: 'OPTOUT_OTHER_TARGET', optOut: 'a', key: 'images', expected: [image('1')], actual: image('2') })
    expect(miss(right)).toEqual({ code: 'OPTOUT_OTHER_TARGET', optOut: 'a', key: 'fingerprints', expected: ['f'.repeat(64)], actual: fingerprints([own], '1', sha256)(0) })
  })

  test('a fact that nobody tells is missed, one that is only claimed is unproven', () => {
    const { environment: _, repository: __, ...nothing } = staging
    const anywhere = active('a', { targets: { environments: ['canary'] } })
    const claimed: Facts = { ...staging, environment: { value: 'canary', provenance: 'asserted', from: 'test' } }
    expect(reason({ facts: claimed, active: [anywhere] })).toEqual({ code: 'FACT_UNPROVEN', optOut: 'a', fact: 'environment' })
    expect(reason({ facts: nothing, active: [anywhere] })).toEqual({ code: 'OPTOUT_OTHER_TARGET', optOut: 'a', key: 'environments', expected: ['canary'] })
    const homed = active('a', { targets: { repositories: ['acme/payments'] } })
    expect(reason({ facts: nothing, active: [homed] })).toEqual({ code: 'OPTOUT_OTHER_TARGET', optOut: 'a', key: 'repositories', expected: ['acme/payments'] })
    expect(reason({ facts: claimed, active: [active('a', { targets: { paths: ['lib'] } })] })).toMatchObject({ code: 'OPTOUT_OTHER_TARGET', key: 'paths' })
  })

  test('each miss names the document and where it stands', () => {
    expect(nearest({ refused: [refused('a')] })).toEqual([{ optOut: 'a', origin: { file: '.exeat/opt-outs.yaml', line: 1, column: 1 }, reason: { code: 'OPTOUT_REFUSED', optOut: 'a', because } }])
  })
})

describe('the nearest first', () => {
  test('what missed fewer targets, whatever it missed', () => {
    expect(names({ active: [
      active('three', { targets: { environments: ['test'], paths: ['lib'], resources: ['x'] } }), active('one', { targets: { repositories: ['acme/nowhere'] } }), active('two', { targets: { paths: ['lib'], resources: ['x'] } }),
    ] })).toEqual(['one', 'two', 'three'])
    expect(names({ active: [active('target', { targets: { paths: ['lib'] } })], refused: [refused('terms')] })).toEqual(['terms', 'target'])
  })

  test('of those in scope: the ceiling, the impact, then lapsed, not yet, ended, tightened, refused', () => {
    const findings = [finding(), finding({ line: 2 })]
    const print = fingerprints(findings, '1', sha256)
    const set = setOf([permit('open')])
    const lapsed = active('lapsed', window(-3 * hour, -2 * hour))
    const later = active('later', window(2 * hour, 3 * hour))
    const over = active('over', { limits: { findings: 1 } }, new Set([print(0), print(1)]))
    const besides = active('besides', {}, new Set())
    const gone = ended('gone', 'revoked')
    const tightened = active('tightened')
    const kept = refused('kept')
    const blocked = decided({ set, findings, active: [over] }).findIndex(({ outcome }) => outcome === 'blocked')
    const pair = (one: Given, other: Given): readonly string[] => names({
      set, findings, active: [...one.active ?? [], ...other.active ?? []], ended: [...one.ended ?? [], ...other.ended ?? []], refused: [...one.refused ?? [], ...other.refused ?? []],
    }, blocked)
    const order: readonly (readonly [string, Given])[] = [
      ['over', { active: [over] }], ['besides', { active: [besides] }], ['lapsed', { active: [lapsed] }], ['later', { active: [later] }],
      ['gone', { ended: [gone] }], ['tightened', { active: [tightened] }], ['kept', { refused: [kept] }],
    ]
    for (const [index, [name, given]] of order.entries()) {
      for (const [further, other] of order.slice(index + 1)) {
        expect(pair(given, other)).toEqual([name, further])
        expect(pair(other, given)).toEqual([name, further])
      }
    }
  })

  test('of those that missed one target: fingerprint, path, resource, image, environment, repository', () => {
    const part = (targets: NonNullable<OptOutPart['targets']>): OptOutPart => ({ targets })
    const order = [
      active('f', part({ fingerprints: ['f'.repeat(64)] })), active('e', part({ paths: ['lib'] })), active('d', part({ resources: ['x'] })),
      active('c', part({ images: [`sha256:${'1'.repeat(64)}`] })), active('b', part({ environments: ['test'] })), active('a', part({ repositories: ['acme/nowhere'] })),
    ]
    for (const [index, near] of order.entries()) {
      for (const far of order.slice(index + 1)) expect(names({ active: [far, near] })).toEqual([near.document.metadata.name, far.document.metadata.name])
    }
  })

  test('of the same kind: the smaller distance in time, then the name', () => {
    expect(names({ active: [active('a', window(-9 * hour, -3 * hour)), active('c', window(-9 * hour, -hour)), active('b', window(-9 * hour, -2 * hour))] })).toEqual(['c', 'b', 'a'])
    expect(names({ active: [active('a', window(3 * hour, 9 * hour)), active('c', window(hour, 9 * hour)), active('b', window(2 * hour, 9 * hour))] })).toEqual(['c', 'b', 'a'])
    expect(names({ active: ['c', 'a', 'b'].map((name) => active(name, window(-2 * hour, -hour))) })).toEqual(['a', 'b', 'c'])
    expect(names({ refused: [refused('b', window(-9 * hour, hour)), refused('a', window(-hour, 9 * hour))] })).toEqual(['a', 'b'])
  })

  test('by name also where one names the control and the other a pattern', () => {
    expect(names({ refused: [refused('b'), refused('a', { controls: ['trivy/CVE-*'] }), refused('c', { controls: ['trivy/*'] })] })).toEqual(['a', 'b', 'c'])
  })

  test('sixty-four are looked at, those that name the control before those that name a pattern', () => {
    const far = (count: number) => Array.from({ length: count }, (_, index) => refused(`far-${index}`, { targets: { environments: ['test'], paths: ['lib'], resources: ['x'] } }))
    const near = refused('near', { controls: ['trivy/CVE-*'] })
    expect(names({ refused: [near, ...far(63)] })[0]).toBe('near')
    expect(names({ refused: [near, ...far(64)] })).not.toContain('near')
  })

  test('a path pattern that stops at a slash is missed as a path', () => {
    expect(reason({ active: [active('a', { targets: { environments: ['staging'], paths: ['services/*'] } })] })).toEqual({
      code: 'OPTOUT_OTHER_TARGET', optOut: 'a', key: 'paths', expected: ['services/*'], actual: 'services/ledger/pom.xml',
    })
  })

  test('three at most, of any number', () => {
    expect(names({ refused: ['d', 'c', 'b', 'a'].map((name) => refused(name)) })).toEqual(['a', 'b', 'c'])
    const many = Array.from({ length: 300 }, (_, index) => refused(`n-${String(300 - index).padStart(3, '0')}`))
    expect(names({ refused: many })).toEqual(['n-001', 'n-002', 'n-003'])
  })

  test('none that names another control', () => {
    expect(decided({ active: [active('a', { controls: ['trivy/CVE-1', 'grype/*'] })] })[0]).toMatchObject({ outcome: 'blocked', reasons: [{ code: 'NO_OPTOUT' }], nearest: [] })
  })
})

describe('the way out', () => {
  test('possible: who may ask, how many of whom approve, who activates, for how long, by which policies', () => {
    const approve = [{ groups: ['security', 'sre'], count: 2 }, { groups: ['owners'], count: 1 }]
    const set = setOf([strict('people', { environments: ['staging'], approve, request: { groups: ['b', 'a'] } }), permit('open', { limits: { duration: (36 * hour) as never } })])
    expect(wayOut({ set })).toEqual({
      possible: true, request: 'a or b', approve: '1 of owners and 2 of security or sre', activate: 'engineering or sre', maxDuration: '36h', policies: ['open', 'people'],
      command: 'exeat explain trivy/CVE-2021-44228 --env staging --severity high',
    })
    expect(wayOut({ set: open() })).toEqual({
      possible: true, request: 'anyone', approve: 'nobody needs to', activate: 'anyone', maxDuration: '14d', policies: ['open'],
      command: 'exeat explain trivy/CVE-2021-44228 --env staging --severity high',
    })
  })

  test('not possible: by what, and the command that shows it', () => {
    expect(wayOut({ set: setOf([permit('open'), forbid('never', { message: 'patch it' })]) })).toEqual({
      possible: false, policies: ['never'], command: 'exeat explain trivy/CVE-2021-44228 --env staging --severity high',
      because: expect.objectContaining({ code: 'FORBIDDEN', message: '`never` forbids opting out of `trivy/CVE-2021-44228` in `staging`: patch it' }),
    })
  })

  test('an unknown tool has none', () => {
    expect(decided({ findings: [finding({ tool: 'homemade' })], active: [active('a', { controls: ['homemade/*'] })] })[0]).toMatchObject({
      reasons: [{ code: 'TOOL_UNKNOWN', tool: 'homemade' }], nearest: [],
      wayOut: { possible: false, policies: [], because: { code: 'NOT_PERMITTED', term: 'controls', policies: [], message: '`homemade` is no tool that Exeat knows', hint: 'fix the finding, or leave the report out of the gate' } },
    })
    expect(wayOut({ findings: [finding({ tool: 'homemade' })] })).not.toHaveProperty('command')
  })

  test('the command says what is known and no more', () => {
    const { environment: _, ...nowhere } = staging
    const { severity: __, ...unrated } = finding()
    expect(wayOut({ facts: nowhere })?.command).toBe('exeat explain trivy/CVE-2021-44228 --severity high')
    expect(wayOut({ findings: [unrated] })?.command).toBe('exeat explain trivy/CVE-2021-44228 --env staging')
    expect(wayOut({ facts: { ...staging, environment: { value: 'canary', provenance: 'asserted', from: 'test' } } })?.command).toBe('exeat explain trivy/CVE-2021-44228 --severity high')
  })

  test('the command is one word a word for any shell', () => {
    const command = (rule: string): string | undefined => wayOut({ findings: [finding({ rule })] })?.command
    for (const rule of ['CVE-1', 'a.b_c', 'a/b:c', '@s/x', 'a%b+c=d,e']) expect(command(rule)).toBe(`exeat explain trivy/${rule} --env staging --severity high`)
    for (const rule of ['a b', 'a$(x)', 'a`x`', 'a;x', 'a&x', 'a|x', 'a*', 'a?', '!x', '"x"', '\\x', 'a\nb', 'é', '']) {
      const word = rule === '' ? 'trivy/' : `'trivy/${rule}'`
      expect(command(rule)).toBe(`exeat explain ${word} --env staging --severity high`)
    }
    expect(command("it's 'x'")).toBe(`exeat explain 'trivy/it'\\''s '\\''x'\\''' --env staging --severity high`)
    const spaced = workspace({ environments: [{ name: 'pre prod', proof: 'asserted' }] })
    expect(wayOut({ set: setOf([], { workspace: spaced }), facts: { ...staging, environment: { value: 'pre prod', provenance: 'asserted', from: 'test' } } })?.command)
      .toBe("exeat explain trivy/CVE-2021-44228 --env 'pre prod' --severity high")
  })

  test('each severity and each control has its own', () => {
    const set = setOf([permit('low', { severities: ['low'] }), permit('one', { controls: ['trivy/CVE-1'] })])
    const answers = decided({ set, findings: [finding({ severity: 'low' }), finding(), finding({ rule: 'CVE-1' }), finding({ line: 2 })] })
    expect(answers.map(({ wayOut }) => wayOut?.policies)).toEqual([['low'], [], ['one'], []])
    expect(answers[3]?.wayOut).toBe(answers[1]?.wayOut)
  })
})

test('what passed or is excused carries no explanation', () => {
  const set = setOf([permit('open', { requires: { impact: false } })], { workspace: workspace({ gates: [{ thresholds: [{ severity: 'high' }] }] }) })
  const [passed, excused] = run({ set, findings: [finding({ severity: 'low' }), finding()] })
  for (const decision of [passed, excused]) {
    expect(decision?.nearest).toEqual([])
    expect(decision).not.toHaveProperty('wayOut')
  }
  expect(passed).not.toHaveProperty('optOut')
})
