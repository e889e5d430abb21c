/** A small log whose heads and proofs are made by the definition, and a witness of it. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  consistencyPlan, encodeBase64, formatCheckpoint, leafHash, proofOf, rootOfLeaves, signerKey, signNote, verifierKey, type SignerKey, type VerifierKey,
} from '@exeat/log'
import { must } from '../../../testkit/src/log-store-kit.ts'
import {
  createWitness, createWitnessState, publicKeyOf, sha256, signerOf, verifySignature, type Witness, type WitnessAnswer, type WitnessOptions, type WitnessState,
} from '../../src/witness/index.ts'

export const origin = 'log.example/test'
export const seedOf = (fill: number): Uint8Array => new Uint8Array(32).fill(fill)
export const logKey = (fill = 1, name = origin): SignerKey => must(signerKey(sha256, publicKeyOf, name, 'ed25519', seedOf(fill)))
export const witnessKey = (fill = 50, name = 'witness.example/w'): SignerKey => must(signerKey(sha256, publicKeyOf, name, 'cosignature/v1', seedOf(fill)))
export const publicPart = ({ name, type, publicKey }: VerifierKey): VerifierKey => must(verifierKey(sha256, name, type, publicKey))

/** Leaf hashes of a log; another `salt` is another log. */
export const leaves = (size: number, salt = ''): readonly Uint8Array[] => Array.from({ length: size }, (_, i) => leafHash(sha256, Buffer.from(`entry ${i}${salt}`)))

export function signedHead(of: readonly Uint8Array[], { key = logKey(), name = origin }: { readonly key?: SignerKey; readonly name?: string } = {}): Uint8Array {
  const text = must(formatCheckpoint({ origin: name, size: of.length, root: rootOfLeaves(sha256, of), extensions: [] }))
  return must(signNote(text, [key], signerOf(key.seed), 0))
}

export function consistency(of: readonly Uint8Array[], from: number): readonly Uint8Array[] {
  return must(proofOf(sha256, must(consistencyPlan(from, of.length)), ({ level, index }) => rootOfLeaves(sha256, of.slice(index * 2 ** level, (index + 1) * 2 ** level))))
}

export const bodyOf = (old: number | string, proof: readonly Uint8Array[], checkpoint: Uint8Array): Uint8Array =>
  Buffer.concat([Buffer.from([`old ${old}`, ...proof.map(encodeBase64), '', ''].join('\n')), checkpoint])

/** What an honest log sends on its way from one size to another. */
export const growth = (from: number, to: number, salt = ''): Uint8Array =>
  bodyOf(from, from === 0 || from === to ? [] : consistency(leaves(to, salt), from), signedHead(leaves(to, salt)))

export interface TestWitness {
  readonly witness: Witness
  readonly state: WitnessState
  readonly folder: string
  readonly add: (body: Uint8Array) => WitnessAnswer
  readonly end: () => void
}

export const watching = (...keys: readonly VerifierKey[]): Map<string, readonly VerifierKey[]> => new Map(keys.map((key) => [key.name, keys.filter(({ name }) => name === key.name)]))

export function testWitness(more: Partial<WitnessOptions> = {}): TestWitness {
  const folder = join(mkdtempSync(join(tmpdir(), 'exeat-witness-')), 'state')
  const state = must(createWitnessState(folder))
  const witness = createWitness(witnessOptions(state, more))
  return { witness, state, folder, add: witness.addCheckpoint, end: () => {
    state.close()
    rmSync(join(folder, '..'), { recursive: true, force: true })
  } }
}

export const witnessOptions = (state: WitnessState, more: Partial<WitnessOptions> = {}): WitnessOptions => ({
  sha256, verify: verifySignature, logs: watching(logKey()), key: witnessKey(), sign: signerOf(witnessKey().seed), state, now: () => 1_800_000_000_000, ...more,
})
