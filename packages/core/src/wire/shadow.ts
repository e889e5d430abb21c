/** What is told of shadow opt-outs that other systems reported, and what those hear back. */
import * as z from 'zod'
import { dnsLabel } from '../document/scalars.ts'
import { observationSources } from '../model/observation.ts'

const whole = z.int().min(0)
const instant = z.string().regex(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)
const hex = z.string().regex(/^[0-9a-f]{64}$/)
const optional = z.exactOptional
const named = z.strictObject({ uid: hex, name: z.string() })

export const shadowStates = ['open', 'covered', 'resolved'] as const

export const shadowSchema = z.strictObject({
  index: whole.meta({ description: 'Of the entry that tells of it.' }), detected: instant.meta({ description: 'When it was entered.' }),
  state: z.enum(shadowStates).meta({ description: 'open: no opt-out declares it. covered: one did when it was reported. resolved: its source says that it is gone, or what it is now.' }),
  receiver: z.string(), source: z.enum(observationSources), what: z.string(), thing: hex.meta({ description: 'The same for every report of the same thing.' }),
  at: instant.meta({ description: 'When it happened, as its source says; else when it was reported.' }),
  control: optional(z.string()), repository: optional(z.strictObject({ id: z.string(), name: optional(z.string()) })), environment: optional(z.string()), path: optional(z.string()), resource: optional(z.string()),
  actor: optional(z.string()), reason: optional(z.string()), ends: optional(instant), optOut: optional(named),
  resolved: optional(z.strictObject({ index: whole, at: instant })),
}).meta({ id: 'Shadow' })

export const shadowsSchema = z.strictObject({ items: z.array(shadowSchema), next: optional(z.string()) }).meta({ id: 'Shadows' })

export const shadowQuerySchema = z.strictObject({
  state: optional(z.enum(shadowStates)), after: optional(z.string().max(20)), limit: optional(z.coerce.number().pipe(z.int().min(1).max(200))),
})

/** What a system hears that reported something. */
export const receivedSchema = z.strictObject({
  receiver: dnsLabel, outcome: z.enum(['taken', 'repeated', 'ignored']).meta({ description: 'repeated: this delivery was taken before. ignored: it makes no control weaker.' }),
  items: z.array(z.strictObject({ what: z.string(), state: z.enum(['detected', 'covered', 'resolved', 'known', 'stale', 'elsewhere']), index: optional(whole) })),
}).meta({ id: 'Received' })

export type ShadowView = z.output<typeof shadowSchema>
export type Shadows = z.output<typeof shadowsSchema>
export type ShadowQuery = z.output<typeof shadowQuerySchema>
export type ReceivedAnswer = z.output<typeof receivedSchema>
