/** Tokens that are good once (RFC 7519 §4.1.7): what was seen of them stands until they end by themselves. */
import { type IdentityRows, rowKinds } from '../ports/identity.ts'
import { hashOf } from './secrets.ts'

/** Of any number of callers with one token exactly one gets true. `until`: milliseconds since the epoch, when the token is good for nothing any more. */
export function spendTokenId(rows: IdentityRows, issuer: string, id: string, until: number, now: number): Promise<boolean> {
  return rows.put(rowKinds.token, hashOf(JSON.stringify([issuer, id])), { value: new Uint8Array(), expires: until }, 0, now)
}
