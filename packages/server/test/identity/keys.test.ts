/** Keys: who may add, vouch for and remove them, and from when they count. */
import { fold, type Identity } from '@exeat/core'
import { lifecycleOf } from '@exeat/core/entry'
import type { EnrolEnvelope } from '@exeat/core/envelope'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { testSigner } from '../../../testkit/src/log-store-kit.ts'
import { type ActsOf, checkActs } from '../../../verify/src/history/acts.ts'
import { replay } from '../../../verify/src/history/replay.ts'
import type { EvidenceContext } from '../../../verify/src/evidence/types.ts'
import { createAuthenticator } from '../../../testkit/src/software-authenticator.ts'
import type { Directory } from '../../src/identity/directory.ts'
import { contextOf } from '../../src/use/enrolment/keys.ts'
import { type Actor, createUseCases, operatorIssuer } from '../../src/use/index.ts'
import { sqlite } from '../sqlite-kind.ts'
import { agree, codesOf, day, eventsOf, hour, newKey, refused } from '../use/support.ts'
import { activatedBy, approvedBy, askedFor, credentialOf, founders, mergedNow, type PeopleWorld, peopleWorld, peopleWorkspace, rpId, site, who } from './people.ts'

let at: PeopleWorld
beforeEach(async () => { at = await peopleWorld(sqlite) })
afterEach(async () => at.close())

const view = async (digest: string) => {
  const found = (await at.useCases.enrolments()).items.find(({ credential }) => credential === digest)
  if (found === undefined) throw new Error('no such key')
  return found
}
/** The life of an opt-out, as a bundle brings it to a point. */
async function historyOf(name: string) {
  const { uid } = await at.useCases.optOut(name)
  const entries = (await eventsOf(at.log)).flatMap((event, index) => (event.subject === uid ? [{ index, event }] : []))
  return { entries, events: entries.map(({ event }) => event) }
}

async function actsOf(name: string): Promise<ActsOf> {
  const record = fold((await historyOf(name)).events.flatMap((event) => lifecycleOf(event) ?? [])).records.values().next().value
  if (record === undefined) throw new Error('no such opt-out')
  return { workspace: 'acme-1', repositoryIds: ['1001'], record }
}

async function context(): Promise<EvidenceContext> {
  const { governance: { workspace: { document } } } = await at.dependencies.governance.current()
  return contextOf(await at.useCases.keys(), document)
}

const ready = async (): Promise<void> => {
  await at.founder('ann')
  await at.founder('ben')
  await askedFor(at, 'log4j', { until: 12 * day })
}

