/** Secrets that are handed out once: random, kept as their SHA-256 alone, so that whoever reads the rows opens nothing. */
import { createHash, randomBytes } from 'node:crypto'

/** 256 bits, base64url, behind a prefix that secret scanners can find. */
export const newSecret = (prefix = ''): string => `${prefix}${randomBytes(32).toString('base64url')}`

/** SHA-256 in hex: names the row, and is looked up as a whole, so that no comparison tells how far a guess was right. */
export const hashOf = (secret: string): string => createHash('sha256').update(secret, 'utf8').digest('hex')

export const toBytes = (value: unknown): Uint8Array => new Uint8Array(Buffer.from(JSON.stringify(value), 'utf8'))
/** Only for what `toBytes` wrote. */
export const fromBytes = <T>(bytes: Uint8Array): T => JSON.parse(Buffer.from(bytes).toString('utf8')) as T
