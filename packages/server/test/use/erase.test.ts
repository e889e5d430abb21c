/** Erasure: what was said is gone, that it was said stands, and the log still verifies. */
import { fsck } from '@exeat/log'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { sha256 } from '../../src/store/ed25519.ts'
import type { Actor } from '../../src/use/index.ts'
import { sqlite } from '../sqlite-kind.ts'
import { activated, actor, day, eventsOf, newKey, refused, requested, world, type World } from './support.ts'

let at: World
beforeEach(async () => { at = await world(sqlite) })
afterEach(async () => at.close())

const erase = (uid: string, key = newKey(), who = 'keeper') => at.useCases.erase(actor(who), { uid, reason: 'asked to by who is named in it' }, key)

/** The bytes of everything that is stored, to look for what must be gone. */
async function everything(): Promise<string> {
  const parts: Uint8Array[] = []
  for (const kind of ['optout', 'open', 'name', 'use', 'governance']) for (const { key, value } of await at.log.records(kind, { limit: 1000 })) parts.push(Buffer.from(key), value)
  const { size } = await at.log.head()
  for (let index = 0; index < size; index++) {
    const view = await at.useCases.entry(index)
    parts.push(Buffer.from(JSON.stringify(view)))
  }
  return Buffer.concat(parts).toString('utf8')
}

test('what it said is gone from bodies, document, records and views; its uid, name and phase stay', async () => {
  const { optOut: { uid, binding } } = await activated(at, 'a', { reason: 'Because of Zacharias himself.', limits: { findings: 1, uses: 5 } })
  await at.useCases.claimUses([{ uid, point: 'gate/zacharias', subject: 'commit:1' }, { uid, point: 'gate/zacharias', subject: 'commit:2' }])
  await at.useCases.revoke(actor('bob'), 'a', 'Zacharias asked', newKey())
  at.clock.now += 31 * day
  const before = await at.useCases.optOut('a')
  expect(await everything()).toMatch(/zacharias/i)
  const { index, erased } = await erase(uid)
  expect(erased.map(({ kind }) => kind).toSorted()).toEqual(['OptOut', 'event', 'event', 'event', 'event', 'event', 'event'])
  expect(await everything()).not.toMatch(/zacharias/i)
  expect(await everything()).not.toMatch(/"sub":"(?:alice|bob|dave)"/)
  const view = await at.useCases.optOut('a')
  expect(view).toMatchObject({ uid, name: 'a', phase: 'revoked', reason: '', owner: '', controls: [], repositories: [], window: before.window, uses: { counted: 2, limit: 5 }, entries: before.entries })
  expect(view).not.toHaveProperty('document')
  for (const each of view.entries) expect((await at.useCases.entry(each)).body).toEqual({ state: 'erased' })
  await refused(at.useCases.document('OptOut', binding.optOut), 'DOCUMENT_UNKNOWN')
  expect((await at.useCases.entry(index)).body).toMatchObject({ state: 'kept' })
  expect(await fsck(sha256, at.log, await at.log.head())).toMatchObject({ ok: true })
  await eventsOf(at.log)
})

test('it is still in the list, and its name is spent', async () => {
  const { optOut: { uid } } = await requested(at, 'a')
  await at.useCases.withdraw(actor('alice'), 'a', 'x', newKey())
  await erase(uid)
  expect((await at.useCases.optOuts({})).items).toMatchObject([{ name: 'a', phase: 'withdrawn', reason: '' }])
  await refused(requested(at, 'a', { reason: 'Another.' }), 'NAME_REUSED')
  await refused(requested(at, 'a'), 'ALREADY_STANDS')
  await refused(at.useCases.approve(actor('bob'), 'a', { optOut: uid, terms: uid, impact: null }, newKey()), 'ERASED')
})

test('not while it may be used, may be continued, or is unknown; not twice', async () => {
  const { optOut: { uid } } = await activated(at, 'a')
  await refused(erase(uid), 'ERASE_TOO_EARLY')
  at.clock.now += 3 * day
  await refused(erase(uid), 'ERASE_TOO_EARLY')
  at.clock.now += 30 * day
  await erase(uid)
  await refused(erase(uid), 'ERASED')
  await refused(erase('f'.repeat(64)), 'UNKNOWN_OPTOUT')
})

