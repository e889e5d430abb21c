/** Whatever is sent: refused with a code, and nothing of it stands. */
import fc from 'fast-check'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { ExeatError } from '@exeat/core/error'
import type { Actor, UseCases } from '../../src/use/index.ts'
import { sqlite } from '../sqlite-kind.ts'
import { actor, newKey, optOut, refused, requested, world, type World } from './support.ts'

let at: World
beforeEach(async () => {
  at = await world(sqlite)
  await at.useCases.synchronise()
})
afterEach(async () => at.close())

const request = (document: unknown, impact?: unknown): Promise<unknown> =>
  at.useCases.request(actor('alice'), { document, ...(impact === undefined ? {} : { impact }) } as never, newKey())

const deep = (levels: number): unknown => {
  let value: unknown = {}
  for (let i = 0; i < levels; i++) value = { a: value }
  return value
}

test.for<[string, string, () => unknown]>([
  ['a document that is huge', 'INPUT_TOO_LARGE', () => optOut('a', { reason: 'x'.repeat(70_000) })],
  ['a document of many small parts', 'INPUT_TOO_LARGE', () => ({ ...optOut('a'), more: Array.from({ length: 100_000 }, () => 0) })],
  ['a document that is deep', 'INPUT_TOO_LARGE', () => ({ ...optOut('a'), more: deep(100_000) })],
  ['more targets than an entry can hold', 'INPUT_TOO_LARGE', () => optOut('a', { more: { targets: { environments: ['test'], repositories: ['acme/payments'], paths: Array.from({ length: 1500 }, (_, i) => `services/${i}/pom.xml`) } } })],
  ['a key __proto__', 'DOCUMENT_KEY_UNKNOWN', () => JSON.parse(`{"apiVersion":"exeat.dev/v1","kind":"OptOut","metadata":{"name":"a"},"spec":${JSON.stringify(optOut('a')['spec'])},"__proto__":{"x":1}}`) as unknown],
  ['a key constructor', 'DOCUMENT_KEY_UNKNOWN', () => ({ ...optOut('a'), constructor: { prototype: {} } })],
  ['no document', 'INPUT_INVALID', () => undefined],
  ['a text for a document', 'INPUT_INVALID', () => 'kind: OptOut'],
  ['a list for a document', 'INPUT_INVALID', () => [optOut('a')]],
  ['null for a document', 'INPUT_INVALID', () => null],
  ['a function in a document', 'INPUT_INVALID', () => ({ ...optOut('a'), more: () => 1 })],
  ['a NaN in a document', 'INPUT_INVALID', () => ({ ...optOut('a'), more: Number.NaN })],
  ['a date without a time', 'DOCUMENT_INSTANT', () => { const given = optOut('a'); return { ...given, spec: { ...given['spec'] as object, window: { from: '2026-11-22', until: '2026-11-24T10:00:00Z' } } } }],
  ['a name that is __proto__', 'DOCUMENT_FORMAT', () => optOut('__proto__')],
])('%s', async ([, code, document]) => {
  const { size } = await at.log.head()
  await refused(request(document()), code)
  expect((await at.log.head()).size).toBe(size)
  expect(({} as Record<string, unknown>)['x']).toBeUndefined()
})

test('names that objects have of their own are names like others', async () => {
  for (const name of ['constructor', 'tostring', 'valueof']) expect((await requested(at, name)).optOut.phase).toBe('proposed')
  await refused(at.useCases.optOut('__proto__'), 'UNKNOWN_OPTOUT')
  await refused(at.useCases.optOut('toString'), 'UNKNOWN_OPTOUT')
  await refused(at.useCases.document('__proto__' as never, 'a'.repeat(64)), 'DOCUMENT_UNKNOWN')
})

test.for([-1, 1.5, Number.NaN, 1e18, '0', null, {}])('an entry %s that is none', async (index) => {
  await refused(at.useCases.entry(index as number), 'ENTRY_UNKNOWN')
  await refused(at.useCases.receipt(index as number), 'ENTRY_UNKNOWN')
})

test.for(['', '../x', 'é', 'a'.repeat(400)])('a cursor %s that no page gave', async (after) => {
  if (after.length > 300) await refused(at.useCases.optOuts({ after }), 'INPUT_INVALID')
  else await refused(at.useCases.optOuts({ after: Buffer.from(after).toString('base64url') }), 'INPUT_INVALID')
})

test('anything at all: an act answers or refuses with a problem, and never fails otherwise', async () => {
  const { optOut: { uid } } = await requested(at, 'a')
  const any = fc.anything({ withBigInt: true, withNullPrototype: true, withObjectString: true, maxDepth: 3 })
  const calls: readonly ((useCases: UseCases, x: never, y: never) => Promise<unknown>)[] = [
    (useCases, x) => useCases.request(actor('alice'), x, newKey()),
    (useCases, x, y) => useCases.request(actor('alice'), { document: x, impact: y }, newKey()),
    (useCases, x, y) => useCases.request(x, { document: optOut('never') }, y),
    (useCases, x) => useCases.emergency(actor('dave'), x, newKey()),
    (useCases, x, y) => useCases.approve(actor('bob'), x, y, newKey()),
    (useCases, x, y) => useCases.activate(actor('bob'), uid, x, y),
    (useCases, x, y) => useCases.reject(actor('erin'), x, y, newKey()),
    (useCases, x) => useCases.revoke(actor('erin'), uid, x, newKey()),
    (useCases, x, y) => useCases.withdraw(x as Actor, uid, 'x', y),
    (useCases, x, y) => useCases.review(actor('bob'), x, y, newKey()),
    (useCases, x) => useCases.claimUses(x),
    (useCases, x, y) => useCases.claimUses([{ uid: x, point: y, subject: y }]),
    (useCases, x) => useCases.optOut(x),
    (useCases, x) => useCases.optOuts(x),
    (useCases, x) => useCases.entry(x),
    (useCases, x) => useCases.receipt(x),
    (useCases, x, y) => useCases.document(x, y),
    (useCases, x, y) => useCases.erase(actor('keeper'), x, y),
  ]
  await fc.assert(fc.asyncProperty(fc.constantFrom(...calls), any, any, async (call, x, y) => {
    const { size } = await at.log.head()
    const error: unknown = await call(at.useCases, x as never, y as never).then(() => undefined, (thrown: unknown) => thrown)
    if (error !== undefined) expect(error).toBeInstanceOf(ExeatError)
    expect((await at.log.head()).size).toBe(size)
  }), { numRuns: 800, seed: 5 })
}, 60_000)
