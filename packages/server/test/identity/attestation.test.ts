/** Passkeys whose maker attests them, by real certificates: `attested` is said of those alone whose chain leads to a root that is known. */
import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { ExeatError } from '@exeat/core/error'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { attestationMaker, type AttestationMaker, type Leaf, type LeafTwist, type MakerOptions } from '../../../testkit/src/attestation-maker.ts'
import { describeWith, temporaryFolder } from '../../../testkit/src/index.ts'
import { type Attesting, createAuthenticator } from '../../../testkit/src/software-authenticator.ts'
import { verifyRegistration } from '../../src/identity/webauthn.ts'
import { start } from '../use/support.ts'
import { rpId, site } from './people.ts'

const aaguid = 'ee882879721c491397753dfcce97072a'
const challenge = new Uint8Array(32).fill(4)

describeWith('openssl', 'an attested passkey', (openssl) => {
  let folder: string
  let maker: AttestationMaker
  const madeBy = (name: string, more: Partial<MakerOptions> = {}): AttestationMaker => {
    mkdirSync(join(folder, name))
    return attestationMaker({ openssl, folder: join(folder, name), aaguid, ...more })
  }
  beforeAll(() => {
    folder = temporaryFolder()
    maker = madeBy('maker')
  })
  afterAll(() => { rmSync(folder, { recursive: true, force: true }) })

  const registered = async (attestation: Attesting | undefined, { roots = [maker.root], model = aaguid, now = start }: { readonly roots?: readonly string[]; readonly model?: string; readonly now?: number } = {}) => {
    const device = createAuthenticator({ origin: site, rpId, aaguid: model })
    const answer = device.create({ challenge: Buffer.from(challenge).toString('base64url') }, attestation === undefined ? {} : { attestation })
    try {
      return (await verifyRegistration(answer, challenge, { id: rpId, origins: [site] }, { roots, now })).passkey.attested
    } catch (error) {
      if (error instanceof ExeatError) return error.problems[0].code
      throw error
    }
  }
  const by = (twist?: LeafTwist): { by: Leaf } => ({ by: maker.leaf(twist) })

  test('is one whose chain ends at a root that is known, over an intermediate or without', async () => {
    expect(await registered(by())).toBe(true)
    expect(await registered(by({ direct: true }))).toBe(true)
    expect(await registered(by(), { roots: [madeBy('other').root, maker.root] })).toBe(true)
  })

  test('is none that attests itself, or is not attested', async () => {
    expect(await registered({})).toBe(false)
    expect(await registered(undefined)).toBe(false)
  })

  test('is none of a maker that nobody named, or whose name alone is the same', async () => {
    expect(await registered(by(), { roots: [] })).toBe(false)
    expect(await registered(by(), { roots: [madeBy('namesake').root] })).toBe(false)
    expect(await registered(by(), { roots: ['-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n'] })).toBe(false)
  })

  test.each([
    ['says no model', { aaguid: undefined }, false], ['says another model', { aaguid: 'f'.repeat(32) }, 'PASSKEY_WRONG'], ['may issue others', { ca: true }, 'PASSKEY_WRONG'],
    ['is for something else', { unit: 'Signing' }, 'PASSKEY_WRONG'], ['is over', { until: '20210101000000Z' }, 'PASSKEY_WRONG'], ['is not yet', { from: '20980101000000Z' }, 'PASSKEY_WRONG'],
  ] as const)('is none whose certificate %s', async (_, twist, expected) => { expect(await registered(by(twist))).toBe(expected) })

  test('is none whose certificate is over by the clock of the server, or whose root is', async () => {
    const twist = { until: '20500101000000Z' }
    expect(await registered(by(twist))).toBe(true)
    expect(await registered(by(twist), { now: Date.UTC(2050, 0, 1, 0, 0, 1) })).toBe(false)
    const old = madeBy('old', { until: '20210101000000Z' })
    expect(await registered({ by: old.leaf() }, { roots: [old.root] })).toBe(false)
  })

  test('is none whose chain is broken, out of order, too long, or led by one that may not issue', async () => {
    const leaf = maker.leaf()
    const [first = new Uint8Array(), between = new Uint8Array()] = leaf.chain
    const chains: readonly (readonly Uint8Array[])[] = [[first], [first, first], [first, between, first], [first, ...Array.from({ length: 8 }, () => between)], [first, new Uint8Array([1, 2, 3])]]
    for (const chain of chains) expect(await registered({ by: { ...leaf, chain } }), String(chain.length)).not.toBe(true)
    const weak = madeBy('weak', { intermediateCa: false })
    expect(await registered({ by: weak.leaf() }, { roots: [weak.root] })).toBe(false)
  })

  test('is none that another key signed, that another model shows, or whose algorithm is another', async () => {
    const leaf = maker.leaf()
    expect(await registered({ by: { ...leaf, key: maker.leaf().key } })).toBe('PASSKEY_WRONG')
    expect(await registered({ by: leaf }, { model: 'a'.repeat(32) })).toBe('PASSKEY_WRONG')
    for (const algorithm of [-8, -257, -65535, 5, 0]) expect(await registered({ by: leaf, algorithm }), String(algorithm)).toBe(algorithm === -257 ? false : 'PASSKEY_WRONG')
  })
})
