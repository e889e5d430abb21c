import { ok, refuse, type Answer } from '../codes.ts'
import { equalBytes } from '../bytes/bytes.ts'
import { encodeUtf8, quoted } from '../bytes/text.ts'
import { cosignedMessage, decodeCosignature, ED25519_SIGNATURE_SIZE } from './cosignature.ts'
import { sameKey, type VerifierKey } from './key.ts'
import { parseNote, type Note, type NoteSignature } from './note.ts'

/** Whether an RFC 8032 signature of 64 bytes is that of a 32-byte public key over a message. A throw counts as no. */
export type Ed25519Verify = (publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array) => boolean

/** A key that signed. */
export interface VerifiedSignature {
  readonly key: VerifierKey
  /** When a witness says it saw the checkpoint, in seconds since the epoch; only for cosignature/v1. */
  readonly time?: number
}

export interface OpenedNote {
  readonly text: string
  /** One for each known key that signed, in the order of the lines; for several cosignatures of one witness, its latest. */
  readonly verified: readonly VerifiedSignature[]
  /** Lines by keys that are not known; they count for nothing. */
  readonly unknown: readonly NoteSignature[]
}

/**
 * Reads a note and verifies it. Signatures of unknown keys are set aside; a known key whose signature fails rejects the note;
 * so does a note that no known key signed. A key is known by name and id together.
 */
export function openNote(bytes: Uint8Array, keys: readonly VerifierKey[], verify: Ed25519Verify): Answer<OpenedNote> {
  const note = parseNote(bytes)
  return note.ok ? verifyNote(note.value, keys, verify) : note
}

export function verifyNote(note: Note, keys: readonly VerifierKey[], verify: Ed25519Verify): Answer<OpenedNote> {
  const ambiguous = keys.find((key, i) => keys.some((other, j) => j < i && sameKey(key, other) && !interchangeable(key, other)))
  if (ambiguous !== undefined) return refuse('KEY_AMBIGUOUS', `two different keys are known as ${quoted(ambiguous.name)} with one id`)
  const verified = new Map<VerifierKey, VerifiedSignature>()
  const unknown: NoteSignature[] = []
  for (const signature of note.signatures) {
    const key = keys.find(({ name, id }) => name === signature.name && equalBytes(id, signature.id))
    if (key === undefined) {
      unknown.push(signature)
      continue
    }
    const checked = checkSignature(note.text, key, signature.signature, verify)
    if (checked === undefined) return refuse('NOTE_SIGNATURE', `the signature of ${quoted(key.name)} does not verify`)
    const earlier = verified.get(key)
    if (earlier === undefined || (earlier.time ?? 0) < (checked.time ?? 0)) verified.set(key, checked)
  }
  if (verified.size === 0) return refuse('NOTE_UNSIGNED', `none of the ${note.signatures.length} signatures is by a known key`)
  return ok({ text: note.text, verified: [...verified.values()], unknown })
}

function checkSignature(text: string, key: VerifierKey, signature: Uint8Array, verify: Ed25519Verify): VerifiedSignature | undefined {
  if (key.type === 'ed25519') return holds(verify, key, encodeUtf8(text), signature) ? { key } : undefined
  const cosignature = decodeCosignature(signature)
  if (!cosignature.ok) return undefined
  const { time, signature: inner } = cosignature.value
  return holds(verify, key, cosignedMessage(time, text), inner) ? { key, time } : undefined
}

function holds(verify: Ed25519Verify, key: VerifierKey, message: Uint8Array, signature: Uint8Array): boolean {
  if (signature.length !== ED25519_SIGNATURE_SIZE) return false
  try {
    return verify(key.publicKey, message, signature)
  } catch {
    return false
  }
}

const interchangeable = (a: VerifierKey, b: VerifierKey): boolean => a.type === b.type && equalBytes(a.publicKey, b.publicKey)
