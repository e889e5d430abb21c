export { documentDigest, optOutUid, taggedDigest } from './digest.ts'
export type { OptOutIdentity } from './digest.ts'
export { toHex } from './hex.ts'
export { utf8 } from './utf8.ts'
