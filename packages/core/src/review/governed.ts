/** What an approval of a change of governance is about: files as they would stand, beside the commit of the branch that they would come to. */
import { taggedDigest } from '../digest/tagged.ts'
import type { HexDigest, Sha256 } from '../model/digest.ts'

export interface GovernedFile {
  readonly path: string
  readonly kind: 'file' | 'symlink' | 'submodule'
  /** SHA-256 of what would stand there, in hex; git's own id where a submodule stands or stood; null where it would be gone. */
  readonly after: string | null
}

/**
 * SHA-256(`exeat/change/v1` ‖ 0 ‖ RFC 8785 of workspace, base and files). `base`: a commit at which the branch stood, so that what was approved once and taken back
 * is no approval the next time; `files`: by path, in code unit order.
 */
export function changeDigest(workspace: string, base: string, files: readonly GovernedFile[], sha256: Sha256): HexDigest {
  return taggedDigest('exeat/change/v1', { workspace, base, files: files.map(({ path, kind, after }) => ({ path, kind, after })) }, sha256)
}
