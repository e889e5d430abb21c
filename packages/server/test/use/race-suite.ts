/** Two processes on one database: whatever they do at once, each act wins or loses with its code, and the log and the tables tell one story. */
import fc from 'fast-check'
import type { LifecycleEvent } from '@exeat/core'
import { lifecycleOf } from '@exeat/core/entry'
import { ExeatError } from '@exeat/core/error'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { StoreKind } from '../../../testkit/src/log-store-kit.ts'
import type { UseCases } from '../../src/use/index.ts'
import { activated, actor, agree, approved, day, eventsOf, fileOf, hour, newKey, optOut, policy, requested, world, type DocumentParts, type World } from './support.ts'

/** `ok`, or the code of the refusal. */
async function outcome(run: Promise<unknown>): Promise<string> {
  try {
    await run
    return 'ok'
  } catch (error) {
    if (error instanceof ExeatError) return error.problems[0].code
    throw error
  }
}

const outcomes = async (runs: readonly Promise<unknown>[]): Promise<readonly string[]> => (await Promise.all(runs.map(outcome))).toSorted()

export function raceSuite(kind: StoreKind): void {
  describe(`${kind.name}: at once`, () => {
    let at: World
    let other: UseCases
    beforeEach(async () => {
      at = await world(kind)
      other = (await at.beside()).useCases
    })
    afterEach(async () => {
      await agree(at.log)
      await at.close()
    })

    test('two activations: one wins', async () => {
      await approved(at, 'a')
      at.merge({ [fileOf('a')]: optOut('a') })
      const { binding } = await at.useCases.optOut('a')
      expect(await outcomes([at.useCases, other].map((each, i) => each.activate(actor(i === 0 ? 'dave' : 'erin'), 'a', binding, newKey())))).toEqual(['WRONG_PHASE', 'ok'])
    })

    test('one act sent to both under one key: one entry, one answer', async () => {
      const { optOut: { binding } } = await requested(at, 'a')
      const { size } = await at.log.head()
      const [one, two] = await Promise.all([at.useCases, other].map((each) => each.approve(actor('bob'), 'a', binding, 'once')))
      expect(one?.index).toBe(two?.index)
      expect((await at.log.head()).size).toBe(size + 1)
    })

    test('a name asked for twice: one gets it', async () => {
      const asking = [at.useCases, other].map((each, i) => each.request(actor('alice'), { document: optOut('a', { reason: `Reason ${i}.` }) }, newKey()))
      expect(await outcomes(asking)).toEqual(['NAME_REUSED', 'ok'])
    })

    test('an activation and a rejection: exactly one', async () => {
      await approved(at, 'a')
      at.merge({ [fileOf('a')]: optOut('a') })
      const { binding } = await at.useCases.optOut('a')
      expect(await outcomes([at.useCases.activate(actor('dave'), 'a', binding, newKey()), other.reject(actor('bob'), 'a', 'no', newKey())])).toEqual(['WRONG_PHASE', 'ok'])
    })

    test('two revocations: one', async () => {
      await activated(at, 'a')
      expect(await outcomes([at.useCases, other].map((each) => each.revoke(actor('bob'), 'a', 'x', newKey())))).toEqual(['WRONG_PHASE', 'ok'])
    })

    test('two that would both be the last which may be active', async () => {
      at.merge({ '.exeat/policies/trivy.yaml': policy('', 'duration: 14d, findings: 10, active: 1') })
      for (const name of ['a', 'b']) await approved(at, name)
      at.merge(Object.fromEntries(['a', 'b'].map((name) => [fileOf(name), optOut(name)])))
      const runs = await Promise.all(['a', 'b'].map(async (name) => (await at.useCases.optOut(name)).binding))
      expect(await outcomes(runs.map((binding, i) => [at.useCases, other][i]?.activate(actor('dave'), ['a', 'b'][i] ?? '', binding, newKey()) ?? Promise.reject(new Error('no process'))))).toEqual(['ACTIVE_EXCEEDED', 'ok'])
    })

    test('uses beyond the last', async () => {
      const { optOut: { uid } } = await activated(at, 'a', { limits: { findings: 1, uses: 3 } })
      const uses = Array.from({ length: 8 }, (_, i) => ({ uid, point: 'gate', subject: `commit:${i}` }))
      const answers = await Promise.all([at.useCases.claimUses(uses), other.claimUses(uses.toReversed())])
      const counted = new Set(answers.flatMap(({ results }, i) => results.flatMap((result, j) => (result.outcome === 'counted' ? [(i === 0 ? uses : uses.toReversed())[j]?.subject] : []))))
      expect(counted.size).toBe(3)
      const refusals = answers.flatMap(({ results }) => results.flatMap(({ code }) => code ?? []))
      expect(refusals).toContain('USES_EXCEEDED')
      expect(refusals.filter((code) => code !== 'USES_EXCEEDED' && code !== 'WRONG_PHASE')).toEqual([])
      expect(await at.useCases.optOut('a')).toMatchObject({ phase: 'exhausted', uses: { counted: 3 } })
      checkHistory(await lifecycleOfLog(at))
    })

    test('the last use, claimed by both and again: one, and it stays active', async () => {
      const { optOut: { uid } } = await activated(at, 'a', { limits: { findings: 1, uses: 1 } })
      const claims = [at.useCases, other, at.useCases, other].map((each) => each.claimUses([{ uid, point: 'gate', subject: 'commit:1' }]))
      expect((await Promise.all(claims)).flatMap(({ results }) => results.map(({ outcome }) => outcome))).toEqual(['counted', 'counted', 'counted', 'counted'])
      expect(await at.useCases.optOut('a')).toMatchObject({ phase: 'active', uses: { counted: 1 } })
    })

    test('two beyond the last: it is exhausted once', async () => {
      const { optOut: { uid } } = await activated(at, 'a', { limits: { findings: 1, uses: 1 } })
      const claim = (who: typeof other, subject: string) => who.claimUses([{ uid, point: 'gate', subject }])
      await claim(at.useCases, 'commit:1')
      const codes = (await Promise.all([claim(at.useCases, 'commit:2'), claim(other, 'commit:3'), claim(other, 'commit:2')])).flatMap(({ results }) => results.map(({ code }) => code))
      expect(codes).toContain('USES_EXCEEDED')
      expect(codes).not.toContain(undefined)
      checkHistory(await lifecycleOfLog(at))
      expect(await at.useCases.optOut('a')).toMatchObject({ phase: 'exhausted', uses: { counted: 1 } })
    })

    test('what governs, recorded once by both', async () => {
      at.merge({ '.exeat/policies/trivy.yaml': policy('', 'duration: 3d, findings: 10') })
      await Promise.all([at.useCases.synchronise(), other.synchronise()])
      const events = await eventsOf(at.log)
      expect(events.filter(({ type }) => type === 'dev.exeat.workspace.changed.v1')).toHaveLength(1)
    })

    test('random acts of many: the fold of the log is what the tables say after every round, and exactly one end wins', async () => {
      const seen = new Set<string>()
      let run = 0
      await fc.assert(fc.asyncProperty(fc.array(fc.record({ acts: fc.array(step, { minLength: 1, maxLength: 5 }), wait: fc.constantFrom(0, 1, hour, 7 * hour) }), { minLength: 6, maxLength: 9 }), async (rounds) => {
        const prefix = `run-${run += 1}`
        const parts = (name: string): DocumentParts => ({ controls: [`trivy/${prefix}-${name}`], from: at.clock.now - started, until: at.clock.now - started + day, limits: { findings: 3, uses: 3 } })
        const documents = new Map(['x', 'y'].map((name) => [`${prefix}-${name}`, optOut(`${prefix}-${name}`, parts(name))]))
        at.merge(Object.fromEntries([...documents].map(([name, document]) => [fileOf(name), document])))
        for (const { acts, wait } of [...opening, ...rounds]) {
          at.clock.now += wait
          const codes = await Promise.all(acts.map((each, i) => outcome(perform(i % 2 === 0 ? at.useCases : other, `${prefix}-${each.name}`, documents, each))))
          for (const [i, code] of codes.entries()) seen.add(`${acts[i]?.kind} ${code}`)
          await agree(at.log)
        }
        checkHistory(await lifecycleOfLog(at))
      }), { numRuns: 6, seed: 20261123 })
      // The property says nothing about what never happened.
      expect([...seen].toSorted()).toEqual(expect.arrayContaining(['activate ok', 'approve ok', 'request NAME_REUSED', 'request ok', 'revoke ok', 'use ok'].filter((each) => each !== 'request NAME_REUSED')))
    }, 120_000)
  })
}

