/** Answers as AuthZEN has them: `true` for what passes or is excused, and everything else as `false` with what is to be done. */
import { formatInstant, type Problem, tellReason } from '@exeat/core'
import * as z from 'zod'
import type { Answer } from '../decisions/ask.ts'
import { entryOf } from '../http/status.ts'

const told = z.object({ code: z.string(), message: z.string(), hint: z.exactOptional(z.string()), optOut: z.exactOptional(z.string()) })

/** Section 5.5. */
export const evaluationAnswerSchema = z.object({
  decision: z.boolean(),
  context: z.object({
    code: z.string().meta({ description: 'Of the first reason, or of the problem.' }),
    reason_user: z.record(z.string(), z.string()).meta({ description: 'The same in a sentence, by language.' }),
    outcome: z.exactOptional(z.enum(['passed', 'excused', 'blocked'])),
    control: z.exactOptional(z.string()), fingerprint: z.exactOptional(z.string()),
    reasons: z.exactOptional(z.array(told)), nearest: z.exactOptional(z.array(told)),
    optOut: z.exactOptional(z.object({ name: z.string(), uid: z.string(), category: z.string(), reason: z.string(), owner: z.string(), evidence: z.string() })),
    until: z.exactOptional(z.string().meta({ description: 'When the opt-out ends.' })),
    notAfter: z.exactOptional(z.string().meta({ description: 'From when on the answer may not be held.' })),
    wayOut: z.exactOptional(z.record(z.string(), z.unknown())),
    error: z.exactOptional(z.object({ status: z.int(), message: z.string(), hint: z.exactOptional(z.string()) })),
  }),
}).meta({ id: 'AuthzenAnswer' })

export type EvaluationAnswer = z.output<typeof evaluationAnswerSchema>

/** Section 7.2.1: an evaluation that failed is a denial. */
export const failed = ({ code, message, hint }: Problem): EvaluationAnswer => ({
  decision: false, context: { code, reason_user: { en: message }, error: { status: entryOf(code).http, message, ...(hint === undefined ? {} : { hint }) } },
})

export function answered({ decision, fingerprint, now, notAfter }: Answer): EvaluationAnswer {
  const { outcome, control, optOut, nearest, wayOut } = decision
  const reasons = decision.reasons.map((reason) => ({ code: reason.code as string, ...tellReason(reason, now) }))
  const [first = { code: 'NO_OPTOUT', message: 'nothing excuses it' }] = reasons
  return {
    // INVARIANT: stated as what grants (test/http/authzen.test.ts).
    decision: outcome === 'excused' || outcome === 'passed',
    context: {
      code: first.code, reason_user: { en: first.message }, outcome, control, fingerprint, reasons,
      ...(outcome === 'blocked' ? { nearest: nearest.map(({ optOut: of, reason }) => ({ optOut: of, code: reason.code as string, ...tellReason(reason, now) })) } : {}),
      ...(optOut === undefined ? {} : { optOut: { name: optOut.name, uid: optOut.uid, category: optOut.category, reason: optOut.reason, owner: optOut.owner, evidence: optOut.evidence }, until: formatInstant(optOut.until) }),
      notAfter: formatInstant(notAfter),
      ...(wayOut === undefined ? {} : { wayOut: { ...wayOut } }),
    },
  }
}
