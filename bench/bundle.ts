/** What a point pays for a bundle: verification by the number of opt-outs, beside hashing its bytes and beside one Ed25519 signature, in the same run. */
import { hash, type KeyObject, createPublicKey, verify as verifyBytes } from 'node:crypto'
import type { VerifyDeps } from '../packages/verify/src/index.ts'
import { evidenceDeps } from '../packages/git/src/crypto/index.ts'
import { verifyBundle } from '../packages/verify/src/index.ts'
import { context, keys, must, scene, sign, signedBytes } from '../packages/verify/test/bundle/scene.ts'
import { duration, timed } from './clock.ts'

const spki = Buffer.from('302a300506032b6570032100', 'hex')
const imported = new Map<string, KeyObject>()

/** As a point does it: a key is read once. */
const deps: VerifyDeps = {
  sha256: (bytes) => hash('sha256', bytes, 'buffer'),
  evidence: evidenceDeps,
  verify: (publicKey, message, signature) => {
    const name = Buffer.from(publicKey).toString('hex')
    const key = imported.get(name) ?? createPublicKey({ key: Buffer.concat([spki, publicKey]), format: 'der', type: 'spki' })
    imported.set(name, key)
    return verifyBytes(null, message, key, signature)
  },
}

export function run(): void {
  const signature = oneSignature()
  console.log(`\none Ed25519 signature verified: ${duration(signature)}`)
  for (const count of [10, 1000, 10_000]) measure(count, signature)
}

function measure(count: number, signature: number): void {
  const it = scene()
  const lives = Array.from({ length: count }, (_, i) => it.life(`n-${i}`, { alone: true }))
  const bytes = signedBytes(it.bundle(lives))
  const rounds = Math.max(3, Math.floor(2000 / count))
  const once = (): number => timed(() => {
    const { optOuts } = must(verifyBundle(bytes, it.pins, context(), deps))
    if (optOuts.active.length !== count) throw new Error(`${optOuts.active.length} of ${count} are active`)
  }).processor
  once()
  const took = Math.min(...Array.from({ length: rounds }, once))
  const hashed = Math.min(...Array.from({ length: rounds }, () => timed(() => deps.sha256(bytes)).processor || Number.MIN_VALUE))
  console.log(`${String(count).padStart(6)} opt-outs, ${(bytes.length / 2 ** 20).toFixed(1).padStart(5)} MiB: ${duration(took).padStart(9)}, ${duration(took / count)} each = ${(took / count / signature).toFixed(1)} signatures; `
    + `${(took / hashed).toFixed(0)} times hashing the bytes`)
}

function oneSignature(): number {
  const message = new Uint8Array(200)
  const made = sign(keys.log.seed, message)
  const times = 2000
  const batch = (): number => timed(() => { for (let i = 0; i < times; i++) deps.verify(keys.log.publicKey, message, made) }).processor / times
  batch()
  return Math.min(batch(), batch(), batch())
}
