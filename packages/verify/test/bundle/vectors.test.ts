/** Bundles as released: read for ever. */
import { readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { type Instant, parseInstant } from '@exeat/core'
import { parseVerifierKey, type VerifierKey } from '@exeat/log'
import { expect, test } from 'vitest'
import { verifyBundle } from '../../src/index.ts'
import { context, must, sha256, tools } from './scene.ts'

interface Expected {
  readonly now: string
  readonly audience: string
  readonly active: readonly { readonly uid: string; readonly name: string }[]
  readonly ended: readonly { readonly uid: string; readonly name: string; readonly state: string }[]
  readonly content: string
  readonly size: number
  readonly root: string
  readonly witnesses: readonly string[]
}

const folder = resolve(import.meta.dirname, '../../../../vectors/bundle')
const formats = readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isDirectory()).map(({ name }) => name)
const read = (format: string, file: string): Uint8Array => new Uint8Array(readFileSync(join(folder, format, file)))
const json = <T>(format: string, file: string): T => JSON.parse(Buffer.from(read(format, file)).toString('utf8')) as T
const keyOf = (text: string): VerifierKey => must(parseVerifierKey(sha256, text))

function judge(format: string, now?: Instant) {
  const { workspace, origin, keys, witnesses, quorum } = json<{ workspace: string; origin: string; keys: string[]; witnesses: string[]; quorum: number }>(format, 'pins.json')
  const expected = json<Expected>(format, 'expected.json')
  const at = now ?? parseInstant(expected.now) ?? (NaN as Instant)
  const pins = { workspace, origin, roots: keys.map(keyOf), witnesses: { atLeast: quorum, keys: witnesses.map(keyOf) } }
  return { expected, answer: verifyBundle(read(format, 'bundle.json'), pins, context({ now: at, audience: expected.audience }), tools) }
}

test('there are some', () => { expect(formats).toContain('v1') })

test.each(formats)('%s says what it said when it was released', (format) => {
  const { expected, answer } = judge(format)
  const { optOuts, problems, content, seen, witnesses } = must(answer)
  expect({
    now: expected.now, audience: expected.audience, active: optOuts.active.map(({ uid, document }) => ({ uid, name: document.metadata.name })),
    ended: optOuts.ended.map(({ uid, document, ended }) => ({ uid, name: document.metadata.name, state: ended.state })), content, size: seen.size,
    root: Buffer.from(seen.root).toString('hex'), witnesses,
  }).toEqual(expected)
  expect([problems, optOuts.refused]).toEqual([[], []])
})

test.each(formats)('%s is stale today', (format) => {
  const later = parseInstant('2026-11-23T11:00:01Z')
  expect(judge(format, later).answer).toMatchObject({ problem: { code: 'BUNDLE_STALE' } })
})
