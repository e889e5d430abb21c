/** What `exeat scan` and `exeat adopt` answer: one definition for the types and the committed schemas. */
import * as z from 'zod'

const count = z.int().min(0)
const instant = z.string().regex(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{3})?Z$/)
const optional = z.exactOptional

export const suppressionSchema = z.strictObject({
  tool: z.string().meta({ description: '`*`: every tool of the step.' }),
  rule: z.string().meta({ description: 'As the tool spells it; `*` for all of its rules.' }),
  path: z.string().meta({ description: 'From the top of the repository.' }), line: z.int().min(1),
  kind: z.enum(['comment', 'ignore-file', 'baseline', 'configuration', 'exemption', 'pipeline']),
  mark: z.string().meta({ description: 'How it is spelled: `nosemgrep`, `continue-on-error`.' }),
  reason: optional(z.string()),
  expires: optional(z.strictObject({ written: z.string(), at: optional(instant).meta({ description: 'Absent where the tool does not read it as an end.' }) })),
  paths: optional(z.array(z.string()).meta({ description: 'What it silences, where that is not the file that it stands in.' })),
  author: optional(z.string()), commit: optional(z.string()), since: optional(instant.meta({ description: 'When the line was last written, as its commit says.' })),
  optOut: optional(z.strictObject({ name: z.string(), state: z.enum(['active', 'not-yet', 'lapsed']), until: instant }).meta({ description: 'The opt-out of `.exeat/` whose scope it lies in; only an active one covers it.' })),
  added: optional(z.boolean().meta({ description: 'With `--diff`: the base does not have it.' })),
})

const tool = z.strictObject({ tool: z.string(), total: count, uncovered: count, withoutReason: count, forEver: count, oldest: optional(instant) })

export const scanResultSchema = z.strictObject({
  schemaVersion: z.literal(1), kind: z.literal('ScanResult'), exit: z.union([z.literal(0), z.literal(2)]), at: instant,
  root: z.string(), git: z.boolean(), base: optional(z.strictObject({ ref: z.string(), tip: z.string(), mergeBase: z.string() })),
  suppressions: z.array(suppressionSchema),
  summary: z.strictObject({
    total: count, files: count, covered: count, uncovered: count, withoutReason: count, forEver: count.meta({ description: 'State no end, or one that their tool does not read.' }),
    expired: count, whole: count.meta({ description: 'Silence every rule of a tool.' }), added: optional(count), tools: z.array(tool),
  }),
  scanned: z.strictObject({
    files: count, bytes: count, vendored: count, binary: count, large: count, links: count, unreadable: z.array(z.string()), unblamed: count,
  }).meta({ description: 'What was read, and what was left out and why.' }),
}).meta({ title: 'exeat scan --format json' })

export type ScanResult = z.output<typeof scanResultSchema>
export type ScannedSuppression = z.output<typeof suppressionSchema>

const place = z.strictObject({ path: z.string(), line: z.int().min(1) })

export const adoptResultSchema = z.strictObject({
  schemaVersion: z.literal(1), kind: z.literal('AdoptResult'), at: instant, dryRun: z.boolean(), root: z.string(),
  written: z.array(z.strictObject({
    path: z.string(),
    optOuts: z.array(z.strictObject({ name: z.string(), control: z.string(), until: instant, findings: z.int().min(1), from: z.array(place) })),
  })).meta({ description: 'Files, and the opt-outs in each; with `dryRun` they were not written.' }),
  left: z.array(z.strictObject({ ...place.shape, tool: z.string(), rule: z.string(), mark: z.string(), because: z.string() })).meta({ description: 'What cannot become an opt-out, and why.' }),
  covered: count.meta({ description: 'Suppressions that an active opt-out covered before.' }),
}).meta({ title: 'exeat adopt --format json' })

export type AdoptResult = z.output<typeof adoptResultSchema>
