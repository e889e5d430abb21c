/** A witness: judges, remembers durably, and only then signs. */
import { formatSignatureLine, signatureOf, type Ed25519Sign, type SignerKey } from '@exeat/log'
import { judge, type Judging, type Judgement } from './judge.ts'
import { parseAddCheckpoint, type AddCheckpoint } from './request.ts'
import { wroteNothing, type WitnessState } from './state.ts'

export interface WitnessOptions extends Judging {
  /** Of type cosignature/v1. */
  readonly key: SignerKey
  readonly sign: Ed25519Sign
  readonly state: WitnessState
  /** Milliseconds since the epoch. */
  readonly now: () => number
  /** Told of each answer, for the operator. */
  readonly onAnswer?: (answer: WitnessAnswer, origin: string | undefined) => void
}

export interface WitnessAnswer {
  readonly status: 200 | 400 | 403 | 404 | 409 | 422 | 503
  readonly type: string
  readonly body: string
}

export interface Witness {
  /** The body of an `add-checkpoint` request; answers as C2SP tlog-witness says, and with 503 where the witness cannot remember. */
  readonly addCheckpoint: (body: Uint8Array) => WitnessAnswer
  /** False once its state failed: it signs nothing until it is started again. */
  readonly healthy: () => boolean
}

const text = 'text/plain; charset=utf-8'
const sizeType = 'text/x.tlog.size'
/** Another process on the same state may be faster; its answer is then the one to judge by. */
const tries = 8

export function createWitness(options: WitnessOptions): Witness {
  const { state } = options
  let failed = false

  function addCheckpoint(body: Uint8Array): WitnessAnswer {
    const request = parseAddCheckpoint(body)
    if (!request.ok) return told(options, { status: 400, type: text, body: `${request.because}\n` }, undefined)
    const { origin } = request.value.checkpoint
    if (failed) return told(options, unavailable, origin)
    try {
      return told(options, answerTo(request.value), origin)
    } catch (error) {
      // After an error of the disk nothing says whether the new head is remembered: no signature, now or later.
      failed = !wroteNothing(error)
      return told(options, unavailable, origin)
    }
  }

  /** Runs without a pause between reading the state and replacing it, and replaces only what it read: no two requests are judged by one state. */
  function answerTo(request: AddCheckpoint): WitnessAnswer {
    for (let attempt = 0; attempt < tries; attempt++) {
      const { origin } = request.checkpoint
      const held = state.read(origin)
      const judgement = judge(request, held, options)
      if (judgement.status !== 200) return refusal(judgement)
      const { size, root } = judgement.checkpoint
      if (state.swap(origin, held, { size, root })) return cosigned(request)
    }
    return unavailable
  }

  function cosigned({ note }: AddCheckpoint): WitnessAnswer {
    const signature = signatureOf(note.text, options.key, options.sign, Math.floor(options.now() / 1000))
    if (!signature.ok) throw new Error(signature.problem.message)
    return { status: 200, type: text, body: formatSignatureLine(signature.value) }
  }

  return { addCheckpoint, healthy: () => !failed }
}

const unavailable: WitnessAnswer = { status: 503, type: text, body: 'the witness cannot remember what it signs, and signs nothing\n' }

function refusal(judgement: Exclude<Judgement, { status: 200 }>): WitnessAnswer {
  if (judgement.status === 409) return { status: 409, type: sizeType, body: `${judgement.size}\n` }
  return { status: judgement.status, type: text, body: `${judgement.because}\n` }
}

function told({ onAnswer }: WitnessOptions, answer: WitnessAnswer, origin: string | undefined): WitnessAnswer {
  onAnswer?.(answer, origin)
  return answer
}
