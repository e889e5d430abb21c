/** Hashes in the browser, as core takes them: synchronous. */
import { sha256 as noble } from '@noble/hashes/sha2.js'
import type { Sha256 } from '@exeat/core'

export const sha256: Sha256 = (bytes) => noble(bytes)

export function fromBase64url(text: string): Uint8Array {
  const binary = atob(text.replaceAll('-', '+').replaceAll('_', '/'))
  return Uint8Array.from(binary, (letter) => letter.charCodeAt(0))
}

export function toBase64url(bytes: Uint8Array): string {
  let binary = ''
  for (const byte of bytes) binary += String.fromCharCode(byte)
  return btoa(binary).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '')
}