describe('vouching', () => {
  test('a founder\'s key counts at once; anybody else\'s a day after somebody who counts has vouched', async () => {
    const ann = await at.founder('ann')
    expect(await view(ann)).toMatchObject({ countsFrom: new Date(at.clock.now).toISOString(), vouchedBy: [{ by: { iss: 'exeat:founders', sub: 'ann' }, root: true }] })
    const cleo = await at.enrol('cleo')
    expect(await view(cleo)).toMatchObject({ countsFrom: null, vouchedBy: [] })
    at.clock.now += hour
    // Ann has a key that counts, and does not govern; ben does.
    await refused(at.vouch('ann', cleo), 'VOUCH_REFUSED')
    await at.founder('ben')
    await at.vouch('ben', cleo)
    expect(await view(cleo)).toMatchObject({ countsFrom: new Date(at.clock.now + day).toISOString(), vouchedBy: [{ by: who('ben'), root: false }] })
    await agree(at.log)
  })

  test('attack-32: a new key cannot approve before a day went by since somebody vouched for it', async () => {
    await ready()
    const cleo = await at.enrol('cleo')
    at.clock.now += day
    await refused(approvedBy(at, 'cleo', 'log4j'), 'EVIDENCE_NOT_COUNTING')
    await at.vouch('ben', cleo)
    at.clock.now += day - 1
    await refused(approvedBy(at, 'cleo', 'log4j'), 'EVIDENCE_NOT_COUNTING')
    at.clock.now += 1
    await approvedBy(at, 'cleo', 'log4j')
  })

  test('attack-04: one root key makes one person count at once; all others of its choice wait a day', async () => {
    await at.founder('ann')
    const [eve, cleo] = [await at.enrol('eve'), await at.enrol('cleo')]
    await at.rootVouch('eve', eve, founders.ann)
    await at.rootVouch('cleo', cleo, founders.ann)
    for (const digest of [eve, cleo]) expect((await view(digest)).countsFrom).toBe(new Date(at.clock.now + day).toISOString())
  })

  test('attack-04: nobody vouches for a key of their own, nor with one that does not count', async () => {
    await at.founder('ann')
    const [cleo, dora] = [await at.enrol('cleo'), await at.enrol('dora')]
    await refused(at.vouch('cleo', cleo), 'VOUCH_REFUSED')
    await refused(at.vouch('cleo', dora), 'EVIDENCE_NOT_COUNTING')
    const operator: Actor = { identity: { iss: operatorIssuer, sub: 'root' }, evidence: { strength: 'operator-asserted', name: 'root' } }
    await refused(at.useCases.vouch(operator, dora, undefined, newKey()), 'VOUCH_REFUSED')
    expect((await view(dora)).vouchedBy).toEqual([])
  })

  test('a root key\'s word is for this key, in this workspace, now, by a key that is pinned', async () => {
    const ann = await at.enrol('ann')
    const stranger = testSigner(99, 'mallory')
    await refused(at.rootVouch('ann', ann, stranger), 'VOUCH_REFUSED')
    await refused(at.rootVouch('ann', ann, testSigner(99, 'ann')), 'VOUCH_REFUSED')
    const changes: readonly Partial<EnrolEnvelope>[] = [
      { workspace: 'acme-2' }, { about: 'a'.repeat(64) }, { purpose: 'govern' }, { actor: who('ann') as Identity }, { at: (at.clock.now - 5 * 60_000) as never }, { at: (at.clock.now + hour) as never },
    ]
    for (const change of changes) await refused(at.rootVouch('ann', ann, founders.ann, (envelope) => ({ ...envelope, ...change })), 'VOUCH_REFUSED')
    expect((await view(ann)).vouchedBy).toEqual([])
  })

  test('for a key that there is not, or that was removed', async () => {
    await at.founder('ann')
    await refused(at.vouch('ann', 'a'.repeat(64)), 'KEY_UNKNOWN')
    const cleo = await at.enrol('cleo')
    await at.useCases.removeKey(at.person('cleo'), cleo, 'lost', newKey())
    await refused(at.vouch('ann', cleo), 'KEY_REMOVED')
  })
})

