/** Where the workspace asks for witnesses, a bundle goes no further than they have seen. */
import type { HexDigest, Instant } from '@exeat/core'
import { formatSignatureLine, parseNote, signatureOf, type SignerKey } from '@exeat/log'
import { afterEach, expect, test } from 'vitest'
import { verifyBundle } from '@exeat/verify'
import { signerOf } from '../../src/store/ed25519.ts'
import { bundleOf, bytesOf, contextAt, deps, must, person, seeded, world, type World } from './world.ts'

const witnesses = [seeded('w1.example', 21, 'cosignature/v1'), seeded('w2.example', 22, 'cosignature/v1')] as const
let open: World | undefined
afterEach(async () => {
  await open?.close()
  open = undefined
})
const watched = (): Promise<World> => world({ witnesses: { keys: witnesses, quorum: 2 } })

async function cosign(it: World, by: readonly SignerKey[]): Promise<void> {
  const { size, checkpoint } = await it.log.head()
  const { text } = must(parseNote(checkpoint))
  const lines = by.map((key) => ({ name: key.name, line: formatSignatureLine(must(signatureOf(text, key, signerOf(key.seed), 1_800_000_000))).trimEnd() }))
  expect(await it.log.addCosignatures(size, lines)).toEqual({ ok: true })
}

async function seen(it: World, revoked: ReadonlyMap<HexDigest, Instant> = new Map()): Promise<string[]> {
  const { optOuts, problems, witnesses: by } = must(verifyBundle(bytesOf(await it.bundle({}, revoked)), it.pins, contextAt(it.clock.now), deps))
  expect([problems, by]).toEqual([[], ['w1.example', 'w2.example']])
  expect(optOuts.active.every(({ met }) => met.log?.witnessed === true)).toBe(true)
  return [...optOuts.active.map(({ document }) => `${document.metadata.name}: active`), ...optOuts.ended.map(({ document, ended }) => `${document.metadata.name}: ${ended.state}`)].sort()
}

test('none before enough have signed', async () => {
  const it = open = await watched()
  await it.activated('log4j')
  await expect(it.bundle()).rejects.toMatchObject({ problems: [{ code: 'WITNESS_QUORUM' }] })
  await cosign(it, [witnesses[0]])
  await expect(it.bundle()).rejects.toMatchObject({ problems: [{ code: 'WITNESS_QUORUM' }] })
})

test('what they have seen is told, what they have not seen waits; a revocation waits for nobody', async () => {
  const it = open = await watched()
  const uid = await it.activated('one')
  await cosign(it, witnesses)
  expect(await seen(it)).toEqual(['one: active'])
  expect(bundleOf(await it.bundle()).published.entry).toBeNull()
  await it.activated('two')
  expect(await seen(it)).toEqual(['one: active'])
  await it.use.revoke(person('bob'), uid, 'no longer needed', it.nextKey())
  expect(await seen(it)).toEqual(['one: revoked'])
  await cosign(it, witnesses)
  expect(await seen(it)).toEqual(['one: revoked', 'two: active'])
  await cosign(it, witnesses)
  expect(bundleOf(await it.bundle()).published.entry).not.toBeNull()
})

test('a head that too few have signed takes nobody back to none', async () => {
  const it = open = await watched()
  await it.activated('one')
  await cosign(it, witnesses)
  expect(await seen(it)).toEqual(['one: active'])
  await it.activated('two')
  await cosign(it, [witnesses[0]])
  expect(await seen(it)).toEqual(['one: active'])
})
