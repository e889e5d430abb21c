/** What the server decided of one run, signed and short-lived (design §4, "Who decides"). */
import * as z from 'zod'
import { evidenceStrengths } from '@exeat/core'
import { fingerprint, identifier, instantText, line } from '@exeat/core/entry'
import { dsseSchema } from '../dsse/dsse.ts'

export const decisionType = 'application/vnd.exeat.decision+json'

/** What a decision may live at most, in milliseconds; its clock tolerance is that of bundles. */
export const longestDecision = 600_000

/** The most bytes of a signed decision that is read. */
export const largestDecision = 128 * 1024 * 1024

const mostReports = 1_000
const commit = z.string().regex(/^(?:[0-9a-f]{40}|[0-9a-f]{64})$/)
const code = z.string().regex(/^[A-Z][A-Z0-9_]{0,63}$/)
/** What a report says; bounded with the whole. */
const text = z.string()

const fact = <T extends z.ZodType>(value: T) => z.strictObject({ value, provenance: z.enum(['verified', 'asserted']), from: line })

/** Whoever asked. `refProtected`: as the forge says of the job's ref. `workflow`: the reusable workflow that the job runs, with its commit. */
const caller = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('operator') }),
  z.strictObject({
    kind: z.literal('workload'), provider: line, subject: line, refProtected: z.boolean(), event: z.exactOptional(line),
    workflow: z.exactOptional(z.strictObject({ ref: line, sha: commit })),
  }),
])

const excusedBy = z.strictObject({ name: identifier, uid: fingerprint, until: instantText, evidence: z.enum(evidenceStrengths) })

/** Of one finding. `optOut` is there where it is excused, and nowhere else. `reasons`: codes of core's `Reason`. */
const decided = z.strictObject({ fingerprint, control: text, outcome: z.enum(['passed', 'excused', 'blocked']), optOut: z.exactOptional(excusedBy), reasons: z.array(code).min(1).max(64) })

const count = z.int().min(0)

/** The payload of the DSSE envelope, as JSON; signed by the bundle key that the delegation in it names. */
export const decisionSchema = z.strictObject({
  schema: z.literal('exeat/decision/v1'),
  workspace: identifier,
  /** Of the log. */
  origin: identifier,
  issuedAt: instantText,
  /** At most ten minutes later, and never behind the end of an opt-out that it rests on. */
  notAfter: instantText,
  /** What the request carried, or null. */
  nonce: z.string().regex(/^[0-9a-f]{32,64}$/).nullable(),
  /** Says what would be: nothing was counted as used, and nothing may rest on it. */
  preview: z.boolean(),
  caller,
  /** Of the run that was judged, each with what it rests on. */
  facts: z.strictObject({
    repository: fact(z.strictObject({ name: line, id: identifier })),
    commit: fact(commit),
    environment: z.exactOptional(fact(identifier)),
    ref: z.exactOptional(fact(line)),
    actor: z.exactOptional(fact(line)),
  }),
  /** SHA-256 of each report's bytes, in the order in which they were given. */
  reports: z.array(z.strictObject({ name: line, digest: fingerprint })).min(1).max(mostReports),
  /** The protected ref and its commit, whose policies judged. */
  governance: z.strictObject({ ref: line, commit: line }),
  /** `contentDigest` of the bundle that it was decided by, and how many entries of the log that covers. */
  bundle: z.strictObject({ content: fingerprint, size: count }),
  delegation: dsseSchema,
  /** In the order of the reports and their findings. */
  decisions: z.array(decided),
  /** What blocks the run as a whole. */
  blocks: z.array(z.strictObject({ code, message: text, tool: z.exactOptional(text), input: z.exactOptional(text) })),
  /** `evidence`: the weakest that an excuse rests on; `none` where nothing is excused. `shadow`: suppressions that the reports brought along, never believed. */
  summary: z.strictObject({
    outcome: z.enum(['passed', 'blocked']), findings: count, passed: count, excused: count, blocked: count, blocks: count, shadow: count, evidence: z.enum(evidenceStrengths),
  }),
  /** What a gate would exit with: 0 where nothing blocks, 2 where something does. */
  exit: z.union([z.literal(0), z.literal(2)]),
})

export type SignedDecision = z.output<typeof decisionSchema>
