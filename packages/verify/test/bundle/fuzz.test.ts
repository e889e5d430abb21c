/** Whatever is done to a bundle's bytes, nothing is granted that was not granted before, and nothing is thrown. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { verifyBundle } from '../../src/index.ts'
import { bytesOf, context, keys, must, plain, scene, sign, signBundle, signedBytes, tools } from './scene.ts'
import { encodeBase64 } from '@exeat/log'
import { utf8 } from '@exeat/core'

const it = scene()
const lives = [it.life('one'), it.life('two', { over: { controls: ['trivy/two'] } })]
const good = it.bundle(lives)
const bytes = signedBytes(good)
const judge = (given: Uint8Array) => verifyBundle(given, it.pins, context(), tools)
const granted = (given: Uint8Array): readonly string[] => {
  const answer = judge(given)
  return answer.ok ? answer.value.optOuts.active.map(({ uid, digest, impact, met }) => JSON.stringify([uid, digest, [...impact ?? []], met])).sort() : []
}
const whole = granted(bytes)

test('the good one grants two', () => { expect(whole).toHaveLength(2) })

test('any byte changed, of what goes over the wire', () => {
  fc.assert(fc.property(fc.integer({ min: 0, max: bytes.length - 1 }), fc.integer({ min: 1, max: 255 }), (at, by) => {
    const changed = bytes.map((byte, i) => (i === at ? byte ^ by : byte))
    for (const each of granted(changed)) expect(whole).toContain(each)
  }), { numRuns: 800, seed: 20261123 })
})

/** The same by whoever holds the bundle key: the payload is changed, and signed again. */
const payload = new Uint8Array(Buffer.from(JSON.stringify(plain(good)), 'utf8'))
function resigned(text: Uint8Array): Uint8Array {
  const type = 'application/vnd.exeat.bundle+json'
  const message = Buffer.concat([utf8(`DSSEv1 ${type.length} ${type} ${text.length} `), text])
  return bytesOf({ payloadType: type, payload: encodeBase64(text), signatures: [{ keyid: Buffer.from(keys.bundle.id).toString('hex'), sig: encodeBase64(sign(keys.bundle.seed, message)) }] })
}

test('any byte changed, and signed again with the bundle key', () => {
  expect(granted(resigned(payload))).toEqual(whole)
  fc.assert(fc.property(fc.integer({ min: 0, max: payload.length - 1 }), fc.integer({ min: 1, max: 255 }), (at, by) => {
    const changed = payload.map((byte, i) => (i === at ? byte ^ by : byte))
    for (const each of granted(resigned(changed))) expect(whole).toContain(each)
  }), { numRuns: 1000, seed: 20261123 })
})

test('anything cut out, doubled or moved, and signed again', () => {
  const place = fc.integer({ min: 0, max: payload.length })
  fc.assert(fc.property(place, place, place, (a, b, c) => {
    const [from, to] = a < b ? [a, b] : [b, a]
    const piece = payload.slice(from, to)
    const without = Buffer.concat([payload.slice(0, from), payload.slice(to)])
    const moved = Buffer.concat([without.subarray(0, c), piece, without.subarray(c)])
    for (const each of [...granted(resigned(without)), ...granted(resigned(moved))]) expect(whole).toContain(each)
  }), { numRuns: 150, seed: 20261123 })
})

test('any value in the place of any member, signed again: never a throw, never more', () => {
  const paths: (string | number)[][] = []
  const walk = (value: unknown, path: (string | number)[]): void => {
    paths.push(path)
    if (typeof value === 'object' && value !== null) for (const [key, member] of Object.entries(value)) walk(member, [...path, Array.isArray(value) ? Number(key) : key])
  }
  walk(plain(good), [])
  expect(paths.length).toBeGreaterThan(100)
  const replaced = (path: readonly (string | number)[], value: unknown): unknown => {
    const copy = structuredClone({ root: plain(good) }) as { root: unknown }
    let at = copy as unknown as Record<string | number, unknown>
    const full = ['root', ...path]
    for (const key of full.slice(0, -1)) at = at[key] as Record<string | number, unknown>
    at[full.at(-1) as string] = value
    return copy.root
  }
  const value = fc.oneof(fc.jsonValue(), fc.constantFrom('2026-11-22T10:00:00.000Z', 'f'.repeat(64), -1, 1e308, '', '\ud800', Number.MAX_SAFE_INTEGER, '__proto__'), fc.string({ unit: 'binary' }))
  fc.assert(fc.property(fc.constantFrom(...paths), value, (path, other) => {
    for (const each of granted(bytesOf(signBundle(replaced(path, other))))) expect(whole).toContain(each)
  }), { numRuns: 800, seed: 20261123 })
})

test('any bytes, and any JSON under the right key', () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), (given) => { expect(judge(given).ok).toBe(false) }))
  fc.assert(fc.property(fc.jsonValue(), (given) => {
    expect(judge(bytesOf(given)).ok).toBe(false)
    expect(judge(bytesOf(signBundle(given))).ok).toBe(false)
  }))
  const deep = `${'{"a":['.repeat(50_000)}${']}'.repeat(50_000)}`
  expect(judge(resigned(utf8(JSON.stringify(plain(good)).replace('"document":{', `"document":{"deep":${deep},`)))).ok).toBe(false)
  expect(must(judge(bytes)).problems).toEqual([])
})
