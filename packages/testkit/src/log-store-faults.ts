/**
 * The fault table: a log is broken once at each step of an append, before the step is done and after it, with the connection
 * fit to roll back and not. Whatever happens, what was acknowledged stands, what was not either stands once or not at all, and a repeat settles it.
 */
import { fsck } from '@exeat/log'
import { openLog, sha256, type LogStore, type LogTables, type TableWriter } from '@exeat/server'
import { describe, expect, test } from 'vitest'
import {
  append, codeOf, foundedLog, memoryKeeper, must, opened, operation, problemOf, recording, reopened, testOptions, textAt, utf8, type StoreKind,
  type TestDatabase,
} from './log-store-kit.ts'

export type Step = Exclude<keyof TableWriter, 'rollback' | 'undo' | 'rootAt' | 'checkpointOver' | 'record' | 'records' | 'body'>
type When = 'before' | 'after'

const steps: readonly Step[] = [
  'begin', 'known', 'savepoint', 'put', 'remove', 'keep', 'erase', 'release', 'insertEntries', 'insertOperations', 'insertTileHashes', 'insertCheckpoint',
  'updateHead', 'commit',
]

export interface Fault {
  readonly step: Step
  readonly when: When
  readonly error: Error
  /** The rollback that follows fails too, as where the connection is gone. */
  readonly rollbackFails?: boolean
}

/** Tables that work until `arm` is called, then fail once. */
export function faultyTables(tables: LogTables): { readonly tables: LogTables; readonly arm: (fault: Fault) => void } {
  let armed: Fault | undefined
  let brokenRollback = false

  const failing = (name: keyof TableWriter) => async (...args: never[]): Promise<unknown> => {
    const call = tables.writer[name] as (...args: never[]) => Promise<unknown>
    if (name === 'rollback' && brokenRollback) throw new Error('the connection is gone')
    if (armed?.step !== name) return call(...args)
    const { when, error, rollbackFails = false } = armed
    armed = undefined
    if (when === 'after') await call(...args)
    brokenRollback = rollbackFails
    throw error
  }
  const names = Object.keys(tables.writer) as (keyof TableWriter)[]
  const writer = Object.fromEntries(names.map((name) => [name, failing(name)])) as unknown as TableWriter
  return { tables: { ...tables, writer }, arm: (fault) => { armed = fault } }
}

/** An entry that leaves a record and a body behind. */
const leaving = operation('c', {
  change: async (transaction) => problemOf(await transaction.put('gone', 'x', utf8('x'), 0)) ?? problemOf(await transaction.keep('gone', 'x', utf8('x'))),
})

/** An entry for which everything is changed that can be: a record written and one removed, a body kept and one erased. */
const changing = operation('d', {
  change: async (transaction) => problemOf(await transaction.put('done', 'd', utf8('d'), 0))
    ?? problemOf(await transaction.remove('gone', 'x', 1))
    ?? problemOf(await transaction.keep('done', 'd', utf8('d')))
    ?? (await transaction.erase('gone', 'x') ? undefined : { code: 'NOT_THERE', message: 'the body is not there' }),
})

async function appendThree(log: LogStore): Promise<void> {
  await append(log, 'a', 'b')
  must(await log.append(leaving))
}

interface Broken {
  readonly database: TestDatabase
  readonly log: LogStore
  readonly arm: (fault: Fault) => void
}

/** A log with three acknowledged entries, about to break. */
async function aboutToBreak(kind: StoreKind): Promise<Broken> {
  const { database, log } = await foundedLog(kind)
  await appendThree(log)
  await log.close()
  const { tables, arm } = faultyTables(await database.open())
  return { database, log: must(await openLog(tables, testOptions({ now: () => 1_800_000_000_000 }))), arm }
}

/** The same, whose writer can be changed while the log is open. */
async function withWriter(kind: StoreKind): Promise<{ readonly database: TestDatabase; readonly log: LogStore; readonly writer: Pick<TableWriterInTest, 'begin' | 'known'> }> {
  const { database, log } = await foundedLog(kind)
  await appendThree(log)
  await log.close()
  const tables = await database.open()
  const writer: TableWriterInTest = { ...tables.writer }
  return { database, log: must(await openLog({ ...tables, writer }, testOptions({ now: () => 1_800_000_000_000 }))), writer }
}

type TableWriterInTest = { -readonly [K in keyof TableWriter]: TableWriter[K] }

