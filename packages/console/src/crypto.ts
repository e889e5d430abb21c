/** Hashes in the browser, as core takes them: synchronous. */
import { ed25519 } from '@noble/curves/ed25519.js'
import { sha256 as noble } from '@noble/hashes/sha2.js'
import type { Sha256 } from '@exeat/core'
import type { Ed25519Verify } from '@exeat/log'

export const sha256: Sha256 = (bytes) => noble(bytes)

/** As RFC 8032 and Node have it: strict about encodings, where ZIP 215 is not. */
export const verifyEd25519: Ed25519Verify = (publicKey, message, signature) => ed25519.verify(signature, message, publicKey, { zip215: false })

export function fromBase64url(text: string): Uint8Array {
  const binary = atob(text.replaceAll('-', '+').replaceAll('_', '/'))
  return Uint8Array.from(binary, (letter) => letter.charCodeAt(0))
}

export function toBase64url(bytes: Uint8Array): string {
  let binary = ''
  for (const byte of bytes) binary += String.fromCharCode(byte)
  return btoa(binary).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '')
}
