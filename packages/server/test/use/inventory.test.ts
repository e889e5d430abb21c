/** The inventory in small rows: what fits, in which order, each once, whatever the page; and that ten thousand of them are no trouble. */
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { inventoryOrders, type InventoryQuery } from '@exeat/core/wire'
import { fromBytes, type StoredOptOut } from '../../src/use/index.ts'
import { sqlite } from '../sqlite-kind.ts'
import { activated, actor, approved, day, hour, newKey, refused, requested, start, world, type World } from './support.ts'

describe('of what the log has', () => {
  let at: World
  beforeAll(async () => {
    at = await world(sqlite)
    await requested(at, 'zeta', { environments: ['test'], reason: `${'x'.repeat(278)}🙂 and more` })
    at.clock.now += hour
    await approved(at, 'agreed', { repositories: ['acme/ledger'] })
    at.clock.now += hour
    await activated(at, 'live', { controls: ['trivy/CVE-1', 'trivy/CVE-2'], until: 9 * day })
    await activated(at, 'brief', { until: 3 * day, category: 'mitigated' })
    await activated(at, 'gone', { until: day })
    await requested(at, 'withdrawn')
    await at.useCases.withdraw(actor('alice'), 'withdrawn', 'x', newKey())
    at.clock.now = start + day + hour
  })
  afterAll(async () => at.close())

  const named = async (query: InventoryQuery): Promise<readonly string[]> => (await at.useCases.inventory(query)).items.map(({ name }) => name)

  test.for<[InventoryQuery, readonly string[]]>([
    [{ order: 'name' }, ['agreed', 'brief', 'gone', 'live', 'withdrawn', 'zeta']],
    [{ order: 'name', phases: 'active' }, ['brief', 'live']],
    [{ order: 'ending', phases: 'active' }, ['brief', 'live']],
    [{ order: 'ended', phases: 'lapsed,withdrawn' }, ['gone', 'withdrawn']],
    [{ order: 'name', phases: 'proposed,approved' }, ['agreed', 'zeta']],
    [{ control: 'cve-2' }, ['live']],
    [{ control: 'CVE-3' }, []],
    [{ environment: 'production' }, []],
    [{ environment: 'test', category: 'mitigated' }, ['brief']],
    [{ owner: 'ALICE', order: 'name', phases: 'active' }, ['brief', 'live']],
    [{ owner: 'mallory' }, []],
    [{ review: 'open' }, []],
    // A withdrawal ends what never was in force: nobody need hear of it.
    [{ endedSince: new Date(start + hour).toISOString() }, ['gone']],
    [{ endedSince: new Date(start + day + 1).toISOString() }, []],
  ])('%j', async ([query, names]) => { expect(await named(query)).toEqual(names) })

  test('the newest first, where nothing else is asked', async () => { expect((await named({})).slice(-2)).toEqual(['agreed', 'zeta']) })

  test('counts are of all that fit, and of the phases whatever phase is asked for', async () => {
    expect(await at.useCases.inventory({ phases: 'active', limit: 1 })).toMatchObject({
      total: 2, phases: { active: 2, lapsed: 1, withdrawn: 1, proposed: 1, approved: 1 },
      environments: [{ value: 'test', count: 2 }], controls: [{ count: 1 }, { count: 1 }, { count: 1 }], owners: [{ value: 'alice@acme.example', count: 2 }], items: [{ inForce: true }],
    })
  })

  test('a row says what waits for whom, what was used and how it ended, and the beginning of a long reason in whole characters', async () => {
    const { items: [row] } = await at.useCases.inventory({ phases: 'proposed' })
    expect(row).toMatchObject({ name: 'zeta', missing: ['1 of security', 'the document at the protected ref'], emergency: false, unheard: false, uses: { counted: 0, limit: null }, reason: `${'x'.repeat(278)}…` })
    const { items: [over] } = await at.useCases.inventory({ phases: 'lapsed' })
    expect(over).toMatchObject({ name: 'gone', endedAt: new Date(start + day).toISOString(), inForce: false, missing: [] })
  })

  test('pages of any size give each once', async () => {
    await fc.assert(fc.asyncProperty(fc.integer({ min: 1, max: 8 }), fc.constantFrom(...inventoryOrders), async (limit, order) => {
      const names: string[] = []
      for (let after: string | undefined; ;) {
        const { items, next, total } = await at.useCases.inventory({ order, limit, ...(after === undefined ? {} : { after }) })
        expect(total).toBe(6)
        names.push(...items.map(({ name }) => name))
        if (next === undefined) break
        after = next
      }
      expect(names).toEqual(await named({ order }))
    }), { numRuns: 24, seed: 1 })
  })

  test.for<InventoryQuery>([
    { limit: 0 }, { limit: 201 }, { phases: 'asleep' }, { phases: 'active,' }, { phases: '' }, { order: 'random' as never }, { more: 1 } as never, { after: 'é' }, { endedSince: 'yesterday' },
    { review: 'none' as never }, { after: Buffer.from(`name agreed ${'a'.repeat(64)}`).toString('base64url') }, { environment: '../x' }, { control: 'a\u0000b' },
  ])('%j is no query', async (query) => { await refused(at.useCases.inventory(query), 'INPUT_INVALID') })

  test('uses are counted by the hour of a short life and by the day of a long one, of records of an earlier release too', async () => {
    const { items: [live] } = await at.useCases.inventory({ phases: 'active', order: 'name', control: 'CVE-1' })
    const uid = live?.uid ?? ''
    for (const subject of ['commit:1', 'commit:2', 'commit:2']) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other, so that the second is a repetition
      await at.useCases.claimUses([{ uid, point: 'gate/1001/test', subject }])
    }
    at.clock.now += 3 * hour
    await at.useCases.claimUses([{ uid, point: 'gate/1001/test', subject: 'commit:3' }])
    expect(await at.useCases.usesOverTime('live')).toMatchObject({ uid, counted: 3, limit: null, step: 'hour', steps: [{ count: 2 }, { count: 1 }] })
    const expected = await at.useCases.usesOverTime('live')
    // As an earlier release wrote them: without the instant.
    await at.database.execute(`UPDATE record SET version = version + 1, value = CAST(json_remove(CAST(value AS TEXT), '$.at') AS BLOB) WHERE kind = 'use'`)
    expect(await at.useCases.usesOverTime('live')).toEqual(expected)
    at.clock.now += 4 * day
    const byDay = await at.useCases.usesOverTime('live')
    expect(byDay).toMatchObject({ step: 'day', steps: [{ count: 3 }] })
    await refused(at.useCases.usesOverTime('nobody'), 'UNKNOWN_OPTOUT')
  })
})

