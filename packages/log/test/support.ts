import { createPrivateKey, createPublicKey, hash, sign as nodeSign, verify as nodeVerify } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { expect } from 'vitest'
import { leafHash, nodeHash, parseVerifierKey, signerKey } from '../src/index.ts'
import type { Answer, Ed25519PublicKey, Ed25519Sign, Ed25519Verify, KeyType, LogCode, Sha256, SignerKey, Verdict, VerifierKey } from '../src/index.ts'

export const sha256: Sha256 = (bytes) => new Uint8Array(hash('sha256', bytes, 'buffer'))

const pkcs8 = Buffer.from('302e020100300506032b657004220420', 'hex')
const spki = Buffer.from('302a300506032b6570032100', 'hex')
const privateKey = (seed: Uint8Array) => createPrivateKey({ key: Buffer.concat([pkcs8, seed]), format: 'der', type: 'pkcs8' })

export const sign: Ed25519Sign = (seed, message) => new Uint8Array(nodeSign(null, message, privateKey(seed)))
export const publicKeyOf: Ed25519PublicKey = (seed) =>
  new Uint8Array(createPublicKey(privateKey(seed)).export({ format: 'der', type: 'spki' }).subarray(spki.length))
export const verify: Ed25519Verify = (publicKey, message, signature) =>
  nodeVerify(null, message, createPublicKey({ key: Buffer.concat([spki, publicKey]), format: 'der', type: 'spki' }), signature)

export const utf8 = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'utf8'))
export const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('utf8')
export const hex = (digits: string): Uint8Array => new Uint8Array(Buffer.from(digits, 'hex'))
export const base64 = (digits: string): Uint8Array => new Uint8Array(Buffer.from(digits, 'base64'))
export const flip = (bytes: Uint8Array, at: number, by = 1): Uint8Array => bytes.map((byte, i) => (i === at ? byte ^ by : byte))

/** The value of an answer that must be a yes. */
export function yes<T>(answer: Answer<T>): T {
  if (!answer.ok) throw new Error(`${answer.problem.code}: ${answer.problem.message}`)
  return answer.value
}

/** The code of an answer that must be a refusal, whose message keeps to the form of design §9. */
export function no(answer: Answer<unknown> | Verdict): LogCode {
  if (answer.ok) throw new Error('accepted what must be refused')
  expect(answer.problem.message).toMatch(/^\P{Cc}*[^.\p{Cc}]$/u)
  return answer.problem.code
}

export function testKey(name: string, type: KeyType, seedByte: number): SignerKey {
  return yes(signerKey(sha256, publicKeyOf, name, type, new Uint8Array(32).fill(seedByte)))
}

export const vkey = (line: string): VerifierKey => yes(parseVerifierKey(sha256, line))

const vectors = resolve(import.meta.dirname, '../../../vectors/log')

export const readVector = (path: string): Uint8Array => new Uint8Array(readFileSync(join(vectors, path)))

/** Every file of a folder of vectors, by path from it; fails where there are fewer than there should be. */
export function listVectors(folder: string, atLeast: number): readonly string[] {
  const files = readdirSync(join(vectors, folder), { recursive: true, withFileTypes: true })
  const paths = files.filter((file) => file.isFile()).map((file) => join(file.parentPath, file.name).slice(join(vectors, folder).length + 1))
  if (paths.length < Math.max(1, atLeast)) throw new Error(`vectors/log/${folder} holds ${paths.length} files, not ${atLeast}`)
  return paths.sort()
}

/** Leaf hash i of every generated tree. */
export const leafOf = (i: number): Uint8Array => leafHash(sha256, utf8(`entry ${i}`))

/** RFC 6962 section 2.1 as it is written: no ranges, no tiles, nothing shared with the code under test but the two hashes. */
export function definedRoot(leaves: readonly Uint8Array[], from = 0, to: number = leaves.length): Uint8Array {
  if (to === from) return sha256(new Uint8Array(0))
  if (to - from === 1) return leaves[from] ?? new Uint8Array(0)
  let k = 1
  while (k * 2 < to - from) k *= 2
  return nodeHash(sha256, definedRoot(leaves, from, from + k), definedRoot(leaves, from + k, to))
}

/** RFC 6962 section 2.1.1, PATH(m, D[n]). */
export function definedPath(m: number, leaves: readonly Uint8Array[]): Uint8Array[] {
  if (leaves.length === 1) return []
  let k = 1
  while (k * 2 < leaves.length) k *= 2
  const [left, right] = [leaves.slice(0, k), leaves.slice(k)]
  return m < k ? [...definedPath(m, left), definedRoot(right)] : [...definedPath(m - k, right), definedRoot(left)]
}

/** RFC 6962 section 2.1.2, SUBPROOF(m, D[n], b). */
export function definedSubproof(m: number, leaves: readonly Uint8Array[], complete = true): Uint8Array[] {
  if (m === leaves.length) return complete ? [] : [definedRoot(leaves)]
  let k = 1
  while (k * 2 < leaves.length) k *= 2
  const [left, right] = [leaves.slice(0, k), leaves.slice(k)]
  return m <= k ? [...definedSubproof(m, left, complete), definedRoot(right)] : [...definedSubproof(m - k, right, false), definedRoot(left)]
}
