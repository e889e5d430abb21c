/** The inventory: every opt-out once, in order, whatever the filter and the size of the page. */
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Wire } from '@exeat/core/wire'
import { sqlite } from '../sqlite-kind.ts'
import { activated, actor, approved, day, newKey, refused, requested, world, type World } from './support.ts'

type Query = Wire['listQuerySchema']

let at: World
beforeAll(async () => {
  at = await world(sqlite)
  const names = ['zeta', 'alpha', 'mid-1', 'mid-2', 'mid-10', 'a', 'a-b', 'ab']
  for (const name of names) await requested(at, name)
  await approved(at, 'agreed', { repositories: ['acme/ledger'] })
  await activated(at, 'live', { controls: ['trivy/CVE-1', 'trivy/CVE-2'] })
  await activated(at, 'gone', { until: day })
  await at.useCases.withdraw(actor('alice'), 'a-b', 'x', newKey())
  at.clock.now += day
})
afterAll(async () => at.close())

const all = async (query: Query): Promise<readonly string[]> => (await at.useCases.optOuts({ ...query, limit: 200 })).items.map(({ name }) => name)

async function inPages(query: Query, limit: number): Promise<readonly string[]> {
  const names: string[] = []
  for (let after: string | undefined; ;) {
    const { items, next } = await at.useCases.optOuts({ ...query, limit, ...(after === undefined ? {} : { after }) })
    expect(items.length).toBeLessThanOrEqual(limit)
    if (next !== undefined) expect(items).toHaveLength(limit)
    names.push(...items.map(({ name }) => name))
    if (next === undefined) return names
    after = next
  }
}

test('all, in the order of names', async () => {
  expect(await all({})).toEqual(['a', 'a-b', 'ab', 'agreed', 'alpha', 'gone', 'live', 'mid-1', 'mid-10', 'mid-2', 'zeta'])
})

test.for<[Query, readonly string[]]>([
  [{ phase: 'active' }, ['live']],
  [{ phase: 'lapsed' }, ['gone']],
  [{ phase: 'withdrawn' }, ['a-b']],
  [{ phase: 'approved' }, ['agreed']],
  [{ name: 'mid-10' }, ['mid-10']],
  [{ name: 'nobody' }, []],
  [{ control: 'trivy/CVE-2' }, ['live']],
  [{ control: 'trivy/CVE-*' }, ['live']],
  [{ repository: 'acme/ledger' }, ['agreed']],
  [{ environment: 'production' }, []],
  [{ environment: 'test', repository: 'acme/ledger', phase: 'approved' }, ['agreed']],
])('%j', async ([query, names]) => { expect(await all(query)).toEqual(names) })

test('pages of any size give each once', async () => {
  await fc.assert(fc.asyncProperty(fc.integer({ min: 1, max: 12 }), fc.constantFrom<Query>({}, { phase: 'proposed' }, { repository: 'acme/payments' }, { name: 'mid-1' }), async (limit, query) => {
    expect(await inPages(query, limit)).toEqual(await all(query))
  }), { numRuns: 30, seed: 1 })
})

test.for<Query>([{ limit: 0 }, { limit: 201 }, { limit: 1.5 }, { phase: 'asleep' as never }, { more: 1 } as never, { after: 'é' }])('%j is no query', async (query) => {
  await refused(at.useCases.optOuts(query), 'INPUT_INVALID')
})

test('what is missing is what is left of the quorum', async () => {
  expect((await at.useCases.optOut('alpha')).missing).toEqual(['1 of security', 'the document at the protected ref'])
  expect((await at.useCases.optOut('agreed')).missing).toEqual(['the document at the protected ref'])
  expect((await at.useCases.optOut('live')).missing).toEqual([])
})