test('a request that still waits is not erased', async () => {
  const { optOut: { uid } } = await requested(at, 'a')
  await refused(erase(uid), 'ERASE_TOO_EARLY')
})

test('only by whoever keeps the log', async () => {
  const { optOut: { uid } } = await requested(at, 'a')
  const identity = { iss: 'https://id.example', sub: 'keeper' }
  const stranger: Actor = { identity, evidence: { strength: 'none', kind: 'sign-in', method: 'oidc', at: at.clock.now as never } }
  await refused(at.useCases.erase(stranger, { uid, reason: 'x' }, newKey()), 'NOT_ENTITLED')
  await refused(at.useCases.erase({ identity, evidence: { strength: 'operator-asserted', name: 'keeper' } }, { uid, reason: 'x' }, newKey()), 'INPUT_INVALID')
})

test('repeated with its key it is answered as it was first; another key finds it erased', async () => {
  const { optOut: { uid } } = await activated(at, 'a')
  await at.useCases.claimUses(Array.from({ length: 60 }, (_, i) => ({ uid, point: 'gate', subject: `commit:${i}` })))
  at.clock.now += 40 * day
  const first = await erase(uid, 'erase')
  const { size } = await at.log.head()
  await at.restart()
  const again = await erase(uid, 'erase')
  expect(again.index).toBe(first.index)
  expect(again.erased.length).toBeGreaterThan(0)
  expect(first.erased).toHaveLength(4 + 60)
  expect((await at.log.head()).size).toBe(size)
})

test('more uses than one operation erases, with the database failing in between: the same key ends it', async () => {
  const { optOut: { uid } } = await activated(at, 'a')
  for (let k = 0; k < 9; k++) await at.useCases.claimUses(Array.from({ length: 100 }, (_, i) => ({ uid, point: `gate-${k}`, subject: `commit:${i}` })))
  at.clock.now += 40 * day
  let commits = 0
  await at.restart((tables) => ({
    ...tables,
    writer: { ...tables.writer, commit: async () => {
      commits += 1
      if (commits === 3) throw sqlite.error('io')
      return tables.writer.commit()
    } },
  }))
  await refused(erase(uid, 'erase'), 'STORE_UNCERTAIN')
  await at.restart()
  expect((await at.useCases.optOut('a')).reason).toBe('')
  expect(await at.log.records('use', { limit: 1 })).toHaveLength(1)
  await erase(uid, 'erase')
  expect(await at.log.records('use', { limit: 1 })).toEqual([])
  expect((await eventsOf(at.log)).filter(({ type }) => type === 'dev.exeat.use.claimed.v1')).toEqual([])
  expect((await at.useCases.optOut('a')).uses.counted).toBe(900)
  expect(await fsck(sha256, at.log, await at.log.head())).toMatchObject({ ok: true })
})

test('an erasure that stopped half way is carried on under another key', async () => {
  const { optOut: { uid } } = await activated(at, 'a')
  for (let k = 0; k < 5; k++) await at.useCases.claimUses(Array.from({ length: 100 }, (_, i) => ({ uid, point: `gate-${k}`, subject: `commit:${i}` })))
  at.clock.now += 40 * day
  let commits = 0
  await at.restart((tables) => ({
    ...tables,
    writer: { ...tables.writer, commit: async () => {
      commits += 1
      if (commits === 2) throw sqlite.error('io')
      return tables.writer.commit()
    } },
  }))
  await refused(erase(uid), 'STORE_UNCERTAIN')
  await at.restart()
  expect(await at.log.records('use', { limit: 1 })).toHaveLength(1)
  expect((await erase(uid, 'other')).erased).toHaveLength(500)
  expect(await at.log.records('use', { limit: 1 })).toEqual([])
  expect((await erase(uid, 'other')).erased.length).toBeGreaterThan(0)
  await refused(erase(uid), 'ERASED')
})

test('the others keep what is theirs', async () => {
  const { optOut: { uid } } = await requested(at, 'a')
  const { optOut: { binding } } = await requested(at, 'b')
  await at.useCases.withdraw(actor('alice'), 'a', 'x', newKey())
  await erase(uid)
  expect(await at.useCases.document('OptOut', binding.optOut)).toMatchObject({ metadata: { name: 'b' } })
  expect((await at.useCases.approve(actor('bob'), 'b', binding, newKey())).optOut.phase).toBe('approved')
})