describe('adding', () => {
  test('a passkey is one person\'s, once, and never comes back', async () => {
    const passkey = createAuthenticator({ origin: site, rpId })
    const added = { credential: credentialOf(passkey), label: 'a key' }
    await at.useCases.enrol(at.person('cleo'), added, newKey())
    await refused(at.useCases.enrol(at.person('cleo'), added, newKey()), 'KEY_STANDS')
    await refused(at.useCases.enrol(at.person('dora'), added, newKey()), 'KEY_STANDS')
    const [key] = (await at.useCases.enrolments()).items
    await at.useCases.removeKey(at.person('cleo'), key?.credential ?? '', 'lost', newKey())
    await refused(at.useCases.enrol(at.person('cleo'), added, newKey()), 'KEY_STANDS')
  })
  test('a repetition under its key is answered as before', async () => {
    const added = { credential: credentialOf(createAuthenticator({ origin: site, rpId })), label: 'a key' }
    const key = newKey()
    expect(await at.useCases.enrol(at.person('cleo'), added, key)).toBe(await at.useCases.enrol(at.person('cleo'), added, key))
  })
  test('a further key counts a day later by the tap of one that counts; one-time codes take that tap', async () => {
    await at.founder('ann')
    const codes = { kind: 'totp', id: 'a'.repeat(32) } as const
    await refused(at.useCases.enrol(at.person('ann'), { credential: codes, label: 'phone' }, newKey()), 'TAP_NEEDED')
    const digest = at.digestOf('ann', codes)
    await at.useCases.enrol(await at.tapping('ann', { purpose: 'enrol', credential: digest }), { credential: codes, label: 'phone' }, newKey())
    expect(await view(digest)).toMatchObject({ kind: 'totp', countsFrom: new Date(at.clock.now + day).toISOString() })
    await at.enrol('cleo')
    const other = { kind: 'totp', id: 'b'.repeat(32) } as const
    const tapping = await at.tapping('cleo', { purpose: 'enrol', credential: at.digestOf('cleo', other) })
    await refused(at.useCases.enrol(tapping, { credential: other, label: 'phone' }, newKey()), 'EVIDENCE_NOT_COUNTING')
  })
  test('no more than twenty', async () => {
    for (let i = 0; i < 20; i++) await at.enrol('cleo')
    await refused(at.enrol('cleo'), 'KEY_STANDS')
  })
  test('an identity provider\'s key is entered once, and counts at once', async () => {
    const { publicKey } = createAuthenticator({ origin: site, rpId, algorithm: 'RS256' })
    const credential = { kind: 'issuer-key', iss: 'https://login.acme.example', kid: 'k1', alg: 'RS256', publicKey } as const
    const indexes = await Promise.all(Array.from({ length: 4 }, () => at.useCases.enrolIssuerKey(credential, 'login')))
    expect(new Set(indexes).size).toBe(1)
    const { items } = await at.useCases.enrolments()
    expect(items).toMatchObject([{ kind: 'issuer-key', person: null, countsFrom: new Date(at.clock.now).toISOString() }])
  })
})

