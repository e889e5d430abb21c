/** Bytes of a folder of `.exeat/offline` to a grant: exactly the bytes that were signed, under exactly the name that they have. */
import type { HexDigest, Sha256, Workspace } from '@exeat/core'
import { largestGrant, type OfflineGrant, offlineGrantBytes, offlineGrantSchema, type ReadOfflineGrant, readOfflineGrant } from '@exeat/core/offline'
import { type Answer, ok, refuse } from '../codes.ts'
import { jsonOf } from '../delegation/text.ts'
import { equal } from '../ssh/bytes.ts'

/** A grant as it stands in a folder, and the signatures beside it. */
export interface OfflineFiles {
  /** Of the grant: `offlinePath`. */
  readonly path: string
  readonly grant: Uint8Array
  readonly signatures: readonly { readonly path: string; readonly bytes: Uint8Array }[]
}

/** Where a grant stands, by `offlineGrantDigest`. */
export const offlinePath = (digest: HexDigest): string => `.exeat/offline/${digest}/grant.json`

/** `path`: for messages; whether it is the one that the grant must have is for whoever reads a branch to ask. `OFFLINE_UNREADABLE`, `OFFLINE_SCOPE` */
export function readOfflineFile(bytes: Uint8Array, path: string, workspace: Workspace, sha256: Sha256): Answer<ReadOfflineGrant> {
  if (bytes.length > largestGrant) return refuse('OFFLINE_UNREADABLE', `a grant has at most ${largestGrant} bytes, and this one ${bytes.length}`)
  const parsed = offlineGrantSchema.safeParse(jsonOf(bytes))
  if (!parsed.success) return refuse('OFFLINE_UNREADABLE', 'it is no offline grant', 'write one with `exeat offline prepare`')
  const grant = parsed.data
  if (!isCanonical(grant, bytes)) return refuse('OFFLINE_UNREADABLE', 'it is not written as RFC 8785 says, byte for byte')
  if (grant.workspace !== workspace.spec.id) return refuse('OFFLINE_OTHER', `it is of the workspace \`${grant.workspace}\`, not of \`${workspace.spec.id}\``)
  const repository = workspace.spec.sources.find(({ repositoryId }) => repositoryId === grant.repositoryId)?.name
  const read = readOfflineGrant(grant, repository, path, sha256)
  return read.ok ? ok(read.value) : refuse('OFFLINE_SCOPE', read.because)
}

/** What no canonical text can hold, a lone surrogate or a number out of range, is thrown for. */
export function isCanonical(grant: OfflineGrant, bytes: Uint8Array): boolean {
  try {
    return equal(offlineGrantBytes(grant), bytes)
  } catch {
    return false
  }
}
