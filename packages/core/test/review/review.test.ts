import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { documentDigest } from '../../src/digest/index.ts'
import type { StandingOptOut } from '../../src/model/index.ts'
import type { PlacedPolicy } from '../../src/policy/validate.ts'
import { effectsOf, review, type ReviewGiven, type ReviewSide } from '../../src/review/index.ts'
import { at, lasting, optOut, type OptOutPart, permit, setOf, workspace } from '../policy/build.ts'

const sha256 = (bytes: Uint8Array): Uint8Array => createHash('sha256').update(bytes).digest()
const now = at('2026-11-22T12:00:00Z')
const log = { origin: 'log.acme.example', keys: ['k'] } as never

const standing = (part: OptOutPart): StandingOptOut => {
  const document = optOut(part)
  const digest = documentDigest(document, sha256)
  return { document, digest, uid: digest, origin: { file: `.exeat/${document.metadata.name}.yaml`, line: 1, column: 1 } }
}
const open = permit('open', { limits: { duration: lasting('60d'), findings: 10 }, requires: { impact: false } })
const side = (optOuts: readonly OptOutPart[], policies: readonly PlacedPolicy[] = [open], spec: Parameters<typeof workspace>[0] = {}): ReviewSide => {
  const placed = workspace(spec)
  return {
    workspace: { document: placed.document, digest: JSON.stringify(placed.document.spec) }, optOuts: optOuts.map(standing), aliases: [],
    policies: policies.map((each) => ({ document: each.document, digest: JSON.stringify(each.document.spec), origin: each.origin })), policySet: setOf(policies, { workspace: placed }),
  }
}
const reviewed = (before: ReviewSide, after: ReviewSide, more: Partial<ReviewGiven> = {}) =>
  review({ base: before, from: before, head: after, guarded: [], aliasesChanged: false, involved: [], approvals: [], now, ...more })
const codes = (given: ReturnType<typeof reviewed>) => given.optOuts.flatMap(({ problems }) => problems.map(({ code }) => code))