const started = Date.UTC(2026, 10, 22, 10)

interface Step {
  readonly kind: 'request' | 'approve' | 'activate' | 'reject' | 'withdraw' | 'revoke' | 'use'
  readonly name: 'x' | 'y'
  readonly who: string
  readonly subject: number
}

const likely: Readonly<Record<Step['kind'], readonly string[]>> = {
  request: ['alice'], approve: ['bob', 'carol'], activate: ['dave', 'erin', 'bob'], reject: ['bob'], withdraw: ['alice'], revoke: ['bob', 'alice'], use: ['-'],
}

const step: fc.Arbitrary<Step> = fc.tuple(
  fc.constantFrom<Step['kind']>('request', 'request', 'approve', 'approve', 'approve', 'activate', 'activate', 'activate', 'reject', 'withdraw', 'revoke', 'use', 'use', 'use'),
  fc.constantFrom<Step['name']>('x', 'y'), fc.nat(2), fc.nat(3),
).map(([kind, name, pick, subject]) => ({ kind, name, who: likely[kind][pick % likely[kind].length] ?? 'mallory', subject }))

const straight = (kind: Step['kind'], who: string): { readonly acts: readonly Step[]; readonly wait: number } => ({ acts: [{ kind, name: 'x', who, subject: 0 }, { kind, name: 'x', who, subject: 0 }], wait: 1 })
/** So that what follows an activation is reached in every run. */
const opening = [straight('request', 'alice'), straight('approve', 'carol'), straight('activate', 'dave'), straight('use', '-')]