test('ten thousand opt-outs: each on one page, and a page holds no more than was asked for', { timeout: 120_000 }, async () => {
  const at = await world(sqlite)
  await activated(at, 'first')
  await seed(at, 9_999)
  const seen = new Set<string>()
  for (let after: string | undefined; ;) {
    // oxlint-disable-next-line no-await-in-loop -- page after page
    const { items, next, total } = await at.useCases.inventory({ order: 'ending', limit: 200, ...(after === undefined ? {} : { after }) })
    expect(total).toBe(10_000)
    for (const { uid } of items) seen.add(uid)
    if (next === undefined) break
    after = next
  }
  expect(seen.size).toBe(10_000)
  expect(await at.useCases.inventory({ control: 'CVE-9998', limit: 200 })).toMatchObject({ total: 1, items: [{ name: 'copy-9998' }] })
  await at.close()
})

/** Records like the one there is, beside the log: state follows from entries, and nothing here asks whether it does. */
async function seed(at: World, count: number): Promise<void> {
  const [found] = await at.log.records('optout', { limit: 1 })
  if (found === undefined) throw new Error('there is nothing to copy')
  const stored = fromBytes<StoredOptOut>(found.value)
  const rows = Array.from({ length: count }, (_, i) => {
    const { record } = stored
    const uid = i.toString(16).padStart(64, '0')
    const copy = { ...stored, record: { ...record, uid, asked: { ...record.asked, name: `copy-${i}`, scope: { ...record.asked.scope, controls: [`trivy/CVE-${i}`] } } } }
    return `('optout', '${uid}', 1, CAST('${JSON.stringify(copy).replaceAll("'", "''")}' AS BLOB))`
  })
  for (let i = 0; i < rows.length; i += 500) {
    // oxlint-disable-next-line no-await-in-loop -- a statement has its limits
    await at.database.execute(`INSERT INTO record (kind, key, version, value) VALUES ${rows.slice(i, i + 500).join(', ')}`)
  }
}
