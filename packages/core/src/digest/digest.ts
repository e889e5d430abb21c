import { encodeDocument } from '../document/plain.ts'
import type { ExeatDocument } from '../document/schema.ts'
import type { HexDigest, Sha256 } from '../model/digest.ts'
import { taggedDigest } from './tagged.ts'

/**
 * Digest of a document: SHA-256(`exeat/<kind>/v1` ‖ 0 ‖ RFC 8785 of the decoded document before defaults), `<kind>` spelled as in
 * the document (`exeat/OptOut/v1`), instants as UTC `Z` with exactly three fractional digits, durations in their largest whole unit.
 * Comments, key order and the spelling of an instant do not change it; every value and the name do.
 */
export function documentDigest(document: ExeatDocument, sha256: Sha256): HexDigest {
  return taggedDigest(`exeat/${document.kind}/v1`, encodeDocument(document), sha256)
}

export interface OptOutIdentity {
  /** `spec.id` of the workspace. */
  readonly workspace: string
  /** The forge's numeric id as a string, or any stable string where there is no forge. */
  readonly repositoryId: string
  readonly name: string
  /** `documentDigest` of the opt-out. */
  readonly digest: HexDigest
}

/** SHA-256(`exeat/uid/v1` ‖ 0 ‖ RFC 8785 of `{digest, name, repositoryId, workspace}`): design §2, opt-out. */
export function optOutUid(identity: OptOutIdentity, sha256: Sha256): HexDigest {
  const { workspace, repositoryId, name, digest } = identity
  return taggedDigest('exeat/uid/v1', { workspace, repositoryId, name, digest }, sha256)
}
