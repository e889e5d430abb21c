/** What a witness answers (C2SP tlog-witness), as a pure function of the request and of what it has cosigned so far. */
import { emptyRoot, verifyConsistency, verifyNote, type Checkpoint, type Ed25519Verify, type Sha256, type VerifierKey } from '@exeat/log'
import type { AddCheckpoint } from './request.ts'

/** The latest head of a log that the witness has cosigned. */
export interface CosignedHead {
  readonly size: number
  readonly root: Uint8Array
}

/** The logs that a witness watches: verifier keys of type ed25519 by origin. */
export type WatchedLogs = ReadonlyMap<string, readonly VerifierKey[]>

export interface Judging {
  readonly sha256: Sha256
  readonly verify: Ed25519Verify
  readonly logs: WatchedLogs
}

export type Judgement =
  /** To be remembered, durably and in place of `held`, and only then signed. */
  | { readonly status: 200; readonly checkpoint: Checkpoint }
  /** The client is told the size that is held. */
  | { readonly status: 409; readonly size: number; readonly because: string }
  | { readonly status: 400 | 403 | 404 | 422; readonly because: string }

/** Total. `held` is undefined where the witness has never cosigned this origin. */
export function judge(request: AddCheckpoint, held: CosignedHead | undefined, judging: Judging): Judgement {
  const { checkpoint, note, old } = request
  const keys = judging.logs.get(checkpoint.origin)
  if (keys === undefined) return { status: 404, because: 'the log is not watched here' }
  const signed = verifyNote(note, keys, judging.verify)
  if (!signed.ok) return { status: 403, because: signed.problem.message }
  if (old > checkpoint.size) return { status: 400, because: `the old size ${old} is larger than the checkpoint's ${checkpoint.size}` }
  const size = held?.size ?? 0
  if (old !== size) return { status: 409, size, because: `size ${size} was cosigned last, not ${old}` }
  return extendsHeld(request, held, judging)
}

function extendsHeld({ checkpoint, proof, old }: AddCheckpoint, held: CosignedHead | undefined, { sha256 }: Judging): Judgement {
  const { size, root } = checkpoint
  if (size === old) {
    if (proof.length > 0) return { status: 422, because: 'there is nothing to prove between equal sizes' }
    const wanted = held?.root ?? emptyRoot(sha256)
    return Buffer.compare(root, wanted) === 0 ? { status: 200, checkpoint } : { status: 409, size: old, because: `another root was cosigned at size ${old}` }
  }
  if (old === 0 || held === undefined) return proof.length === 0 ? { status: 200, checkpoint } : { status: 422, because: 'there is no proof from size 0' }
  const consistent = verifyConsistency(sha256, { from: old, to: size, fromRoot: held.root, toRoot: root, proof })
  return consistent.ok ? { status: 200, checkpoint } : { status: 422, because: consistent.problem.message }
}