describe('a review', () => {
  test('of the same is of nothing', () => {
    expect(reviewed(side([{ name: 'one' }]), side([{ name: 'one' }]))).toMatchObject({ outcome: 'allowed', optOuts: [], policies: [], problems: [], warnings: [] })
  })
  test('where a log has the names, another content under one is refused', () => {
    const spec = { log }
    expect(codes(reviewed(side([{ name: 'one' }], [open], spec), side([{ name: 'one', reason: 'Another' }], [open], spec)))).toContain('REVIEW_NAME')
    expect(codes(reviewed(side([{ name: 'one' }]), side([{ name: 'one', reason: 'Another' }])))).toEqual([])
  })
  test('attack-17: another impact beside the same document is another opt-out: more findings widen it, fewer narrow it', () => {
    const withImpact = (...impact: readonly string[]): ReviewSide => ({ ...side([{ name: 'one' }]), optOuts: [{ ...standing({ name: 'one' }), ...(impact.length === 0 ? {} : { impact: new Set(impact) }) }] })
    const told = (before: ReviewSide, after: ReviewSide) => reviewed(before, after).optOuts.map(({ change, effects }) => [change, effects])
    expect(told(withImpact('a'), withImpact('a', 'b'))).toEqual([['changed', ['widened']]])
    expect(told(withImpact('a', 'b'), withImpact('a'))).toEqual([['changed', ['narrowed']]])
    expect(told(withImpact('a'), withImpact('b'))).toEqual([['changed', ['widened']]])
    expect(told(withImpact(), withImpact('a'))).toEqual([['changed', ['widened']]])
    expect(told(withImpact('a'), withImpact('a'))).toEqual([])
  })
  test('renewals are counted along the branch, declared or not, and never beyond what the terms allow', () => {
    const window = (day: number) => ({ from: at(`2026-11-${day}T00:00:00Z`), until: at(`2026-11-${day + 3}T00:00:00Z`) })
    const chain = [10, 13, 16].map((day, i) => ({ name: `r-${i}`, reason: `Because ${i}`, window: window(day) }))
    const next = { name: 'r-3', reason: 'Because of something else', window: { from: now, until: at('2026-11-24T00:00:00Z') } }
    const capped = (renewals: number) => [permit('open', { limits: { duration: lasting('60d'), findings: 10, renewals }, requires: { impact: false } })]
    const spec = { log }
    expect(reviewed(side(chain, capped(3), spec), side([...chain, next], capped(3), spec)).optOuts).toMatchObject([{ renewal: 3, problems: [] }])
    expect(codes(reviewed(side(chain, capped(2), spec), side([...chain, next], capped(2), spec)))).toContain('REVIEW_CONTINUES')
    expect(codes(reviewed(side(chain, capped(3), spec), side([...chain, { ...next, reason: 'because  1!' }], capped(3), spec)))).toContain('REVIEW_CONTINUES')
  })
  test('a budget counts those that are still to come', () => {
    const capped = [permit('open', { limits: { duration: lasting('60d'), findings: 10, active: 2 }, requires: { impact: false } })]
    const three = ['a', 'b', 'c'].map((name, i) => ({ name, controls: [`trivy/CVE-${i}`] }))
    expect(codes(reviewed(side(three.slice(0, 2), capped, { log }), side(three, capped, { log })))).toEqual(['REVIEW_BUDGET'])
    expect(codes(reviewed(side(three.slice(0, 1), capped, { log }), side(three.slice(0, 2), capped, { log })))).toEqual([])
  })
  test('says the same in whatever order documents and approvals come', () => {
    const parts = ['a', 'b', 'c', 'd'].map((name, i) => ({ name, controls: [`trivy/CVE-${i % 2}`], reason: `Because ${name}` }))
    const people = ['ann', 'ben'].map((sub) => ({ by: { iss: 'git', sub }, groups: ['security'] }))
    const told = (order: readonly OptOutPart[], approvals = people) => {
      const { optOuts, ...rest } = reviewed(side([]), side(order), { approvals })
      return { ...rest, counted: rest.counted.map(({ sub }) => sub).sort(), optOuts: optOuts.map((each) => ({ ...each, warnings: each.warnings.map(({ code }) => code) })) }
    }
    fc.assert(fc.property(fc.shuffledSubarray(parts, { minLength: 4 }), (order) => { expect(told(order, [...people].reverse())).toEqual(told(parts)) }), { numRuns: 24 })
  })
})

describe('what became of an opt-out', () => {
  const lists = fc.uniqueArray(fc.constantFrom('a', 'b', 'c', 'a/**', '*'), { minLength: 1, maxLength: 3 })
  const part = fc.record({
    controls: fc.uniqueArray(fc.constantFrom('trivy/a', 'trivy/b', 'trivy/*'), { minLength: 1 }), paths: fc.option(lists, { nil: undefined }), repositories: fc.option(fc.uniqueArray(fc.constantFrom('x', 'y'), { minLength: 1 }), { nil: undefined }),
  }).map(({ controls, paths, repositories }) => optOut({ controls, targets: { ...(paths === undefined ? {} : { paths }), ...(repositories === undefined ? {} : { repositories }) } }))
  test('nothing, where it is the same; and never both less and more of one thing', () => {
    fc.assert(fc.property(part, (one) => { expect(effectsOf(one, one)).toEqual(['reworded']) }))
    fc.assert(fc.property(part, part, (a, b) => {
      const [there, back] = [effectsOf(a, b), effectsOf(b, a)]
      // What one way is narrower is wider the other way, and never narrower both ways.
      if (there.includes('narrowed')) expect(back).toContain('widened')
    }), { numRuns: 300 })
  })
})

