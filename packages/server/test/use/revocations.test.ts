/** Revoking while the log cannot be written: in effect at once, told as not recorded, and entered as soon as it can be. */
import { afterEach, beforeEach, expect, test } from 'vitest'
import { faultyTables, type Fault } from '../../../testkit/src/log-store-faults.ts'
import type { BundleContext } from '../../src/ports/bundle.ts'
import { createUseCases } from '../../src/use/index.ts'
import { sqlite } from '../sqlite-kind.ts'
import { activated, actor, agree, newKey, refused, requested, world, type World } from './support.ts'

let at: World
let arm: (fault: Fault) => void
beforeEach(async () => {
  at = await world(sqlite)
  await activated(at, 'a')
  await activated(at, 'b')
  await at.restart((tables) => {
    const faulty = faultyTables(tables)
    arm = faulty.arm
    return faulty.tables
  })
})
afterEach(async () => at.close())

const full = (): void => { arm({ step: 'insertEntries', when: 'before', error: sqlite.error('full') }) }
const revoke = (key = newKey(), who = 'bob', name = 'a') => at.useCases.revoke(actor(who), name, 'a hole', key)
const runPlanned = async (): Promise<void> => {
  for (const run of at.planned.splice(0)) run()
  await new Promise((resolve) => { setTimeout(resolve, 20) })
}

test('reads, lists, uses and bundles treat it as ended, and the status says so', async () => {
  full()
  await refused(revoke(), 'REVOCATION_QUEUED')
  expect(await at.useCases.optOut('a')).toMatchObject({ phase: 'revoked', inForce: false })
  expect((await at.useCases.optOuts({ phase: 'revoked' })).items.map(({ name }) => name)).toEqual(['a'])
  expect((await at.useCases.optOuts({ phase: 'active' })).items.map(({ name }) => name)).toEqual(['b'])
  expect(await at.useCases.status()).toMatchObject({ state: 'open', code: 'REVOCATION_QUEUED' })
})

test('it is entered by the next act of anybody, and the status is well again', async () => {
  full()
  await refused(revoke(), 'REVOCATION_QUEUED')
  await requested(at, 'c')
  expect(await at.useCases.status()).not.toHaveProperty('code')
  await at.restart()
  expect((await at.useCases.optOut('a')).phase).toBe('revoked')
  await agree(at.log)
})

test('it is entered without anybody asking again, and tried until it is', async () => {
  full()
  await refused(revoke(), 'REVOCATION_QUEUED')
  expect(at.planned).toHaveLength(1)
  full()
  await runPlanned()
  expect(await at.useCases.status()).toMatchObject({ code: 'REVOCATION_QUEUED' })
  expect(at.planned).toHaveLength(1)
  await runPlanned()
  expect(await at.useCases.status()).not.toHaveProperty('code')
  expect(at.planned).toHaveLength(0)
})

test('whoever repeats it with the same key is answered once it stands', async () => {
  const key = newKey()
  full()
  await refused(revoke(key), 'REVOCATION_QUEUED')
  const { size } = await at.log.head()
  expect((await revoke(key)).index).toBe(size)
  expect((await at.log.head()).size).toBe(size + 1)
})

test('a bundle is told what to withhold while the log is dead, and uses are refused', async () => {
  arm({ step: 'commit', when: 'before', error: sqlite.error('io') })
  await refused(revoke(), 'REVOCATION_QUEUED')
  expect(at.log.status().state).toBe('dead')
  const { uid } = await at.useCases.optOut('a')
  expect((await at.useCases.claimUses([{ uid, point: 'gate', subject: 'commit:1' }])).results).toEqual([{ uid, outcome: 'refused', code: 'WRONG_PHASE', message: 'it was revoked' }])
  expect(await at.useCases.status()).toMatchObject({ state: 'dead', code: 'STORE_UNCERTAIN' })
  await refused(at.useCases.claimUses([{ uid: 'f'.repeat(64), point: 'gate', subject: 'commit:1' }]), 'STORE_DEAD')
})

test('two under one key: the one that waits is not forgotten when the other takes the key', async () => {
  const key = newKey()
  full()
  await refused(revoke(key), 'REVOCATION_QUEUED')
  full()
  await revoke(key, 'bob', 'b')
  await runPlanned()
  expect((await at.useCases.optOut('b')).phase).toBe('revoked')
  expect(await at.useCases.optOut('a')).toMatchObject({ phase: 'revoked', inForce: false })
  expect(await at.useCases.status()).toMatchObject({ code: 'REVOCATION_QUEUED' })
  await revoke()
  await runPlanned()
  expect(await at.useCases.status()).not.toHaveProperty('code')
})

test('a use that was counted before is not counted again after the revocation stands in the log', async () => {
  const { uid } = await at.useCases.optOut('a')
  const use = { uid, point: 'gate', subject: 'commit:1' }
  expect((await at.useCases.claimUses([use])).results).toEqual([{ uid, outcome: 'counted' }])
  await revoke()
  expect((await at.useCases.claimUses([use])).results).toMatchObject([{ uid, outcome: 'refused', code: 'WRONG_PHASE' }])
})

test('the bundle\'s maker is given it', async () => {
  let given: BundleContext | undefined
  at.useCases = createUseCases({ ...at.dependencies, log: at.log, bundles: { ...at.dependencies.bundles, make: async (_, context) => {
    given = context
    throw new Error('no bundle is needed here')
  } } })
  arm({ step: 'commit', when: 'before', error: sqlite.error('io') })
  await refused(revoke(), 'REVOCATION_QUEUED')
  const { uid } = await at.useCases.optOut('a')
  await expect(at.useCases.bundle({})).rejects.toThrow('no bundle is needed here')
  expect(given?.revoked).toEqual(new Map([[uid, at.clock.now]]))
  expect(given?.governed.commit).toBe((await at.useCases.status()).commit)
})

test('nobody revokes who may not, however the log is', async () => {
  full()
  await refused(revoke(newKey(), 'erin'), 'NOT_ENTITLED')
  expect((await at.useCases.optOut('a')).phase).toBe('active')
  arm({ step: 'commit', when: 'before', error: sqlite.error('io') })
  await refused(revoke(newKey(), 'bob'), 'REVOCATION_QUEUED')
  await refused(revoke(newKey(), 'mallory', 'b'), 'NOT_ENTITLED')
  expect((await at.useCases.optOut('b')).inForce).toBe(true)
})

test('other acts fail closed while the log is dead', async () => {
  arm({ step: 'commit', when: 'before', error: sqlite.error('io') })
  await refused(requested(at, 'c'), 'STORE_UNCERTAIN')
  await refused(requested(at, 'd'), 'STORE_DEAD')
  await refused(at.useCases.withdraw(actor('alice'), 'b', 'x', newKey()), 'STORE_DEAD')
})
