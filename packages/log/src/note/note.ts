/** C2SP signed-note: a text, a blank line, and one line for each signature. */
import { ok, refuse, type Answer, type Refusal } from '../codes.ts'
import { decodeBase64, encodeBase64 } from '../bytes/base64.ts'
import { concatBytes } from '../bytes/bytes.ts'
import { decodeUtf8, encodeUtf8 } from '../bytes/text.ts'
import { isKeyName, KEY_ID_SIZE } from './key.ts'

/** A signature line, its base64 split into key id and signature. */
export interface NoteSignature {
  readonly name: string
  readonly id: Uint8Array
  readonly signature: Uint8Array
}

/** A note as written, nothing verified. */
export interface Note {
  /** Ends with a newline, which the signatures cover. */
  readonly text: string
  readonly signatures: readonly NoteSignature[]
}

/** Enough for sixteen signatures of any kind; the specification asks for a limit and for sixteen. */
export const MAX_NOTE_SIZE = 1_000_000
export const MAX_NOTE_SIGNATURES = 100

const dash = '\u2014 '
// oxlint-disable-next-line no-control-regex -- control characters are what is refused
const controlButNewline = /[\u0000-\u0009\u000b-\u001f]/

/** Splits a note at its last blank line. Refuses what is no UTF-8, holds control characters, or has a line after the text that is no signature. */
export function parseNote(bytes: Uint8Array): Answer<Note> {
  if (bytes.length > MAX_NOTE_SIZE) return refuse('NOTE_LIMIT', `the note has ${bytes.length} bytes, more than ${MAX_NOTE_SIZE}`)
  const whole = decodeUtf8(bytes)
  if (whole === undefined) return malformed('the note is not UTF-8')
  if (controlButNewline.test(whole)) return malformed('the note holds a control character other than newline')
  const split = whole.lastIndexOf('\n\n')
  if (split < 0) return malformed('the note has no blank line before its signatures')
  const signatures = parseSignatureLines(whole.slice(split + 2))
  return signatures.ok ? ok({ text: whole.slice(0, split + 1), signatures: signatures.value }) : signatures
}

/** Reads signature lines alone, as a witness answers them; each ends with a newline and there is at least one. */
export function parseSignatureLines(text: string): Answer<readonly NoteSignature[]> {
  if (!text.endsWith('\n')) return malformed('the signatures do not end with a newline')
  const lines = text.slice(0, -1).split('\n')
  if (lines.length > MAX_NOTE_SIGNATURES) return refuse('NOTE_LIMIT', `the note has ${lines.length} signatures, more than ${MAX_NOTE_SIGNATURES}`)
  const signatures: NoteSignature[] = []
  for (const [i, line] of lines.entries()) {
    const signature = parseSignatureLine(line)
    if (signature === undefined) return malformed(`signature line ${i + 1} is not an em dash, a key name and base64 of an id and a signature`)
    signatures.push(signature)
  }
  return ok(signatures)
}

function parseSignatureLine(line: string): NoteSignature | undefined {
  if (!line.startsWith(dash)) return undefined
  const end = line.indexOf(' ', dash.length)
  const name = line.slice(dash.length, end)
  const bytes = decodeBase64(line.slice(end + 1))
  if (end < 0 || !isKeyName(name) || bytes === undefined || bytes.length <= KEY_ID_SIZE) return undefined
  return { name, id: bytes.slice(0, KEY_ID_SIZE), signature: bytes.slice(KEY_ID_SIZE) }
}

/** One signature line with its newline. */
export function formatSignatureLine({ name, id, signature }: NoteSignature): string {
  return `${dash}${name} ${encodeBase64(concatBytes([id, signature]))}\n`
}

/** Writes a note; refuses whatever `parseNote` would not read as the same note. */
export function formatNote(note: Note): Answer<Uint8Array> {
  const text = checkNoteText(note.text)
  if (!text.ok) return text
  const lines = note.signatures.map((signature) => formatSignatureLine(signature)).join('')
  const again = parseSignatureLines(lines)
  if (!again.ok) return again
  const bytes = encodeUtf8(`${note.text}\n${lines}`)
  return bytes.length > MAX_NOTE_SIZE ? refuse('NOTE_LIMIT', `the note has ${bytes.length} bytes, more than ${MAX_NOTE_SIZE}`) : ok(bytes)
}

/** A text that can be signed: well-formed, ending with a newline, no other control characters. */
export function checkNoteText(text: string): Answer<string> {
  if (!text.endsWith('\n')) return malformed('the note text does not end with a newline')
  if (!text.isWellFormed()) return malformed('the note text holds a lone surrogate')
  return controlButNewline.test(text) ? malformed('the note text holds a control character other than newline') : ok(text)
}

const malformed = (message: string): Refusal => refuse('NOTE_MALFORMED', message)
