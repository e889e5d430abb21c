import { formatCheckpoint, formatVerifierKey, openCheckpoint, signNote, type Checkpoint, type SignerKey, type Trust } from '@exeat/log'
import { ok, refuse, type Answer } from '../codes.ts'
import type { IdentityRow } from '../ports/tables.ts'
import { signerOf, verifySignature } from './ed25519.ts'

/** Who the log is, and how its heads are signed and recognised. */
export interface LogIdentity {
  readonly row: IdentityRow
  /** A size and a root as a signed checkpoint. */
  readonly sign: (size: number, root: Uint8Array) => Uint8Array
  /** A checkpoint that this very log signed; `HEAD_INCONSISTENT` for any other bytes. */
  readonly open: (note: Uint8Array) => Answer<Checkpoint>
}

export function logIdentity(origin: string, signer: SignerKey): LogIdentity {
  const sign = signerOf(signer.seed)
  const trust: Trust = { origin, log: [signer], witnesses: { atLeast: 0, keys: [] } }
  return {
    row: { origin, key: formatVerifierKey(signer) },
    sign: (size, root) => {
      const text = formatCheckpoint({ origin, size, root, extensions: [] })
      const note = text.ok ? signNote(text.value, [signer], sign, 0) : text
      if (!note.ok) throw new Error(note.problem.message)
      return note.value
    },
    open: (note) => {
      const opened = openCheckpoint(note, trust, verifySignature)
      return opened.ok ? ok(opened.value.checkpoint) : refuse('HEAD_INCONSISTENT', `a stored checkpoint does not verify: ${opened.problem.message}`)
    },
  }
}

export function equal(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0
}

export const short = (hash: Uint8Array): string => Buffer.from(hash).toString('hex').slice(0, 16)