describe('approvals', () => {
  const wanted = (count: number) => permit('open', { limits: { duration: lasting('60d'), findings: 10 }, requires: { impact: false }, approve: [{ groups: ['security'], count }] })
  const by = (sub: string, more: object = {}, iss = 'git') => ({ by: { iss, sub }, groups: ['security'], ...more })
  const told = (count: number, approvals: ReviewGiven['approvals'], names: readonly string[] = ['one', 'two']) =>
    reviewed(side([], [wanted(count)]), side(names.map((name) => ({ name })), [wanted(count)]), { approvals })
  const uid = (name: string) => standing({ name }).uid

  test('of one opt-out are none of another, nor of what governs', () => {
    expect(told(1, [by('ben', { of: uid('one') })]).optOuts.map(({ name, met }) => [name, met])).toEqual([['one', true], ['two', false]])
    expect(told(1, [by('ben', { of: 'governance' })]).optOuts.map(({ met }) => met)).toEqual([false, false])
    expect(told(1, [by('ben')])).toMatchObject({ outcome: 'allowed' })
  })
  test('of two issuers do not add up: they may be one person', () => {
    expect(told(2, [by('ben'), by('7', {}, 'https://github.com')], ['one'])).toMatchObject({ outcome: 'waiting' })
    expect(told(2, [by('ben'), by('7', {}, 'https://github.com'), by('cleo')], ['one'])).toMatchObject({ outcome: 'allowed' })
  })
  test('of two issuers add up where the workspace lists who is who, and one person\'s never', () => {
    const people = [{ label: 'Ben', identities: [{ iss: 'git', sub: 'ben' }, { iss: 'https://github.com', sub: '7' }] }, { label: 'Cleo', identities: [{ iss: 'git', sub: 'cleo' }, { iss: 'https://github.com', sub: '8' }] }]
    const listed = (approvals: ReturnType<typeof by>[], involved: readonly { iss: string; sub: string }[] = []) => {
      const before = side([], [wanted(2)], { identity: { people } })
      return reviewed(before, side([{ name: 'one' }], [wanted(2)], { identity: { people } }), { approvals, involved }).outcome
    }
    expect(listed([by('ben'), by('8', {}, 'https://github.com')])).toBe('allowed')
    expect(listed([by('ben'), by('7', {}, 'https://github.com')])).toBe('waiting')
    expect(listed([by('ben'), by('9', {}, 'https://github.com')])).toBe('allowed')
    // Nobody says that the one at GitLab is not Ben.
    expect(listed([by('ben'), by('9', {}, 'https://gitlab.example')])).toBe('waiting')
    expect(listed([by('ben'), by('8', {}, 'https://github.com')], [{ iss: 'git', sub: 'Cleo' }])).toBe('waiting')
  })
  test('never fill more than the same people\'s of all of it, and nobody\'s twice', () => {
    const approval = fc.record({ sub: fc.constantFrom('ben', 'BEN', 'cleo', 'dora'), iss: fc.constantFrom('git', 'https://github.com'), of: fc.constantFrom(undefined, 'governance', uid('one'), uid('two')) })
    fc.assert(fc.property(fc.array(approval, { maxLength: 6 }), fc.integer({ min: 1, max: 3 }), (given, count) => {
      const part = given.map(({ sub, iss, of }) => by(sub, of === undefined ? {} : { of }, iss))
      const whole = given.map(({ sub, iss }) => by(sub, {}, iss))
      const [some, all] = [told(count, part), told(count, whole)]
      const people = Math.max(0, ...['git', 'https://github.com'].map((issuer) => new Set(given.filter(({ iss }) => iss === issuer).map(({ sub }) => sub.toLowerCase())).size))
      expect(all.optOuts.every(({ met }) => met)).toBe(people >= count)
      for (const [index, { met }] of some.optOuts.entries()) if (met) expect(all.optOuts[index]?.met).toBe(true)
    }))
  })
})