/** Everything acknowledged stands, the operation is there `times` times, and a repeat makes it exactly once. */
async function settles(database: TestDatabase, times: 0 | 1): Promise<void> {
  const log = await reopened(database, testOptions({ now: () => 1_900_000_000_000 }))
  expect(log.status()).toEqual({ state: 'open' })
  expect((await log.head()).size).toBe(3 + times)
  expect((await log.record('done', 'd'))?.version).toBe(times === 1 ? 1 : undefined)
  expect((await log.record('gone', 'x'))?.version).toBe(times === 1 ? undefined : 1)
  expect([await log.body('done', 'd'), await log.body('gone', 'x')].map((each) => each !== undefined)).toEqual([times === 1, times === 0])
  for (const [index, key] of ['a', 'b', 'c'].entries()) expect(await textAt(log, index)).toBe(`entry of ${key}`)
  const repeated = must(await log.append(changing))
  expect(repeated.index).toBe(3)
  expect(opened(repeated.checkpoint).size).toBe(4)
  expect((await log.head()).size).toBe(4)
  expect(await fsck(sha256, log, opened((await log.head()).checkpoint))).toMatchObject({ ok: true })
  await log.close()
  await database.drop()
}

const pairs = steps.flatMap((step) =>
  (['before', 'after'] as const).flatMap((when) => [false, true].map((rollbackFails) => ({ step, when, rollbackFails }))))

export function logStoreFaults(kind: StoreKind): void {
  describe(`${kind.name}: an append that breaks at any step`, () => {
    test.each(pairs)('$when $step (rollback fails: $rollbackFails)', async ({ step, when, rollbackFails }) => {
      const { database, log, arm } = await aboutToBreak(kind)
      arm({ step, when, rollbackFails, error: kind.error('io') })
      const answer = await log.append(changing)
      expect(codeOf(answer)).toBe(step === 'commit' ? 'STORE_UNCERTAIN' : 'STORE_FAILED')
      expect(log.status()).toMatchObject({ state: 'dead', problem: { code: codeOf(answer) } })
      expect(codeOf(await log.append(recording('e')))).toBe('STORE_DEAD')
      await log.close()
      await settles(database, step === 'commit' && when === 'after' ? 1 : 0)
    })

    test.each(steps.flatMap((step) => (['busy', 'full', 'constraint'] as const).map((error) => ({ step, error }))))(
      'before $step: $error leaves the log alive and stores nothing', async ({ step, error }) => {
        const { database, log, arm } = await aboutToBreak(kind)
        arm({ step, when: 'before', error: kind.error(error) })
        const codes = { busy: 'STORE_BUSY', full: 'STORE_FULL', constraint: 'STORE_CONFLICT' }
        expect(codeOf(await log.append(changing))).toBe(codes[error])
        expect(log.status()).toEqual({ state: 'open' })
        expect((await log.head()).size).toBe(3)
        await log.close()
        await settles(database, 0)
      })

    test('the head cannot be locked, and what was sent behind the lock fails sooner: the lock says why', async () => {
      const { database, log, writer } = await withWriter(kind)
      writer.begin = async () => {
        await new Promise((resolve) => { setImmediate(resolve) })
        throw kind.error('busy')
      }
      writer.known = () => Promise.reject(kind.error('io'))
      expect(codeOf(await log.append(changing))).toBe('STORE_BUSY')
      expect(log.status()).toEqual({ state: 'open' })
      await log.close()
      await settles(database, 0)
    })

    test('everything that waited with a broken batch is refused, and nothing after it is stored', async () => {
      const { database, log, arm } = await aboutToBreak(kind)
      arm({ step: 'commit', when: 'before', error: kind.error('io') })
      const answers = await Promise.all(Array.from({ length: 300 }, (_, i) => log.append(i === 0 ? changing : recording(`other-${i}`))))
      const codes = answers.map(codeOf)
      expect(codes.slice(0, 256)).toEqual(Array.from({ length: 256 }, () => 'STORE_UNCERTAIN'))
      expect(codes.slice(256)).toEqual(Array.from({ length: 44 }, () => 'STORE_DEAD'))
      await log.close()
      await settles(database, 0)
    })
  })

  describe(`${kind.name}: the head held outside`, () => {
    test.each(['before', 'after'] as const)('fails %s it is written: stored, not acknowledged, and settled by a repeat', async (when) => {
      const outside = memoryKeeper()
      const options = testOptions({ outside })
      const { database, log } = await foundedLog(kind, options)
      await appendThree(log)
      outside.fail = when
      expect(codeOf(await log.append(changing))).toBe('HEAD_OUTSIDE_FAILED')
      expect(log.status()).toMatchObject({ state: 'dead' })
      await log.close()
      const again = await reopened(database, options)
      expect(opened(outside.held ?? new Uint8Array(0)).size).toBe(4)
      expect(must(await again.append(changing)).index).toBe(3)
      await again.close()
      await settles(database, 1)
    })
  })
}
