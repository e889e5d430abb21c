/** Recorded runs: what tools reported somewhere, kept for simulations. */
import * as z from 'zod'
import { dnsLabel, identifier, line } from '../document/scalars.ts'
import { decisionRequestSchema } from './decisions.ts'

const instant = z.string().regex(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)
export const runIdSchema = z.string().regex(/^[0-9]{15}-[0-9a-f]{16}$/)

/** What is asked to be recorded: as for a decision, without a nonce. */
export const runRequestSchema = decisionRequestSchema.omit({ nonce: true }).meta({ id: 'RunRequest' })

export const recordedRunSchema = z.strictObject({
  id: runIdSchema,
  at: instant.meta({ description: 'When it was recorded.' }),
  repository: z.strictObject({ name: identifier, id: identifier }),
  environment: z.exactOptional(dnsLabel),
  commit: z.string(),
  proven: z.boolean().meta({ description: 'A job\'s own token shows repository, commit and environment; else somebody says so.' }),
  by: line.meta({ description: 'Provider of the token, or name of the point.' }),
  root: z.exactOptional(line.meta({ description: 'Folder that the tools ran in.' })),
  reports: z.array(z.strictObject({ name: line, format: z.exactOptional(line), bytes: z.int().min(0), digest: z.string().regex(/^[0-9a-f]{64}$/) })),
  findings: z.int().min(0),
}).meta({ id: 'RecordedRun' })

export const runsAnswerSchema = z.strictObject({
  runs: z.array(recordedRunSchema), next: z.exactOptional(runIdSchema.meta({ description: 'Ask again with it as `after`: there may be more.' })),
}).meta({ id: 'RunsAnswer' })

export const runReportsSchema = z.strictObject({
  run: recordedRunSchema, reports: z.array(z.strictObject({ name: line, format: z.exactOptional(line), base64: z.string() })),
}).meta({ id: 'RunReports' })

export const runsQuerySchema = z.strictObject({
  repository: z.exactOptional(identifier.meta({ description: 'As the workspace names it.' })), environment: z.exactOptional(dnsLabel),
  since: z.exactOptional(z.iso.datetime({ offset: true })), after: z.exactOptional(runIdSchema),
})

export type RunRequest = z.output<typeof runRequestSchema>
export type RecordedRun = z.output<typeof recordedRunSchema>
export type RunsAnswer = z.output<typeof runsAnswerSchema>
export type RunsQuery = z.output<typeof runsQuerySchema>
export type RunReports = z.output<typeof runReportsSchema>
