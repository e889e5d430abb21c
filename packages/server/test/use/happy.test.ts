import { actAnswerSchema, entryViewSchema, erasureAnswerSchema, listAnswerSchema, optOutViewSchema, receiptSchema, statusSchema, usesAnswerSchema } from '@exeat/core/wire'
import { leafHash, type Trust, verifyReceipt } from '@exeat/log'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { testSigner } from '../../../testkit/src/log-store-kit.ts'
import { sha256, verifySignature } from '../../src/store/ed25519.ts'
import { sqlite } from '../sqlite-kind.ts'
import { activate, activated, actor, approved, day, eventsOf, hour, newKey, origin, requested, world, type World } from './support.ts'

let at: World
beforeEach(async () => { at = await world(sqlite) })
afterEach(async () => at.close())

test('request, approve, merge, activate, revoke: each is entered, and each answer carries its receipt', async () => {
  const asked = await requested(at, 'log4j')
  expect(asked.optOut).toMatchObject({ name: 'log4j', phase: 'proposed', merged: false, missing: ['1 of security', 'the document at the protected ref'], requester: actor('alice').identity })
  expect(asked.evidence).toBe('operator-asserted')
  at.clock.now += hour
  const agreed = await at.useCases.approve(actor('bob'), 'log4j', asked.optOut.binding, newKey())
  expect(agreed.optOut).toMatchObject({ phase: 'approved', missing: ['the document at the protected ref'] })
  at.clock.now += hour
  const { optOut: view, index, receipt } = await activate(at, 'log4j')
  expect(view).toMatchObject({ phase: 'active', inForce: true, merged: true, missing: [], uses: { counted: 0, limit: null } })
  expect(view.entries).toHaveLength(3)
  const ended = await at.useCases.revoke(actor('carol'), view.uid, 'no longer needed', newKey())
  expect(ended.optOut).toMatchObject({ phase: 'revoked', inForce: false, ended: new Date(at.clock.now).toISOString() })
  const entry = await at.log.entry(index)
  const trust: Trust = { origin, log: [testSigner(1, origin)], witnesses: { atLeast: 0, keys: [] } }
  expect(verifyReceipt(sha256, verifySignature, new Uint8Array(Buffer.from(receipt)), leafHash(sha256, entry?.entry ?? new Uint8Array(0)), trust)).toMatchObject({ ok: true })
})

test('it lapses by the clock, without an entry', async () => {
  await activated(at, 'log4j')
  const before = (await at.log.head()).size
  at.clock.now += 2 * day
  expect(await at.useCases.optOut('log4j')).toMatchObject({ phase: 'lapsed', inForce: false })
  expect((await at.log.head()).size).toBe(before)
})

test('uses are counted, and the one behind the last ends it', async () => {
  const { optOut: { uid } } = await activated(at, 'log4j', { limits: { findings: 3, uses: 2 } })
  const use = (subject: string) => ({ uid, point: 'gate/1001/test', subject })
  const claim = async (...subjects: readonly string[]) => (await at.useCases.claimUses(subjects.map(use))).results.map(({ outcome, code }) => code ?? outcome)
  expect(await claim('a', 'a', 'b')).toEqual(['counted', 'counted', 'counted'])
  expect(await claim('b', 'a')).toEqual(['counted', 'counted'])
  expect(await at.useCases.optOut('log4j')).toMatchObject({ phase: 'active', inForce: true, uses: { counted: 2, limit: 2 } })
  const { size } = await at.log.head()
  expect((await at.useCases.claimUses([use('c')])).results).toEqual([{ uid, outcome: 'refused', code: 'USES_EXCEEDED', message: '`log4j` was used 2 times, it allows 2; it is exhausted' }])
  expect((await at.log.head()).size).toBe(size + 1)
  expect((await eventsOf(at.log)).at(-1)).toMatchObject({ type: 'dev.exeat.optout.exhausted.v1', subject: uid, data: {} })
  expect(await at.useCases.optOut('log4j')).toMatchObject({ phase: 'exhausted', inForce: false, uses: { counted: 2, limit: 2 } })
  expect(await claim('c', 'd', 'b', 'a')).toEqual(['WRONG_PHASE', 'WRONG_PHASE', 'WRONG_PHASE', 'WRONG_PHASE'])
  expect((await at.log.head()).size).toBe(size + 1)
})

test('the list and the status', async () => {
  for (const name of ['c', 'a', 'b']) await approved(at, name)
  const { items, next } = await at.useCases.optOuts({ limit: 2 })
  expect(items.map(({ name }) => name)).toEqual(['a', 'b'])
  expect((await at.useCases.optOuts({ limit: 2, after: next ?? '' })).items.map(({ name }) => name)).toEqual(['c'])
  expect(await at.useCases.status()).toMatchObject({ origin, state: 'open', workspace: 'acme-1', ref: 'refs/heads/main' })
})

test('every answer has the shape that the API promises', async () => {
  const answer = await activated(at, 'log4j', { limits: { findings: 3, uses: 9 } })
  const { uid } = answer.optOut
  const shapes: readonly (readonly [{ readonly parse: (value: unknown) => unknown }, unknown])[] = [
    [actAnswerSchema, answer],
    [usesAnswerSchema, await at.useCases.claimUses([{ uid, point: 'gate', subject: 'commit:1' }, { uid: 'f'.repeat(64), point: 'gate', subject: 'commit:1' }])],
    [actAnswerSchema, await at.useCases.revoke(actor('bob'), uid, 'x', newKey())],
    [listAnswerSchema, await at.useCases.optOuts({})],
    [statusSchema, await at.useCases.status()],
    [receiptSchema, await at.useCases.receipt(0)],
  ]
  at.clock.now += 40 * day
  for (const [schema, value] of [
    ...shapes, [erasureAnswerSchema, await at.useCases.erase(actor('keeper'), { uid, reason: 'x' }, newKey())] as const, [optOutViewSchema, await at.useCases.optOut(uid)] as const,
    [entryViewSchema, await at.useCases.entry(answer.index)] as const, [entryViewSchema, await at.useCases.entry(0)] as const,
  ]) expect(schema.parse(JSON.parse(JSON.stringify(value)))).toEqual(value)
})

test('a verifier of bundles comes to the same: asked, acts and their envelopes', async () => {
  const { optOut: { uid, entries } } = await activated(at, 'log4j', { limits: { findings: 3, uses: 9 } })
  const bodies = await Promise.all(entries.map(async (index) => {
    const { body } = await at.useCases.entry(index)
    return body.state === 'kept' ? JSON.parse(body.event) as { readonly subject: string; readonly data: { readonly envelope: Record<string, unknown> } } : undefined
  }))
  const { binding } = await at.useCases.optOut(uid)
  const common = { schema: 'exeat/act/v1', workspace: 'acme-1', repositoryIds: ['1001'], uid, ...binding }
  expect(bodies.map((body) => body?.data.envelope)).toMatchObject([
    { ...common, purpose: 'request', approvals: [], actor: actor('alice').identity },
    { ...common, purpose: 'approve', approvals: [], actor: actor('bob').identity },
    { ...common, purpose: 'activate', approvals: [expect.stringMatching(/^[0-9a-f]{64}$/)], actor: actor('dave').identity },
  ])
  expect(new Set(bodies.map((body) => body?.data.envelope['nonce'])).size).toBe(3)
})
