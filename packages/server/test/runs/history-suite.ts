/** What the history of runs keeps, for how long, and what gives way: the same on every store. */
import { randomBytes } from 'node:crypto'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type IdentityRows, rowKinds } from '../../src/ports/identity.ts'
import type { NewRun } from '../../src/ports/runs.ts'
import { runHistory } from '../../src/runs/index.ts'
import { commit, digestOf } from '../decisions/support.ts'

const day = 86_400_000
const run = (text: string, more: Partial<NewRun> = {}): NewRun => ({
  repository: { name: 'acme/payments', id: '1001' }, environment: 'staging', commit, proven: true, by: 'github', findings: 1,
  reports: [{ name: 'a.sarif', bytes: Buffer.from(text), digest: digestOf(text) }], ...more,
})

export interface HistoryKind {
  readonly name: string
  /** Rows of nobody else's. */
  readonly rows: () => Promise<IdentityRows>
}

export const historySuite = (kind: HistoryKind) => describe(`what is kept in ${kind.name}`, () => {
  let rows: IdentityRows
  let now: number
  const history = (most = { days: 30, runs: 3 }) => runHistory({ rows, history: most, now: () => now, random: (length) => new Uint8Array(randomBytes(length)) })
  beforeEach(async () => {
    rows = await kind.rows()
    now = 1_700_000_000_000
  })
  afterEach(async () => rows.close())
  const texts = async (id: string): Promise<readonly string[] | undefined> => (await history().reportsOf(id))?.reports.map(({ base64 }) => Buffer.from(base64, 'base64').toString('utf8'))

  test('is the very bytes, once however often they come', async () => {
    const kept = await history().keep(run('one', { root: '/build' }))
    expect(kept).toMatchObject({ at: '2023-11-14T22:13:20.000Z', root: '/build', reports: [{ name: 'a.sarif', bytes: 3, digest: digestOf('one') }] })
    now += 1
    expect(await history().keep(run('one'))).toEqual(kept)
    expect((await history().list({})).runs).toEqual([kept])
    expect(await texts(kept?.id ?? '')).toEqual(['one'])
    for (const other of [run('two'), run('one', { environment: 'production' }), run('one', { commit: '2'.repeat(40) }), run('one', { proven: false })]) await history({ days: 30, runs: 100 }).keep(other)
    expect((await history().list({})).runs).toHaveLength(5)
  })
  test('is no longer kept once the operator wants fewer days of it, nor anything once there is to be no history', async () => {
    const kept: string[] = []
    for (const text of ['old', 'older', 'new']) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      kept.push((await history().keep(run(text)))?.id ?? '')
      now += 5 * day
    }
    const listed = async (): Promise<readonly string[]> => (await history().list({})).runs.map(({ id }) => id)
    await history().prune()
    expect(await listed()).toEqual(kept)
    await history({ days: 6, runs: 3 }).prune()
    expect(await listed()).toEqual(kept.slice(2))
    expect(await rows.all(rowKinds.runReport, now, { limit: 10 })).toHaveLength(1)
    // What comes again is new: nothing of it stands any more.
    expect(await history({ days: 6, runs: 3 }).keep(run('old'))).not.toMatchObject({ id: kept[0] })
    await runHistory({ rows, now: () => now, random: (length) => new Uint8Array(randomBytes(length)) }).prune()
    expect(await listed()).toEqual([])
    for (const kindOf of [rowKinds.run, rowKinds.runReport, rowKinds.runContent]) {
      // oxlint-disable-next-line no-await-in-loop -- three kinds
      expect(await rows.all(kindOf, now, { limit: 10 })).toEqual([])
    }
  })
  test('is asked for by place and time, page by page', async () => {
    const all = history({ days: 400, runs: 1000 })
    for (let index = 0; index < 510; index += 1) {
      now += 60_000
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      await all.keep(run(`r${index}`, index % 2 === 0 ? {} : { environment: 'production', repository: { name: 'acme/ledger', id: '1002' } }))
    }
    const first = await all.list({ environment: 'staging' })
    const second = await all.list({ environment: 'staging', ...(first.next === undefined ? {} : { after: first.next }) })
    expect([first.runs.length, second.runs.length, second.next]).toEqual([250, 5, undefined])
    expect((await all.list({ repository: 'acme/nobody' })).runs).toEqual([])
    expect((await all.list({ since: new Date(now - 5 * 60_000).toISOString() })).runs).toHaveLength(6)
  })
  test('ends after its days, and the oldest of a place give way', async () => {
    const ids: (string | undefined)[] = []
    for (const text of ['a', 'b', 'c', 'd', 'e']) {
      now += 1
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      ids.push((await history().keep(run(text)))?.id)
    }
    await history().keep(run('elsewhere', { environment: 'production' }))
    expect((await history().list({ environment: 'staging' })).runs.map(({ id }) => id)).toEqual(ids.slice(2))
    expect(await texts(ids[0] ?? '')).toBeUndefined()
    expect(await rows.all(rowKinds.runReport, now)).toHaveLength(4)
    now += 30 * day
    expect((await history().list({})).runs).toEqual([])
    expect(await texts(ids[4] ?? '')).toBeUndefined()
    expect(await rows.sweep(now)).toBeGreaterThan(0)
    expect(await rows.all(rowKinds.run, 0)).toEqual([])
  })
  test('what somebody says never takes the place of what a token proves', async () => {
    const proven = await history().keep(run('proven'))
    for (let index = 0; index < 5; index += 1) {
      now += 1
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      await history().keep(run(`said ${index}`, { proven: false, by: 'laptop' }))
    }
    const { runs } = await history().list({})
    expect(runs.filter((each) => each.proven)).toEqual([proven])
    expect(runs).toHaveLength(4)
  })
  test('nothing is left of a run that gave way, and it is kept again where it comes again', async () => {
    const first = await history().keep(run('a'))
    for (const text of ['b', 'c', 'd']) {
      now += 1
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      await history().keep(run(text))
    }
    expect(await texts(first?.id ?? '')).toBeUndefined()
    expect(await rows.all(rowKinds.runContent, now)).toHaveLength(3)
    now += 1
    const again = await history().keep(run('a'))
    expect(await texts(again?.id ?? '')).toEqual(['a'])
  })
  test('a run that a crash cut off is no run, and is taken whole the next time', async () => {
    let left = 2
    const dying = { ...rows, put: (...row: Parameters<IdentityRows['put']>) => (left-- > 0 ? rows.put(...row) : Promise.reject(new Error('gone'))) }
    await expect(runHistory({ rows: dying, history: { days: 1, runs: 9 }, now: () => now, random: (length) => new Uint8Array(randomBytes(length)) }).keep(run('one'))).rejects.toThrow('gone')
    expect((await history().list({})).runs).toEqual([])
    now += 61_000
    const kept = await history().keep(run('one'))
    expect(await history().keep(run('one'))).toEqual(kept)
    expect((await history().list({})).runs).toEqual([kept])
    expect(await texts(kept?.id ?? '')).toEqual(['one'])
  })
  test('a hundred at once are all kept, and equal ones are one', async () => {
    const all = history({ days: 1, runs: 1000 })
    const kept = await Promise.all(Array.from({ length: 100 }, (_, index) => all.keep(run(`r${index % 50}`))))
    expect(kept.every((each) => each !== undefined)).toBe(true)
    const digests = (await all.list({})).runs.map(({ reports }) => reports[0]?.digest)
    expect([digests.length, new Set(digests).size]).toEqual([50, 50])
    expect(new Set(kept.map((each) => each?.id)).size).toBe(50)
  })
  test('nothing, unless the operator asks for it', async () => {
    expect(await runHistory({ rows, now: () => now, random: () => new Uint8Array(8) }).keep(run('one'))).toBeUndefined()
  })
})
