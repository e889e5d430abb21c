/** Sessions of the command line: every request is signed with a key that never leaves the machine (RFC 9449). */
export { newSessionKey, proofFor, publicPart, thumbprintOf } from './dpop.ts'
export type { PrivateJwk, Proving, PublicJwk } from './dpop.ts'
