import { ok, type Answer } from '../codes.ts'
import { encodeUtf8 } from '../bytes/text.ts'
import { cosignedMessage, encodeCosignature } from './cosignature.ts'
import type { SignerKey } from './key.ts'
import { checkNoteText, formatNote, type Note, type NoteSignature } from './note.ts'

/** The 64-byte RFC 8032 signature of a seed's key over a message. */
export type Ed25519Sign = (seed: Uint8Array, message: Uint8Array) => Uint8Array

/** Signs a text with every key, in order. `time` (seconds since the epoch) is what the keys of type cosignature/v1 state. */
export function signNote(text: string, keys: readonly SignerKey[], sign: Ed25519Sign, time: number): Answer<Uint8Array> {
  return addSignatures({ text, signatures: [] }, keys, sign, time)
}

/** A note with further signatures behind those that it has. */
export function addSignatures(note: Note, keys: readonly SignerKey[], sign: Ed25519Sign, time: number): Answer<Uint8Array> {
  const signatures = [...note.signatures]
  for (const key of keys) {
    const signature = signatureOf(note.text, key, sign, time)
    if (!signature.ok) return signature
    signatures.push(signature.value)
  }
  return formatNote({ text: note.text, signatures })
}

/** One key's signature line over a text, as a witness answers it (`formatSignatureLine`). */
export function signatureOf(text: string, key: SignerKey, sign: Ed25519Sign, time: number): Answer<NoteSignature> {
  const checked = checkNoteText(text)
  if (!checked.ok) return checked
  const { name, id } = key
  if (key.type === 'ed25519') return ok({ name, id, signature: sign(key.seed, encodeUtf8(text)) })
  const cosignature = encodeCosignature({ time, signature: sign(key.seed, cosignedMessage(time, text)) })
  return cosignature.ok ? ok({ name, id, signature: cosignature.value }) : cosignature
}
