/** What is asked of and answered by `POST /v1/decisions`, besides the signed decision itself. */
import * as z from 'zod'
import { dnsLabel, identifier, line } from '../document/scalars.ts'
import { severities } from '../model/finding.ts'

/** Most bytes of all reports of one request together, before any encoding; larger runs are the gate's. */
export const largestReports = 32 * 1024 * 1024

const report = { name: line.meta({ description: 'As it is to be called in the answer; each name once.' }), format: z.exactOptional(line.meta({ description: 'What it is, where its content does not say.' })) }

export const decisionRequestSchema = z.strictObject({
  repository: z.exactOptional(line.meta({ description: 'As the workspace names it.' })),
  commit: z.exactOptional(z.string().regex(/^(?:[0-9a-f]{40}|[0-9a-f]{64})$/).meta({ description: 'That was scanned, in full.' })),
  environment: z.exactOptional(dnsLabel),
  ref: z.exactOptional(line),
  actor: z.exactOptional(line),
  nonce: z.exactOptional(z.string().regex(/^[0-9a-f]{32,64}$/).meta({ description: '16 to 32 random bytes in hex; the decision repeats it.' })),
  root: z.exactOptional(line.meta({ description: 'Absolute folder that the tools ran in: paths under it become relative.' })),
  reports: z.array(z.union([
    z.strictObject({ ...report, text: z.string().meta({ description: 'The report, as text.' }) }),
    z.strictObject({ ...report, base64: z.string().meta({ description: 'The report\'s bytes.' }) }),
  ])).min(1).max(100),
}).meta({ id: 'DecisionRequest' })

/** What blocks, by control: the nearest opt-outs and the way out. It explains the decision, and is not signed. */
export const blockedControlSchema = z.strictObject({
  control: z.string(),
  severity: z.exactOptional(z.enum(severities)),
  title: z.string(),
  findings: z.int().min(1),
  nearest: z.array(z.strictObject({ optOut: identifier, code: z.string(), message: z.string(), hint: z.exactOptional(z.string()) })),
  wayOut: z.exactOptional(z.record(z.string(), z.unknown())),
}).meta({ id: 'BlockedControl' })

export type DecisionRequest = z.output<typeof decisionRequestSchema>
export type BlockedControl = z.output<typeof blockedControlSchema>
