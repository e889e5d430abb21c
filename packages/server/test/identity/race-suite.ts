/** Two servers on one database, and people who tap at once: each act wins or loses with its code, and the log tells one story. */
import { ExeatError } from '@exeat/core/error'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { StoreKind } from '../../../testkit/src/log-store-kit.ts'
import type { UseCases } from '../../src/use/index.ts'
import { agree, day, hour, newKey } from '../use/support.ts'
import { activatedBy, approvedBy, askedFor, mergedNow, type PeopleWorld, peopleWorld, peopleWorkspace } from './people.ts'

const outcome = (run: Promise<unknown>): Promise<string> =>
  run.then(() => 'ok', (error: unknown) => {
    if (error instanceof ExeatError) return error.problems[0].code
    throw error
  })
const outcomes = async (...runs: readonly Promise<unknown>[]): Promise<readonly string[]> => (await Promise.all(runs.map(outcome))).toSorted()

export function tapRaces(kind: StoreKind): void {
  describe(`${kind.name}: taps at once`, () => {
    let at: PeopleWorld
    let other: UseCases
    beforeEach(async () => {
      at = await peopleWorld(kind)
      other = (await at.beside()).useCases
      await at.founder('ann')
      await at.founder('ben')
      const [cleo, dora] = [await at.enrol('cleo'), await at.enrol('dora')]
      await at.vouch('ben', cleo)
      await at.vouch('ben', dora)
      at.clock.now += day
      await askedFor(at, 'a', { until: 12 * day })
    })
    afterEach(async () => {
      await agree(at.log)
      await at.close()
    })

    const approve = async (by: string, through: UseCases) => {
      const { binding: signed } = await at.useCases.optOut('a')
      return through.approve(await at.tapping(by, { purpose: 'approve', id: 'a', signed }), 'a', signed, newKey())
    }
    const activate = async (by: string, through: UseCases) => {
      const { binding: signed } = await at.useCases.optOut('a')
      return through.activate(await at.tapping(by, { purpose: 'activate', id: 'a', signed }), 'a', signed, newKey())
    }

    test('two approvals of one person: one wins; of two people: both', async () => {
      expect(await outcomes(approve('ben', at.useCases), approve('ben', other))).toEqual(['APPROVED_ALREADY', 'ok'])
      expect(await outcome(approve('cleo', other))).toBe('ok')
    })
    test('two activations: one wins', async () => {
      await approvedBy(at, 'ben', 'a')
      await mergedNow(at, 'a', { until: 12 * day })
      expect(await outcomes(activate('ann', at.useCases), activate('dora', other))).toEqual(['WRONG_PHASE', 'ok'])
    })
    test('attack-21: an approval at the very end of its time is none', async () => {
      const { binding: signed } = await at.useCases.optOut('a')
      at.clock.now += 72 * hour - 60_000
      const tapping = await at.tapping('ben', { purpose: 'approve', id: 'a', signed })
      at.clock.now += 60_000
      expect(await outcome(at.useCases.approve(tapping, 'a', signed, newKey()))).toBe('WRONG_PHASE')
      expect(await at.useCases.optOut('a')).toMatchObject({ phase: 'timed-out' })
    })
    test('an activation against a revocation: what is revoked was active, and never is again', async () => {
      await approvedBy(at, 'ben', 'a')
      await mergedNow(at, 'a', { until: 12 * day })
      const codes = await Promise.all([outcome(activate('ann', at.useCases)), outcome(other.revoke(at.person('cleo'), 'a', 'no', newKey()))])
      expect([['ok', 'ok'], ['ok', 'WRONG_PHASE']]).toContainEqual(codes)
      expect(await at.useCases.optOut('a')).toMatchObject({ phase: codes[1] === 'ok' ? 'revoked' : 'active' })
    })
    test('attack-25: an activation against the removal of its approver\'s key: whichever comes first', async () => {
      await approvedBy(at, 'ben', 'a')
      await mergedNow(at, 'a', { until: 12 * day })
      const { items } = await at.useCases.enrolments()
      const ben = items.find(({ person }) => person?.sub === 'ben')?.credential ?? ''
      const [activated, removed] = await Promise.all([outcome(activate('ann', at.useCases)), outcome(other.removeKey(at.person('ben'), ben, 'lost', newKey()))])
      expect([activated, removed]).toEqual([expect.stringMatching(/^(?:ok|QUORUM_LOST)$/), 'ok'])
      expect(await outcome(activatedBy(at, 'dora', 'a'))).toMatch(activated === 'ok' ? /^WRONG_PHASE$/ : /^QUORUM_LOST$/)
    })
    test('two vouches for one key, and one root key for two people: each stands once', async () => {
      at.merge({ '.exeat/workspace.yaml': peopleWorkspace({ engineering: ['ann'], security: ['ben', 'eve'], sre: ['ann'], governance: ['ann', 'ben'] }) })
      const eve = await at.enrol('eve')
      expect(await outcomes(at.vouch('ann', eve), at.vouch('ben', eve))).toEqual(['ok', 'ok'])
      expect((await at.useCases.enrolments()).items.find(({ credential }) => credential === eve)?.vouchedBy).toHaveLength(2)
    })
  })
}
