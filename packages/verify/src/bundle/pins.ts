/** Whose word a point takes: what its workspace says of the log, read at the protected ref or pinned with the point. */
import type { Sha256, Workspace } from '@exeat/core'
import { parseVerifierKey, type VerifierKey } from '@exeat/log'
import { type Answer, ok, refuse } from '../codes.ts'

export interface BundlePins {
  /** `spec.id` of the workspace. */
  readonly workspace: string
  /** `spec.log.origin`. */
  readonly origin: string
  /** `spec.log.keys`: who founded the log. They delegate to the keys that sign. */
  readonly roots: readonly VerifierKey[]
  /** `spec.log.witnesses`; `atLeast` is `spec.log.quorum`, 0 where it states none. */
  readonly witnesses: { readonly atLeast: number; readonly keys: readonly VerifierKey[] }
}

/** `PINS_INVALID` where the workspace pins no log, or a key that cannot be read. */
export function bundlePins(workspace: Workspace, sha256: Sha256): Answer<BundlePins> {
  const { id, log } = workspace.spec
  if (log === undefined) return refuse('PINS_INVALID', `the workspace \`${id}\` pins no log`, 'state `log` in the workspace: origin and keys, as `exeat init --server` prints them')
  const roots = keysOf(log.keys, sha256)
  const witnesses = keysOf(log.witnesses ?? [], sha256)
  if (!roots.ok) return roots
  if (!witnesses.ok) return witnesses
  return ok({ workspace: id, origin: log.origin, roots: roots.value, witnesses: { atLeast: log.quorum ?? 0, keys: witnesses.value } })
}

function keysOf(texts: readonly string[], sha256: Sha256): Answer<readonly VerifierKey[]> {
  const keys: VerifierKey[] = []
  for (const text of texts) {
    const key = parseVerifierKey(sha256, text)
    if (!key.ok) return refuse('PINS_INVALID', `a key that the workspace pins cannot be read: ${key.problem.message}`)
    keys.push(key.value)
  }
  return ok(keys)
}
