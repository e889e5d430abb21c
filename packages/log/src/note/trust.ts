/** Whose word a verifier takes for a log's head: the log's own keys, pinned, and a number of witnesses. */
import { accepted, ok, refuse, type Answer, type Verdict } from '../codes.ts'
import { equalBytes } from '../bytes/bytes.ts'
import { quoted } from '../bytes/text.ts'
import { parseCheckpoint, type Checkpoint } from './checkpoint.ts'
import type { VerifierKey } from './key.ts'
import { openNote, type Ed25519Verify, type OpenedNote, type VerifiedSignature } from './open.ts'

export interface Trust {
  /** The only origin that is accepted. */
  readonly origin: string
  /** The log's keys, of type ed25519; one of them must have signed. */
  readonly log: readonly [VerifierKey, ...VerifierKey[]]
  readonly witnesses: {
    /** How many different witnesses must have cosigned; 0 asks for none. */
    readonly atLeast: number
    /** Of type cosignature/v1. */
    readonly keys: readonly VerifierKey[]
  }
}

/** A checkpoint that the pinned keys vouch for. */
export interface TrustedCheckpoint {
  readonly checkpoint: Checkpoint
  readonly signers: readonly VerifiedSignature[]
  /** The witnesses that cosigned, each with its time. */
  readonly witnesses: readonly VerifiedSignature[]
}

/** Verifies a signed checkpoint against pinned keys: signatures, origin, log key, quorum. How old it may be is for the caller to judge. */
export function openCheckpoint(bytes: Uint8Array, trust: Trust, verify: Ed25519Verify): Answer<TrustedCheckpoint> {
  const sound = checkTrust(trust)
  if (!sound.ok) return sound
  const note = openNote(bytes, [...trust.log, ...trust.witnesses.keys], verify)
  if (!note.ok) return note
  const checkpoint = parseCheckpoint(note.value.text)
  if (!checkpoint.ok) return checkpoint
  const { origin } = checkpoint.value
  if (origin !== trust.origin) return refuse('CHECKPOINT_ORIGIN', `the checkpoint is of the log ${quoted(origin)}, not of ${quoted(trust.origin)}`)
  return judgeSigners(checkpoint.value, note.value, trust)
}

function judgeSigners(checkpoint: Checkpoint, note: OpenedNote, trust: Trust): Answer<TrustedCheckpoint> {
  const signers = note.verified.filter(({ key }) => key.type === 'ed25519')
  if (signers.length === 0) return refuse('NOTE_UNSIGNED', `no pinned key of the log ${quoted(trust.origin)} signed the checkpoint`)
  const witnesses = note.verified.filter(({ key }) => key.type === 'cosignature/v1')
  const { atLeast } = trust.witnesses
  if (witnesses.length >= atLeast) return ok({ checkpoint, signers, witnesses })
  return refuse('WITNESS_QUORUM', `${witnesses.length} witnesses cosigned the checkpoint, and ${atLeast} are asked for`)
}

/** Refuses pins that nothing could satisfy, and any public key that stands twice: it would witness itself, or count for two. */
export function checkTrust({ log, witnesses }: Trust): Verdict {
  const { atLeast, keys } = witnesses
  if (log.length === 0) return refuse('TRUST_INVALID', 'no key of the log is pinned')
  if (log.some(({ type }) => type !== 'ed25519')) return refuse('TRUST_INVALID', 'a key of the log is not of type 1 (Ed25519)')
  if (keys.some(({ type }) => type !== 'cosignature/v1')) return refuse('TRUST_INVALID', 'a key of a witness is not of type 4 (cosignature/v1)')
  if (!Number.isInteger(atLeast) || atLeast < 0 || atLeast > keys.length) {
    return refuse('TRUST_INVALID', `\`${atLeast}\` witnesses are asked for, and ${keys.length} are known`)
  }
  const all = [...log, ...keys]
  const twice = all.find((key, i) => all.some((other, j) => j < i && equalBytes(key.publicKey, other.publicKey)))
  return twice === undefined ? accepted : refuse('TRUST_INVALID', `the public key of ${quoted(twice.name)} is pinned twice`)
}