async function perform(useCases: UseCases, name: string, documents: ReadonlyMap<string, Record<string, unknown>>, { kind, who, subject }: Step): Promise<unknown> {
  const by = actor(who)
  switch (kind) {
    case 'request': return useCases.request(by, { document: documents.get(name) ?? {} }, newKey())
    case 'approve': case 'activate': return useCases[kind](by, name, (await useCases.optOut(name)).binding, newKey())
    case 'reject': case 'withdraw': case 'revoke': return useCases[kind](by, name, 'because', newKey())
    case 'use': {
      const { uid } = await useCases.optOut(name)
      const [result] = (await useCases.claimUses([{ uid, point: 'gate', subject: `commit:${subject}` }])).results
      if (result?.outcome === 'refused') throw new ExeatError([{ code: result.code ?? '', message: '' }])
      return result
    }
  }
}

const lifecycleOfLog = async ({ log }: World): Promise<readonly LifecycleEvent[]> => (await eventsOf(log)).flatMap((event) => lifecycleOf(event) ?? [])

function checkHistory(events: readonly LifecycleEvent[]): void {
  for (const uid of new Set(events.map((event) => event.uid))) {
    const own = events.filter((event) => event.uid === uid)
    const count = (...types: readonly string[]): number => own.filter(({ type }) => types.includes(type)).length
    expect(count('optout.proposed', 'optout.renewed')).toBe(1)
    expect(count('optout.activated')).toBeLessThanOrEqual(1)
    expect(count('optout.revoked', 'optout.exhausted', 'optout.rejected', 'optout.withdrawn', 'optout.stale')).toBeLessThanOrEqual(1)
    expect(count('use.claimed')).toBeLessThanOrEqual(3)
    const end = own.findIndex(({ type }) => /revoked|exhausted|rejected|withdrawn|stale/.test(type))
    expect(end === -1 || end === own.length - 1).toBe(true)
  }
}
