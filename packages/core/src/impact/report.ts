/** What a simulation answers: one definition for the type, the check of what a child process says, and the committed schema. */
import * as z from 'zod'
import { severities } from '../model/finding.ts'

const count = z.int().min(0)
const digest = z.string().regex(/^[0-9a-f]{64}$/)
const instant = z.string().regex(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{3})?Z$/)
const optional = z.exactOptional

const sample = z.strictObject({
  fingerprint: digest, control: z.string(), severity: optional(z.enum(severities)),
  repository: optional(z.string()), environment: optional(z.string()),
  path: optional(z.string()), line: optional(z.int()), resource: optional(z.string()), image: optional(z.string()),
})
const bucket = z.strictObject({ name: z.string(), findings: count })
const tally = z.strictObject({ top: z.array(bucket), others: count.meta({ description: 'Findings of those that are not listed.' }) })
const outcomes = z.strictObject({ passed: count, excused: count, blocked: count })
const list = z.strictObject({ total: count, samples: z.array(sample) })

const changedOptOut = z.strictObject({
  name: z.string(), change: z.enum(['added', 'removed', 'changed']), document: digest,
  from: instant, until: instant, owner: z.string(),
  refused: z.array(z.strictObject({ code: z.string(), term: z.string(), message: z.string(), hint: optional(z.string()) })),
  /** What `exeat impact` would record, and what approvals are bound to. */
  impact: optional(z.strictObject({
    digest: optional(digest), fingerprints: count, recorded: optional(digest), assumed: z.boolean().meta({ description: 'Its terms ask for an impact, none is recorded, and this one was taken for recorded.' }), stale: z.boolean(),
    added: count.meta({ description: 'In scope, and not in the recorded impact.' }), gone: count.meta({ description: 'In the recorded impact, and not found.' }),
  })),
  limit: optional(count), measured: count.meta({ description: 'Most findings in scope in one run.' }),
  unintended: list.meta({ description: 'In its declared scope and not in its recorded impact: nobody had them in mind.' }),
  alreadyCovered: z.array(z.strictObject({ optOut: z.string(), findings: count })),
  nearMisses: z.array(z.strictObject({ code: z.string(), key: optional(z.string()), findings: count, example: sample })),
  redAgain: z.strictObject({ at: instant, findings: count, byControl: z.array(bucket) }),
  canaries: z.array(z.strictObject({
    kind: z.enum(['path', 'version', 'environment', 'rule', 'repository', 'second']), tried: count, excused: count, example: optional(sample),
  })),
  untold: z.strictObject({
    nearMisses: count.meta({ description: 'Blocked findings of its controls that were counted and not explained.' }), neighbours: count.meta({ description: 'Excused findings whose neighbours were not tried.' }),
  }),
  suggestion: optional(z.strictObject({
    keys: z.array(z.strictObject({ key: z.string(), from: z.string(), to: z.string() })),
    document: z.unknown().meta({ description: 'The opt-out as it would stand.' }), patch: optional(z.string()),
  })),
})

const places = z.strictObject({ total: count, samples: z.array(z.strictObject({ control: z.string(), path: optional(z.string()), line: optional(z.int()), resource: optional(z.string()) })) })

/** What a real tool made of the opt-outs in its own form. */
const confirmed = z.strictObject({
  tool: z.string(), findings: count.meta({ description: 'That it reports without an excuse.' }),
  excused: count.meta({ description: 'Of them, by the changed opt-outs.' }), written: count.meta({ description: 'Of those, that its form can say.' }),
  inexpressible: z.array(z.strictObject({ code: z.string(), message: z.string() })),
  holds: z.boolean(),
  silenced: places.meta({ description: 'It stopped reporting them, and nobody excused them.' }),
  remaining: places.meta({ description: 'It reports them though its form excuses them.' }),
})

export const simulationSchema = z.strictObject({
  schemaVersion: z.literal(1), kind: z.literal('Simulation'), authoritative: z.literal(false),
  governance: z.string(), at: instant.meta({ description: 'The instant it shows.' }), now: instant,
  isolated: z.boolean(),
  runs: count, findings: count.meta({ description: 'Each once for each environment that it was replayed in.' }),
  before: outcomes, after: outcomes,
  bySeverity: z.array(z.strictObject({ severity: z.enum([...severities, 'unknown']), before: outcomes, after: outcomes })),
  opened: z.strictObject({ ...list.shape, control: tally, severity: tally, repository: tally, environment: tally, path: tally }),
  closed: z.strictObject({ ...list.shape, control: tally }),
  optOuts: z.array(changedOptOut),
  /** What all opt-outs together leave open, with the change. */
  open: z.array(z.strictObject({ control: z.string(), owner: z.string(), findings: count, until: instant })),
  timeline: z.array(z.strictObject({ until: instant, findings: count, optOuts: z.array(z.string()) })),
  problems: z.array(z.strictObject({ severity: z.enum(['error', 'warning']), code: z.string(), message: z.string(), hint: optional(z.string()) })),
  suggested: z.boolean(),
  confirmed: optional(confirmed),
}).meta({ title: 'exeat simulate --format json' })

export type SimulationConfirmed = z.output<typeof confirmed>
export type Simulation = z.output<typeof simulationSchema>
export type SimulatedOptOut = z.output<typeof changedOptOut>
export type Sample = z.output<typeof sample>
export type Outcomes = z.output<typeof outcomes>
