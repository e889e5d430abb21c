/** `requires.witness`: an activation waits until a quorum of the workspace's witnesses has seen the approvals that it rests on. */
import type { HexDigest, Json } from '@exeat/core'
import { verifyBundle } from '@exeat/verify'
import { formatSignatureLine, parseNote, signatureOf, type SignerKey } from '@exeat/log'
import { afterEach, expect, test } from 'vitest'
import { signerOf } from '../../src/store/ed25519.ts'
import { bytesOf, contextAt, deps, fingerprintsOf, impactJson, must, optOutJson, person, policyJson, seeded, world, type World } from '../bundle/world.ts'

const witnesses = [seeded('w1.example', 21, 'cosignature/v1'), seeded('w2.example', 22, 'cosignature/v1')] as const
const stranger = seeded('w3.example', 23, 'cosignature/v1')
let open: World | undefined
afterEach(async () => {
  await open?.close()
  open = undefined
})

const { spec } = policyJson as { readonly spec: { readonly [key: string]: Json } }
const witnessed: Json = { ...(policyJson as object), metadata: { name: 'witnessed' }, spec: { ...spec, requires: { witness: true } } }

async function cosign(it: World, by: readonly SignerKey[], forged = false): Promise<void> {
  const { size, checkpoint } = await it.log.head()
  const { text } = must(parseNote(checkpoint))
  const lines = by.map((key) => ({ name: key.name, line: formatSignatureLine(must(signatureOf(forged ? `${text}x\n` : text, key, signerOf(key.seed), 1_800_000_000))).trimEnd() }))
  expect(await it.log.addCosignatures(size, lines)).toEqual({ ok: true })
}

/** Asked for and approved by two; the activation is the caller's. */
async function approved(it: World, name: string): Promise<{ readonly uid: HexDigest; readonly activate: () => Promise<unknown> }> {
  const document = optOutJson(name)
  it.merge(document)
  const { optOut: { uid, binding } } = await it.use.request(person('alice'), { document, impact: impactJson(document, fingerprintsOf(name)) as { readonly [key: string]: Json } }, it.nextKey())
  for (const who of ['bob', 'carol']) await it.use.approve(person(who), uid, binding, it.nextKey())
  return { uid, activate: () => it.use.activate(person('dave'), uid, binding, it.nextKey()) }
}

const waits = { problems: [{ code: 'WITNESS_NEEDED' }] }

test('waits for a quorum over the last approval, then stands, and is excused by what the witnesses have seen', async () => {
  const it = open = await world({ witnesses: { keys: witnesses, quorum: 2 } })
  it.merge(witnessed)
  const { activate } = await approved(it, 'log4j')
  await expect(activate()).rejects.toMatchObject({ problems: [{ code: 'WITNESS_NEEDED', message: expect.stringContaining('missing: w1.example, w2.example') as string }] })
  await cosign(it, [witnesses[0]])
  await expect(activate()).rejects.toMatchObject({ problems: [{ code: 'WITNESS_NEEDED', message: expect.stringContaining('missing: w2.example') as string }] })
  await cosign(it, witnesses)
  await activate()
  // Points see it once the witnesses have seen the activation, too.
  await cosign(it, witnesses)
  const { optOuts } = must(verifyBundle(bytesOf(await it.bundle()), it.pins, contextAt(it.clock.now), deps))
  expect(optOuts.active.map(({ document, met }) => [document.metadata.name, met.log?.witnessed])).toEqual([['log4j', true]])
})

test('a quorum that saw the log before the last approval has not seen it', async () => {
  const it = open = await world({ witnesses: { keys: witnesses, quorum: 1 } })
  it.merge(witnessed)
  const document = optOutJson('early')
  it.merge(document)
  const { optOut: { uid, binding } } = await it.use.request(person('alice'), { document, impact: impactJson(document, fingerprintsOf('early')) as { readonly [key: string]: Json } }, it.nextKey())
  await it.use.approve(person('bob'), uid, binding, it.nextKey())
  await cosign(it, witnesses)
  await it.use.approve(person('carol'), uid, binding, it.nextKey())
  await expect(it.use.activate(person('dave'), uid, binding, it.nextKey())).rejects.toMatchObject(waits)
  await cosign(it, [witnesses[1]])
  await it.use.activate(person('dave'), uid, binding, it.nextKey())
})

test('who is no witness of the workspace, and what does not verify, count for nothing', async () => {
  const it = open = await world({ witnesses: { keys: witnesses, quorum: 1 } })
  it.merge(witnessed)
  const { activate } = await approved(it, 'log4j')
  await cosign(it, [stranger])
  await expect(activate()).rejects.toMatchObject(waits)
  await cosign(it, [witnesses[0]], true)
  await expect(activate()).rejects.toMatchObject(waits)
})

test('where the workspace names no witness, nothing can be shown, and that is said', async () => {
  const it = open = await world()
  it.merge(witnessed)
  const { activate } = await approved(it, 'log4j')
  await expect(activate()).rejects.toMatchObject({ problems: [{ code: 'WITNESS_NEEDED', hint: expect.stringContaining('log.witnesses') as string }] })
})
