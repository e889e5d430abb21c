/**
 * Every act, with the database failing at each step of it: before the step is done (not persisted), or after it, which for the commit means persisted and not
 * acknowledged. What was not acknowledged stands whole or not at all, nothing is granted meanwhile, and a repetition with the same key settles it.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { faultyTables, type Fault, type Step } from '../../../testkit/src/log-store-faults.ts'
import type { StoreKind } from '../../../testkit/src/log-store-kit.ts'
import type { UseCases } from '../../src/use/index.ts'
import { activated, actor, agree, approved, codesOf, fileOf, newKey, optOut, requested, world, type World } from './support.ts'

const everyAct: readonly Step[] = ['begin', 'known', 'savepoint', 'put', 'keep', 'release', 'insertEntries', 'insertOperations', 'insertCheckpoint', 'updateHead', 'commit']

interface ActCase {
  readonly prepare: (at: World, name: string) => Promise<unknown>
  readonly act: (useCases: UseCases, name: string, key: string) => Promise<unknown>
  /** The phase before it and after it. */
  readonly before: string | undefined
  readonly after: string
  readonly entries: number
  readonly more?: readonly Step[]
}

const signed = async (useCases: UseCases, name: string) => (await useCases.optOut(name)).binding

const cases: Readonly<Record<string, ActCase>> = {
  request: {
    prepare: async () => {}, act: (useCases, name, key) => useCases.request(actor('alice'), { document: optOut(name) }, key),
    before: undefined, after: 'proposed', entries: 1,
  },
  approve: {
    prepare: requested, act: async (useCases, name, key) => useCases.approve(actor('bob'), name, await signed(useCases, name), key),
    before: 'proposed', after: 'approved', entries: 1,
  },
  activate: {
    prepare: async (at, name) => {
      await approved(at, name)
      at.merge({ [fileOf(name)]: optOut(name) })
      await at.useCases.synchronise()
    },
    act: async (useCases, name, key) => useCases.activate(actor('dave'), name, await signed(useCases, name), key),
    before: 'approved', after: 'active', entries: 1,
  },
  reject: { prepare: requested, act: (useCases, name, key) => useCases.reject(actor('bob'), name, 'no', key), before: 'proposed', after: 'rejected', entries: 1 },
  withdraw: { prepare: requested, act: (useCases, name, key) => useCases.withdraw(actor('alice'), name, 'no', key), before: 'proposed', after: 'withdrawn', entries: 1 },
  revoke: { prepare: activated, act: (useCases, name, key) => useCases.revoke(actor('bob'), name, 'no', key), before: 'active', after: 'revoked', entries: 1 },
  use: {
    prepare: (at, name) => activated(at, name, { limits: { findings: 1, uses: 1 } }),
    act: async (useCases, name) => useCases.claimUses([{ uid: (await useCases.optOut(name)).uid, point: 'gate', subject: 'commit:1' }]),
    before: 'active', after: 'active', entries: 1,
  },
  excess: {
    prepare: async (at, name) => {
      const { optOut: { uid } } = await activated(at, name, { limits: { findings: 1, uses: 1 } })
      await at.useCases.claimUses([{ uid, point: 'gate', subject: 'commit:1' }])
    },
    act: async (useCases, name) => useCases.claimUses([{ uid: (await useCases.optOut(name)).uid, point: 'gate', subject: 'commit:2' }]),
    before: 'active', after: 'exhausted', entries: 1,
  },
  erase: {
    prepare: async (at, name) => {
      await requested(at, name)
      await at.useCases.withdraw(actor('alice'), name, 'x', newKey())
    },
    act: async (useCases, name, key) => useCases.erase(actor('keeper'), { uid: (await useCases.optOut(name)).uid, reason: 'asked to' }, key),
    before: 'withdrawn', after: 'withdrawn', entries: 1, more: ['erase', 'remove'],
  },
}

export function faultSuite(kind: StoreKind): void {
  describe.each(Object.entries(cases))(`${kind.name}: %s`, (act, given) => {
    let at: World
    let made = 0
    beforeAll(async () => {
      at = await world(kind)
      await at.useCases.synchronise()
    })
    afterAll(async () => {
      if (act !== 'erase') await agree(at.log)
      await at.close()
    })

    const table = [...everyAct, ...given.more ?? []].flatMap((step) => (['before', 'after'] as const).map((when) => [step, when] as const))
    test.each(table)('%s fails, %s it is done', async (step, when) => {
      const name = `${act}-${made += 1}`
      await given.prepare(at, name)
      const { size } = await at.log.head()
      const arm = await faulty(at)
      arm({ step, when, error: kind.error('io') })
      const key = newKey()
      const [code] = await codesOf(given.act(at.useCases, name, key))
      const persisted = step === 'commit' && when === 'after'
      expect(code).toBe(act === 'revoke' && !persisted ? 'REVOCATION_QUEUED' : step === 'commit' ? 'STORE_UNCERTAIN' : 'STORE_FAILED')
      await nothingGranted(at, act, name)
      await at.restart()
      expect((await at.log.head()).size).toBe(size + (persisted ? given.entries : 0))
      expect(await phaseOf(at, name)).toBe(persisted ? given.after : given.before)
      await given.act(at.useCases, name, key)
      expect((await at.log.head()).size).toBe(size + given.entries)
      expect(await phaseOf(at, name)).toBe(given.after)
    })

    test('the disk is full: refused, the log goes on, and there is no trace of it', async () => {
      const name = `${act}-full`
      await given.prepare(at, name)
      const { size } = await at.log.head()
      const arm = await faulty(at)
      arm({ step: 'insertEntries', when: 'before', error: kind.error('full') })
      const key = newKey()
      expect(await codesOf(given.act(at.useCases, name, key))).toEqual([act === 'revoke' ? 'REVOCATION_QUEUED' : 'STORE_FULL'])
      expect((await at.log.head()).size).toBe(size)
      await given.act(at.useCases, name, key)
      expect((await at.log.head()).size).toBe(size + given.entries)
      await at.restart()
    })
  })
}

async function faulty(at: World): Promise<(fault: Fault) => void> {
  let arm: ((fault: Fault) => void) | undefined
  await at.restart((tables) => {
    const broken = faultyTables(tables)
    arm = broken.arm
    return broken.tables
  })
  if (arm === undefined) throw new Error('the tables were not opened')
  return arm
}

/** While the log is dead: an activation is not in force, and a revocation already is. */
async function nothingGranted(at: World, act: string, name: string): Promise<void> {
  if (act !== 'activate' && act !== 'revoke') return
  expect(at.log.status().state).toBe('dead')
  const { inForce } = await at.useCases.optOut(name).catch(() => ({ inForce: false }))
  if (act === 'revoke') expect(inForce).toBe(false)
}

async function phaseOf(at: World, name: string): Promise<string | undefined> {
  try {
    return (await at.useCases.optOut(name)).phase
  } catch {
    return undefined
  }
}

