/** The body of C2SP tlog-witness's `add-checkpoint`: old size, consistency proof, blank line, signed checkpoint. */
import { decodeBase64, HASH_SIZE, parseCheckpoint, parseNote, type Checkpoint, type Note } from '@exeat/log'

export interface AddCheckpoint {
  /** The size that the client thinks was cosigned last. */
  readonly old: number
  readonly proof: readonly Uint8Array[]
  readonly note: Note
  /** What the note states; signed by nobody yet, as far as this is concerned. */
  readonly checkpoint: Checkpoint
}

export type Parsed = { readonly ok: true; readonly value: AddCheckpoint } | { readonly ok: false; readonly because: string }

/** The specification's limit. */
const maxProofLines = 63
const blankLine = Buffer.from('\n\n')

/** Reads a request body; says in a sentence what is wrong with any other bytes. */
export function parseAddCheckpoint(body: Uint8Array): Parsed {
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength)
  const end = bytes.indexOf(blankLine)
  if (end < 0) return malformed('there is no blank line before the checkpoint')
  const [oldLine = '', ...proofLines] = bytes.toString('latin1', 0, end).split('\n')
  const old = /^old (0|[1-9]\d{0,15})$/.exec(oldLine)?.[1]
  if (old === undefined || !Number.isSafeInteger(Number(old))) return malformed('the first line is not `old` and a size from 0 to 2^53 - 1')
  if (proofLines.length > maxProofLines) return malformed(`the proof has ${proofLines.length} lines, more than ${maxProofLines}`)
  const proof = proofLines.map(decodeBase64)
  if (!proof.every((hash) => hash?.length === HASH_SIZE)) return malformed('a line of the proof is not the base64 of 32 bytes')
  const note = parseNote(bytes.subarray(end + blankLine.length))
  if (!note.ok) return malformed(note.problem.message)
  const checkpoint = parseCheckpoint(note.value.text)
  if (!checkpoint.ok) return malformed(checkpoint.problem.message)
  return { ok: true, value: { old: Number(old), proof: proof.filter((hash) => hash !== undefined), note: note.value, checkpoint: checkpoint.value } }
}

const malformed = (because: string): Parsed => ({ ok: false, because })
