/** An authenticator app: the code that a secret gives now (RFC 6238, six digits of SHA-1 over steps of 30 seconds). */
import { createHmac } from 'node:crypto'

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'

export function codeNow(secret: string): string {
  const bits = [...secret].map((letter) => alphabet.indexOf(letter).toString(2).padStart(5, '0')).join('')
  const key = Buffer.from((bits.match(/.{8}/g) ?? []).map((byte) => Number.parseInt(byte, 2)))
  const step = Buffer.alloc(8)
  step.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 30_000)))
  const digest = createHmac('sha1', key).update(step).digest()
  const value = digest.readUInt32BE((digest[19] ?? 0) & 15) & 0x7fff_ffff
  return String(value % 1_000_000).padStart(6, '0')
}
