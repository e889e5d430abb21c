/** What is read at a glance, by people: small rows of many opt-outs, uses over time, and what the policies permit where. */
import * as z from 'zod'
import { dnsLabel, fingerprint, identifier, line } from '../document/scalars.ts'
import { identitySchema } from '../envelope/envelope.ts'
import { evidenceStrengths } from '../model/facts.ts'
import { severities } from '../model/finding.ts'
import { phases } from './schemas.ts'

const instant = z.string().max(40).meta({ format: 'date-time', description: 'UTC with three fractional digits.' })
const whole = z.int().min(0)
const milliseconds = whole.meta({ description: 'In milliseconds.' })
const anyPhase = `(?:${phases.join('|')})`

/** Longest beginning of a reason that a row shows, in characters. */
export const excerptLength = 280

export const inventoryItemSchema = z.strictObject({
  uid: fingerprint, name: identifier, phase: z.enum(phases),
  review: z.enum(['none', 'due', 'overdue', 'justified', 'unjustified']), reviewBy: z.exactOptional(instant),
  inForce: z.boolean(), emergency: z.boolean(), team: z.exactOptional(z.string()),
  window: z.strictObject({ from: instant, until: instant }),
  controls: z.array(z.string()), repositories: z.array(z.string()),
  environments: z.array(z.string()).meta({ description: 'Empty: any.' }),
  category: z.string(), owner: z.string(), requester: identitySchema,
  reason: z.string().meta({ description: `Its first ${excerptLength} characters.` }),
  askedAt: instant, activatedAt: z.exactOptional(instant), endedAt: z.exactOptional(instant),
  missing: z.array(z.string()),
  uses: z.strictObject({ counted: whole, limit: whole.nullable() }),
  unheard: z.boolean().meta({ description: 'An emergency in force whose alarm nobody has heard yet.' }),
}).meta({ id: 'InventoryItem' })

export const inventoryOrders = ['newest', 'ending', 'ended', 'name'] as const

export const inventoryQuerySchema = z.strictObject({
  phases: z.exactOptional(z.string().regex(new RegExp(`^${anyPhase}(?:,${anyPhase}){0,9}$`)).meta({ description: 'Any of these, with commas between.' })),
  control: z.exactOptional(line.meta({ description: 'Stands in the name of a control, in any case of letters.' })),
  environment: z.exactOptional(dnsLabel),
  owner: z.exactOptional(line.meta({ description: 'Stands in the owner, in any case of letters.' })),
  category: z.exactOptional(identifier),
  endedSince: z.exactOptional(z.iso.datetime({ offset: true }).meta({ description: 'Was in force, and ended at this instant or later.' })),
  review: z.exactOptional(z.literal('open').meta({ description: 'An emergency whose review is due or overdue.' })),
  order: z.exactOptional(z.enum(inventoryOrders).meta({ description: 'newest: asked for last, first. ending: ends first, first. ended: ended last, first.' })),
  after: z.exactOptional(z.string().max(400)), limit: z.exactOptional(z.coerce.number().int().min(1).max(200)),
})

const counted = z.array(z.strictObject({ value: z.string(), count: whole }))

export const inventoryAnswerSchema = z.strictObject({
  at: instant.meta({ description: 'When all of this was so.' }),
  total: whole.meta({ description: 'How many fit, on all pages.' }),
  phases: z.partialRecord(z.enum(phases), whole).meta({ description: 'How many fit of each phase, whatever `phases` asks for.' }),
  environments: counted.meta({ description: 'How many fit by environment, the most first; an empty value: any.' }), controls: counted, owners: counted,
  items: z.array(inventoryItemSchema), next: z.exactOptional(z.string()),
}).meta({ id: 'Inventory' })

/** Uses of one opt-out, by hour or by day (UTC); steps without any are left out. */
export const usesOverTimeSchema = z.strictObject({
  uid: fingerprint, counted: whole, limit: whole.nullable(), step: z.enum(['hour', 'day']), from: instant, until: instant,
  steps: z.array(z.strictObject({ at: instant, count: z.int().min(1) })),
}).meta({ id: 'UsesOverTime' })

const people = z.union([z.literal('anyone'), z.array(z.string())])
const factor = z.strictObject({ evidence: z.enum(evidenceStrengths), maxAge: z.exactOptional(milliseconds), attested: z.boolean(), backupEligible: z.boolean() })

export const permittedTermsSchema = z.strictObject({
  request: people, approve: z.array(z.strictObject({ groups: z.array(z.string()), count: z.int().min(1) })), activate: people, revoke: z.array(z.string()),
  mfa: z.union([z.literal('none'), factor]), approverMayActivate: z.boolean(), wildcards: z.boolean(),
  limits: z.strictObject({
    duration: milliseconds, totalDuration: z.exactOptional(milliseconds), renewals: z.exactOptional(whole), findings: z.exactOptional(whole), active: z.exactOptional(whole), uses: z.exactOptional(whole),
  }),
  requires: z.strictObject({ targets: z.array(z.string()), tickets: z.array(z.string()), compensatingControl: z.boolean(), impact: z.boolean(), witness: z.boolean() }),
  conditions: z.array(z.strictObject({ at: z.string(), message: z.string() })),
  emergency: z.exactOptional(z.strictObject({ groups: z.array(z.string()), duration: milliseconds, mfa: factor, reviewers: z.array(z.string()), reviewWithin: milliseconds, offline: z.boolean() })),
}).meta({ id: 'PermittedTerms' })

const answerSchema = z.union([
  z.strictObject({ kind: z.literal('permitted'), policies: z.array(z.string()), terms: permittedTermsSchema }),
  z.strictObject({ kind: z.literal('refused'), policies: z.array(z.string()), code: z.string(), message: z.string() }),
])

/** Who may opt out of what: controls by the policies that cover them, against environments. */
export const policiesAnswerSchema = z.strictObject({
  ref: line, commit: line,
  environments: z.array(z.strictObject({ name: z.string(), protected: z.boolean() })),
  policies: z.array(z.strictObject({
    name: z.string(), effect: z.enum(['permit', 'forbid']), controls: z.array(z.string()), file: z.string(), digest: fingerprint,
    environments: z.exactOptional(z.array(z.string())), severities: z.exactOptional(z.array(z.enum(severities))),
  })),
  rows: z.array(z.strictObject({
    policies: z.array(z.string()).meta({ description: 'Those that match the controls of this row, and no other does.' }),
    example: z.string().meta({ description: 'A control that they match.' }),
    cells: z.array(z.strictObject({
      environment: z.string(), answers: z.array(z.strictObject({ severities: z.array(z.enum(severities)), answer: answerSchema })),
    })).meta({ description: 'One for each environment, in their order; one answer where all severities have the same.' }),
  })),
  complete: z.boolean().meta({ description: 'False where the policies overlap in more ways than can be shown: `rows` is empty then.' }),
  log: z.exactOptional(z.strictObject({ origin: z.string(), keys: z.array(z.string()).meta({ description: 'Of the founders.' }), witnesses: z.array(z.string()), quorum: whole })),
}).meta({ id: 'Policies' })

export type InventoryItem = z.output<typeof inventoryItemSchema>
export type InventoryQuery = z.output<typeof inventoryQuerySchema>
export type Inventory = z.output<typeof inventoryAnswerSchema>
export type UsesOverTime = z.output<typeof usesOverTimeSchema>
export type PermittedTerms = z.output<typeof permittedTermsSchema>
export type PoliciesAnswer = z.output<typeof policiesAnswerSchema>
