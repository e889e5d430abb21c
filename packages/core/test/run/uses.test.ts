/** Uses of a run in log trust: what must be counted is counted before it excuses, and nothing that was not counted excuses. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decide } from '../../src/decide/index.ts'
import { countUses, isProtected, notActive, strangers, summarise, type UseClaim, useOf, weakestEvidence } from '../../src/run/index.ts'
import type { ActiveOptOut, Decision, EvidenceStrength, ExcusedBy, OptOutSet } from '../../src/model/index.ts'
import { finding, noon, open, optOutSet, sha256, staging, stands } from '../decide/build.ts'

const set = open()
const names = ['a', 'b', 'c', 'd'] as const
/** All of one finding: where one excuses nothing, the next one does. */
const whole: OptOutSet = optOutSet({ set, optOuts: names.map((name) => stands({ name })) })
const judge = (optOuts: OptOutSet) => decide(set, optOuts, [finding()], staging, noon, { sha256 })
const nameOf = ({ document }: Pick<ActiveOptOut, 'document'>): string => document.metadata.name

/** Counts those named, refuses the others, and remembers who was asked. */
function counting(counted: readonly string[], silent: readonly string[] = []) {
  const asked: string[] = []
  const claim = async (optOuts: readonly ActiveOptOut[]): Promise<readonly UseClaim[]> => {
    asked.push(...optOuts.map(nameOf))
    return optOuts.filter((each) => !silent.includes(nameOf(each))).map((each) => (counted.includes(nameOf(each)) ? { uid: each.uid, state: 'counted' } : { uid: each.uid, state: 'refused', message: `${nameOf(each)} was refused` }))
  }
  return { asked, claim }
}

describe('countUses', () => {
  test('what is counted excuses, and nothing else is asked for', async () => {
    const { asked, claim } = counting(names)
    const { optOuts, claims, others } = await countUses(whole, { decide: judge, mustCount: () => true, claim })
    expect([asked, optOuts, claims.map(({ state }) => state), others]).toEqual([['a'], whole, ['counted'], []])
  })
  test('where a claim is refused the next one is asked for, each once; the refused say why', async () => {
    const { asked, claim } = counting(['c'])
    const { optOuts } = await countUses(whole, { decide: judge, mustCount: () => true, claim })
    expect(asked).toEqual(['a', 'b', 'c'])
    expect(optOuts.active.map(nameOf)).toEqual(['c', 'd'])
    expect(optOuts.refused.map((each) => [nameOf(each), each.because.map(({ code, term, message }) => [code, term, message])])).toEqual([
      ['a', [['NOT_IN_LOG', 'limits.uses', 'a was refused']]], ['b', [['NOT_IN_LOG', 'limits.uses', 'b was refused']]],
    ])
    expect(judge(optOuts)[0]?.optOut?.name).toBe('c')
  })
  test('what nobody answered for was not counted, and is not asked for again', async () => {
    const { asked, claim } = counting(names, names)
    const { optOuts } = await countUses(whole, { decide: judge, mustCount: () => true, claim })
    expect([asked, optOuts.active]).toEqual([[...names], []])
    expect(optOuts.refused[0]?.because[0]?.message).toBe('its use was not counted')
    expect(judge(optOuts)[0]?.outcome).toBe('blocked')
  })
  test('what needs no claim is told apart', async () => {
    const { asked, claim } = counting([])
    const { optOuts, others } = await countUses(whole, { decide: judge, mustCount: () => false, claim })
    expect([asked, optOuts, others.map(nameOf)]).toEqual([[], whole, ['a']])
  })
  test('whatever is counted, refused or left unanswered, nothing that had to be counted excuses without it', async () => {
    const some = fc.subarray([...names])
    await fc.assert(fc.asyncProperty(some, some, some, async (...drawn) => {
      const [counted, silent, must]: readonly [readonly string[], readonly string[], readonly string[]] = drawn
      const { asked, claim } = counting(counted, silent)
      const { optOuts } = await countUses(whole, { decide: judge, mustCount: (each) => must.includes(nameOf(each)), claim })
      const by = judge(optOuts)[0]?.optOut?.name
      if (by !== undefined && must.includes(by)) expect([counted.includes(by), silent.includes(by), asked.includes(by)]).toEqual([true, false, true])
      expect(new Set(asked).size).toBe(asked.length)
    }), { numRuns: 200, seed: 5 })
  })
})

describe('a run', () => {
  test('is used once for each opt-out, place and commit', () => {
    expect(useOf('f'.repeat(64), staging)).toEqual({ uid: 'f'.repeat(64), point: 'gate/1/staging', subject: `commit:${'a'.repeat(40)}` })
    expect(useOf('f'.repeat(64), {})).toEqual({ uid: 'f'.repeat(64), point: 'gate/-/-', subject: 'commit:unknown' })
  })
  test('is in a protected environment where it says so, or says nothing and there is one', () => {
    const of = (environments: readonly object[]) => ({ ...set.workspace, spec: { ...set.workspace.spec, environments } }) as typeof set.workspace
    const [ordinary, closed] = [{ name: 'staging', proof: 'asserted' }, { name: 'production', proof: 'asserted', protected: true }]
    expect([[ordinary, closed], [ordinary]].map((all) => [isProtected(of(all), staging), isProtected(of(all), {})])).toEqual([[false, true], [false, false]])
    expect(isProtected(of([{ ...ordinary, protected: true }]), staging)).toBe(true)
  })
  test('knows nothing of what the set does not name', () => {
    expect(strangers(optOutSet({ set, optOuts: [stands({ name: 'a' })] }), [stands({ name: 'a' }), stands({ name: 'x' })]).map(nameOf)).toEqual(['x'])
    expect(notActive('x', 'log.example')).toMatchObject({ code: 'NOT_IN_LOG', hint: expect.stringContaining('`exeat request x`') as string })
  })
  test('adds up to its findings and blocks, and rests on the weakest evidence', () => {
    const decisions = [...judge(whole), ...judge({ active: [], ended: [], refused: [] })]
    expect(summarise(decisions, [], [])).toEqual({ outcome: 'blocked', findings: 2, passed: 0, excused: 1, blocked: 1, blocks: 0, shadow: 0 })
    expect(summarise([], [{ code: 'TOOL_MISSING', message: 'x' }], [])).toMatchObject({ outcome: 'blocked', blocks: 1 })
    const by = (evidence: EvidenceStrength): Decision => ({ ...(decisions[0] as Decision), optOut: { ...(decisions[0]?.optOut as ExcusedBy), evidence } })
    expect([weakestEvidence([by('user-signed'), by('forge-asserted'), by('idp-signed')]), weakestEvidence([by('user-signed')]), weakestEvidence([])]).toEqual(['forge-asserted', 'user-signed', 'none'])
  })
})