describe('removing', () => {
  test('by its owner, by who governs, by the operator; by nobody else', async () => {
    await at.founder('ben')
    const keys = [await at.enrol('cleo'), await at.enrol('cleo'), await at.enrol('cleo')]
    const operator: Actor = { identity: { iss: operatorIssuer, sub: 'keeper' }, evidence: { strength: 'operator-asserted', name: 'keeper' } }
    for (const [i, actor] of [at.person('cleo'), at.person('ben'), operator].entries()) {
      await refused(at.useCases.removeKey(at.person('dora'), keys[i] ?? '', 'mine', newKey()), 'NOT_ENTITLED')
      await at.useCases.removeKey(actor, keys[i] ?? '', 'lost', newKey())
      expect(await view(keys[i] ?? '')).toMatchObject({ removedAt: new Date(at.clock.now).toISOString(), countsFrom: null })
    }
  })

  test('attack-25: a removed key takes its approval out, and approves nothing any more', async () => {
    await ready()
    await approvedBy(at, 'ben', 'log4j')
    await mergedNow(at, 'log4j', { until: 12 * day })
    const [, ben] = (await at.useCases.enrolments()).items
    await at.useCases.removeKey(at.person('ben'), ben?.credential ?? '', 'lost', newKey())
    await refused(activatedBy(at, 'ann', 'log4j'), 'QUORUM_LOST')
    await askedFor(at, 'spring')
    await refused(approvedBy(at, 'ben', 'spring'), 'EVIDENCE_NOT_COUNTING')
  })

  test('attack-25: beside a quorum that is met without it, an approval that is void counts nowhere, and harms nobody', async () => {
    await ready()
    const [cleo, eve] = [await at.enrol('cleo'), await at.enrol('eve')]
    for (const key of [cleo, eve]) await at.vouch('ben', key)
    at.clock.now += day
    await askedFor(at, 'spring', { until: 12 * day })
    for (const who of ['cleo', 'eve', 'ben']) await approvedBy(at, who, 'spring')
    await mergedNow(at, 'spring', { until: 12 * day })
    await at.useCases.removeKey(at.person('cleo'), cleo, 'lost', newKey())
    at.merge({ '.exeat/workspace.yaml': peopleWorkspace({ engineering: ['ann', 'dora'], security: ['ben', 'cleo'], sre: ['ann'], governance: ['ben'] }) })
    await activatedBy(at, 'ann', 'spring')
    const { events, entries } = await historyOf('spring')
    expect(events.at(-1)).toMatchObject({ type: 'dev.exeat.optout.activated.v1', data: { counted: [who('ben')], envelope: { approvals: [expect.any(String)] } } })
    // What a point makes of it: it counts ben alone, and asks nothing of the keys of the others.
    expect(replay(events.flatMap((event) => lifecycleOf(event) ?? []))).toMatchObject({ ok: true })
    const judged = checkActs(entries, await actsOf('spring'), await context())
    expect(judged).toMatchObject({ ok: true, value: { strength: 'user-signed', counted: [who('ben')] } })
    // Nor can a server add to what was counted: that is what the activation signed.
    const more = entries.map((each) => (each.event.type === 'dev.exeat.optout.activated.v1' ? { ...each, event: { ...each.event, data: { ...each.event.data, counted: [who('ben'), who('eve')] } } } : each))
    expect(checkActs(more as typeof entries, await actsOf('spring'), await context())).toMatchObject({ ok: false, problem: { code: 'OPTOUT_ACTOR' } })
    await agree(at.log)
  })

  test('attack-25: an approver who leaves the group no longer counts, and one who joins later never did', async () => {
    await ready()
    await approvedBy(at, 'ben', 'log4j')
    await mergedNow(at, 'log4j', { until: 12 * day })
    at.merge({ '.exeat/workspace.yaml': peopleWorkspace({ engineering: ['ann', 'dora'], security: ['cleo'], sre: ['ann'], governance: ['ben'] }) })
    expect((await codesOf(activatedBy(at, 'ann', 'log4j')))[0]).toBe('QUORUM_LOST')
    at.merge({ '.exeat/workspace.yaml': peopleWorkspace() })
    await activatedBy(at, 'ann', 'log4j')
  })

  test('attack-07: whoever an identity provider signed out loses the approvals that nobody activated yet', async () => {
    await ready()
    await approvedBy(at, 'ben', 'log4j')
    await mergedNow(at, 'log4j', { until: 12 * day })
    const signedOut = at.clock.now
    const directory: Directory = { groupsOf: async () => [], voidUntil: async ({ sub }) => (sub === 'ben' ? signedOut as never : undefined) }
    at.useCases = createUseCases({ ...at.dependencies, directory })
    at.clock.now += hour
    await refused(activatedBy(at, 'ann', 'log4j'), 'QUORUM_LOST')
    expect(await at.useCases.optOut('log4j')).toMatchObject({ phase: 'approved' })
  })
})

test('groups of an identity provider count as the workspace\'s do, for whoever is asked about', async () => {
  await at.founder('ann')
  await at.founder('ben')
  const given: Readonly<Record<string, readonly string[]>> = { dora: ['security'], ann: [] }
  const directory: Directory = { groupsOf: async ({ sub }) => given[sub] ?? [], voidUntil: async () => undefined }
  at.useCases = createUseCases({ ...at.dependencies, directory })
  const dora = await at.enrol('dora')
  await at.vouch('ben', dora)
  at.clock.now += day
  await askedFor(at, 'log4j', { until: 12 * day })
  await approvedBy(at, 'dora', 'log4j')
  await mergedNow(at, 'log4j', { until: 12 * day })
  await activatedBy(at, 'ann', 'log4j')
  expect(await at.useCases.optOut('log4j')).toMatchObject({ phase: 'active', approvals: [{ groups: ['engineering', 'security', 'sre'] }] })
})
