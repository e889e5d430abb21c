/** Asks a witness for its cosignature (C2SP tlog-witness, `POST <prefix>/add-checkpoint`). */
import {
  encodeBase64, formatNote, parseCheckpoint, parseNote, parseSignatureLines, verifyNote,
  type Answer, type Checkpoint, type Ed25519Verify, type Note, type NoteSignature, type VerifierKey,
} from '@exeat/log'
import { refuse, type LogAnswer } from './codes.ts'
import { decodeText, encodeText } from './text.ts'
import type { HttpAnswer, Transport } from './transport.ts'

export interface WitnessAddress {
  /** The submission prefix. */
  readonly url: string
  /** Of type cosignature/v1. */
  readonly key: VerifierKey
}

export interface CosignRequest {
  /** The signed checkpoint. */
  readonly checkpoint: Uint8Array
  /** The size that the witness is thought to have cosigned last; 0 where nothing is known. */
  readonly from: number
  /** The consistency proof from that size to the checkpoint's; never asked for size 0 nor for the checkpoint's own size. */
  readonly prove: (from: number) => Promise<Answer<readonly Uint8Array[]>>
}

export interface Cosigned {
  /** The size that the witness now remembers: that of the checkpoint. */
  readonly size: number
  /** When the witness says it saw the checkpoint, seconds since the epoch. */
  readonly time: number
  /** Its line, verified; `addCosignature` puts it under the checkpoint. */
  readonly signature: NoteSignature
}

export interface CosignOptions {
  readonly transport: Transport
  readonly verify: Ed25519Verify
  /** Milliseconds for each request; 10 s where absent. */
  readonly timeout?: number
}

/** The witness may have moved on since, by somebody else's request; more often than this it does not. */
const tries = 3
const maxAnswer = 64 * 1024

/**
 * One witness, one checkpoint. Where the witness remembers another size than `from` it is asked again from there. `WITNESS_AHEAD` and
 * `WITNESS_INCONSISTENT` mean that the witness has seen another log than this one.
 */
export async function cosign(witness: WitnessAddress, request: CosignRequest, options: CosignOptions): Promise<LogAnswer<Cosigned>> {
  const note = parseNote(request.checkpoint)
  if (!note.ok) return note
  const checkpoint = parseCheckpoint(note.value.text)
  if (!checkpoint.ok) return checkpoint
  let { from } = request
  for (let attempt = 0; attempt < tries; attempt++) {
    const answer = await ask(witness, request, from, checkpoint.value, options)
    if (!answer.ok) return answer
    if (answer.value.status !== 409) return judge(witness, answer.value, note.value, checkpoint.value, options.verify)
    const held = rememberedSize(answer.value)
    if (held === undefined) return unreachable(witness, 'it answers a conflict without the size that it keeps')
    if (held > checkpoint.value.size) {
      return refuse('WITNESS_AHEAD', `the witness \`${witness.key.name}\` has cosigned ${held} entries of \`${checkpoint.value.origin}\`, and the log has ${checkpoint.value.size}`,
        'the log was restored or cut back: bring back the newer database')
    }
    if (held === from) {
      return refuse('WITNESS_INCONSISTENT', `the witness \`${witness.key.name}\` has cosigned another root at size ${held} of \`${checkpoint.value.origin}\``)
    }
    from = held
  }
  return refuse('WITNESS_CONFLICT', `the witness \`${witness.key.name}\` kept another size than it was asked about, ${tries} times`, 'somebody else submits for this log at once: try again')
}

async function ask(witness: WitnessAddress, request: CosignRequest, from: number, checkpoint: Checkpoint, options: CosignOptions): Promise<LogAnswer<HttpAnswer>> {
  const proof = from === 0 || from >= checkpoint.size ? { ok: true as const, value: [] } : await request.prove(from)
  if (!proof.ok) return proof
  const head = encodeText([`old ${from}`, ...proof.value.map((hash) => encodeBase64(hash)), '', ''].join('\n'))
  const body = new Uint8Array(head.length + request.checkpoint.length)
  body.set(head)
  body.set(request.checkpoint, head.length)
  try {
    return {
      ok: true,
      value: await options.transport({
        method: 'POST', url: `${witness.url.replace(/\/+$/, '')}/add-checkpoint`, headers: { 'content-type': 'text/plain; charset=utf-8' }, body,
        maxBytes: maxAnswer, timeout: options.timeout ?? 10_000,
      }),
    }
  } catch (error) {
    return unreachable(witness, error instanceof Error ? error.message : String(error))
  }
}

function judge(witness: WitnessAddress, { status, body }: HttpAnswer, note: Note, { origin, size }: Checkpoint, verify: Ed25519Verify): LogAnswer<Cosigned> {
  const { name } = witness.key
  if (status === 422) return refuse('WITNESS_INCONSISTENT', `the witness \`${name}\` says that the log \`${origin}\` of ${size} entries does not extend what it has cosigned`)
  if (status === 400 || status === 403 || status === 404) {
    const because = { 400: 'it cannot read the request', 403: 'it does not know the key that signed', 404: 'it does not know the log' }[status]
    return refuse('WITNESS_REFUSED', `the witness \`${name}\` refuses the log \`${origin}\`: ${because}`, 'its operator adds the log\'s verifier key with `exeat witness --log`')
  }
  if (status !== 200) return unreachable(witness, `it answers with status ${status}`)
  const lines = parseSignatureLines(decodeText(body))
  if (!lines.ok) return unreachable(witness, `its answer is no signature: ${lines.problem.message}`)
  const opened = verifyNote({ text: note.text, signatures: lines.value }, [witness.key], verify)
  const time = opened.ok ? opened.value.verified[0]?.time : undefined
  const signature = lines.value.find(({ name: signer, id }) => signer === name && id.every((byte, i) => byte === witness.key.id[i]))
  if (!opened.ok || time === undefined || signature === undefined) {
    return refuse('WITNESS_SIGNATURE', `the answer of the witness \`${name}\` is not its cosignature${opened.ok ? '' : `: ${opened.problem.message}`}`)
  }
  return { ok: true, value: { size, time, signature } }
}

/** A signed checkpoint with one more line, in place of an earlier one by the same key. */
export function addCosignature(checkpoint: Uint8Array, signature: NoteSignature): Answer<Uint8Array> {
  const note = parseNote(checkpoint)
  if (!note.ok) return note
  const others = note.value.signatures.filter(({ name, id }) => name !== signature.name || !id.every((byte, i) => byte === signature.id[i]))
  return formatNote({ text: note.value.text, signatures: [...others, signature] })
}

/** The body of a 409, `text/x.tlog.size`: a decimal and a newline. */
function rememberedSize({ headers, body }: HttpAnswer): number | undefined {
  const text = decodeText(body)
  if (headers.get('content-type') !== 'text/x.tlog.size' || !/^(?:0|[1-9]\d{0,15})\n$/.test(text)) return undefined
  return Number.isSafeInteger(Number(text)) ? Number(text) : undefined
}

const unreachable = ({ key }: WitnessAddress, because: string): ReturnType<typeof refuse> =>
  refuse('WITNESS_UNREACHABLE', `the witness \`${key.name}\` gave no answer that can be used: ${because}`)
