/** What crosses the HTTP API, once for the server that answers, the client that asks and the OpenAPI document. All of it is plain JSON. */
import * as z from 'zod'
import { dnsLabel, fingerprint, group, identifier, line } from '../document/scalars.ts'
import { evidenceStrengths } from '../model/facts.ts'
import { tapSchema } from './tap.ts'

const instant = z.string().max(40).meta({ format: 'date-time', description: 'UTC with three fractional digits.' })
const reason = z.string().min(1).max(4096)
const json = z.record(z.string(), z.unknown())

const identity = z.strictObject({ iss: identifier, sub: identifier })

/** What people sign, by digest: what the caller saw must be what stands. */
export const bindingSchema = z.strictObject({ optOut: fingerprint, terms: fingerprint, impact: fingerprint.nullable() }).meta({ id: 'Binding' })

/** RFC 9457, with the way out as members. */
export const problemSchema = z.object({
  type: z.string(),
  title: z.string(),
  status: z.int(),
  code: z.string(),
  detail: z.string(),
  hint: z.exactOptional(z.string()),
  wayOut: z.exactOptional(json),
  errors: z.exactOptional(z.array(z.object({ code: z.string(), message: z.string(), hint: z.exactOptional(z.string()), at: z.exactOptional(json) }))),
}).meta({ id: 'Problem' })

/** `document`: an OptOut as JSON, spelled as in YAML. `impact`: `{schemaVersion, kind: Impact, optOut, fingerprints}`. */
export const requestSchema = z.strictObject({ document: json, impact: z.exactOptional(json) }).meta({ id: 'Request' })
/** `second`: who confirms it as well, where it meets one that nobody has reviewed; a name is one of the administrative socket. */
export const emergencySchema = z.strictObject({ document: json, impact: z.exactOptional(json), team: group, second: z.exactOptional(z.union([line, identity])) }).meta({ id: 'Emergency' })
/** An offline grant and the signatures over it, each file in base64. */
export const offlineImportSchema = z.strictObject({
  grant: z.string().min(1).max(16_400), signatures: z.array(z.string().min(1).max(11_000)).min(2).max(8),
}).meta({ id: 'OfflineImport' })
/** The tap that an act needs of people who signed in; an administrator's socket has none, and satisfies no `mfa` but `none`. */
const tap = z.exactOptional(tapSchema)
/** A request that renews an opt-out is tapped. */
export const requestActSchema = requestSchema.extend({ tap }).meta({ id: 'RequestAct' })
export const emergencyActSchema = emergencySchema.extend({ tap }).meta({ id: 'EmergencyAct' })
/** Of an approval and an activation: what the caller saw. */
export const signedSchema = z.strictObject({ signed: bindingSchema, tap }).meta({ id: 'Signed' })
/** Of a rejection, withdrawal and revocation. */
export const reasonSchema = z.strictObject({ reason }).meta({ id: 'Reason' })
export const reviewSchema = z.strictObject({ verdict: z.enum(['justified', 'unjustified']), reason }).meta({ id: 'Review' })
export const reviewActSchema = reviewSchema.extend({ tap }).meta({ id: 'ReviewAct' })

/** Where an entry stands, and its receipt: a C2SP tlog-proof@v1 under a signed checkpoint. */
export const receiptSchema = z.strictObject({ index: z.int().min(0), receipt: z.string() }).meta({ id: 'Receipt' })

export const phases = ['proposed', 'approved', 'active', 'lapsed', 'revoked', 'exhausted', 'rejected', 'withdrawn', 'timed-out', 'stale'] as const

/** `at`: when it was first delivered, else of the next attempt, or when it was given up. `message`: why the last attempt failed. */
const deliverySchema = z.strictObject({ sink: z.string(), state: z.enum(['waiting', 'delivered', 'dead']), attempts: z.int(), at: instant, message: z.exactOptional(z.string()) })
const heardSchema = z.strictObject({ by: identity, evidence: z.string(), at: instant })
export const alarmSchema = z.strictObject({ deliveries: z.array(deliverySchema), acknowledged: z.exactOptional(heardSchema) }).meta({ id: 'Alarm' })

/** `within`: seconds that somebody has to acknowledge it. */
export const drillWantedSchema = z.strictObject({ within: z.int().min(1).max(86_400) }).meta({ id: 'DrillWanted' })
export const drillSchema = z.strictObject({
  /** Of the entry that started it. */
  index: z.int().min(0),
  by: identity, evidence: z.string(), at: instant, until: instant,
  state: z.enum(['running', 'acknowledged', 'unacknowledged', 'undelivered']),
  ...alarmSchema.shape,
}).meta({ id: 'Drill' })
/** The receipt is of the act's own entry. */
export const drillAnswerSchema = z.strictObject({ drill: drillSchema, index: z.int().min(0), receipt: z.string(), evidence: z.string() }).meta({ id: 'DrillAnswer' })

/** One opt-out as the server sees it at an instant. */
export const optOutViewSchema = z.strictObject({
  uid: fingerprint,
  name: identifier,
  phase: z.enum(phases),
  review: z.enum(['none', 'due', 'overdue', 'justified', 'unjustified']),
  /** True while it may excuse: active, and begun. */
  inForce: z.boolean(),
  /** Whether this very document stands at the protected ref. */
  merged: z.boolean(),
  window: z.strictObject({ from: instant, until: instant }),
  controls: z.array(z.string()),
  repositories: z.array(z.string()),
  environments: z.array(z.string()),
  reason: z.string(),
  category: z.string(),
  owner: z.string(),
  requester: identity,
  approvals: z.array(z.strictObject({ by: identity, groups: z.array(z.string()), evidence: z.string(), at: instant })),
  activation: z.exactOptional(z.strictObject({ by: identity, evidence: z.string(), at: instant })),
  ended: z.exactOptional(instant),
  /** Of an emergency: whom it was told to, and who heard it. Absent for those of an earlier release. */
  alarm: z.exactOptional(alarmSchema),
  /** What is still missing before it may be activated: `1 of security`. */
  missing: z.array(z.string()),
  renewal: z.int(),
  predecessor: z.exactOptional(fingerprint),
  uses: z.strictObject({ counted: z.int(), limit: z.int().nullable() }),
  /**
   * It may excuse what is of severity `critical`, or is for a protected environment, or nobody can tell: whoever approves it in a browser types the beginning of
   * the comparison code that another screen shows.
   */
  critical: z.boolean(),
  /** What evidence approving and activating it take by the terms in force; absent where nobody can tell. */
  mfa: z.exactOptional(z.enum(evidenceStrengths)),
  /** To be sent back by who approves or activates it. */
  binding: bindingSchema,
  /** The document as JSON, spelled as in YAML; absent once it was erased. */
  document: z.exactOptional(json),
  /** Indexes of its entries in the log, in order. */
  entries: z.array(z.int()),
}).meta({ id: 'OptOut' })

/** The answer to every act. */
export const actAnswerSchema = z.strictObject({ optOut: optOutViewSchema, index: z.int().min(0), receipt: z.string(), evidence: z.string() }).meta({ id: 'ActAnswer' })

export const listQuerySchema = z.strictObject({
  phase: z.exactOptional(z.enum(phases)), name: z.exactOptional(identifier), control: z.exactOptional(line), repository: z.exactOptional(line), environment: z.exactOptional(dnsLabel),
  after: z.exactOptional(z.string().max(300)), limit: z.exactOptional(z.coerce.number().int().min(1).max(200)),
})
export const listAnswerSchema = z.strictObject({ items: z.array(optOutViewSchema), next: z.exactOptional(z.string()) }).meta({ id: 'OptOutList' })

/** A use: one opt-out excusing something at one enforcement point for one subject, counted once however often it is sent. */
export const useSchema = z.strictObject({
  uid: fingerprint,
  /** `gate/1001/production`. */
  point: line,
  /** `commit:0123…`, `sha256:…`, or an object's name. */
  subject: line,
})
export const usesSchema = z.strictObject({ uses: z.array(useSchema).min(1).max(100) }).meta({ id: 'Uses' })
/** In the order of the request. `counted` is the acknowledged claim that some opt-outs need before they excuse. */
export const usesAnswerSchema = z.strictObject({
  results: z.array(z.strictObject({ uid: fingerprint, outcome: z.enum(['counted', 'refused']), code: z.exactOptional(z.string()), message: z.exactOptional(z.string()) })),
}).meta({ id: 'UsesAnswer' })

export const bundleQuerySchema = z.strictObject({
  audience: z.exactOptional(identifier),
  /** 16 to 32 random bytes in hex; the bundle repeats it. */
  nonce: z.exactOptional(z.string().regex(/^[0-9a-f]{32,64}$/)),
  /** `true` where the point is in a protected environment: the bundle lives five minutes at most. */
  protected: z.exactOptional(z.enum(['true', 'false'])),
})

export const erasureSchema = z.strictObject({
  uid: fingerprint,
  reason,
}).meta({ id: 'Erasure' })
export const erasureAnswerSchema = z.strictObject({ index: z.int().min(0), erased: z.array(z.strictObject({ kind: z.string(), digest: fingerprint })) }).meta({ id: 'ErasureAnswer' })

/** An entry of the log: its leaf, and its body where it may be read and was not erased. */
export const entryViewSchema = z.strictObject({
  index: z.int().min(0),
  leaf: json,
  body: z.union([z.strictObject({ state: z.literal('kept'), salt: z.string(), event: z.string() }), z.strictObject({ state: z.literal('erased') })]),
}).meta({ id: 'Entry' })

/** Entries from an index on, with their bodies: for whoever takes all of the log away. */
export const entriesQuerySchema = z.strictObject({ from: z.exactOptional(z.coerce.number().int().min(0)), limit: z.exactOptional(z.coerce.number().int().min(1).max(256)) })
export const entriesAnswerSchema = z.strictObject({ items: z.array(entryViewSchema).max(256) }).meta({ id: 'Entries' })

export const statusSchema = z.strictObject({
  workspace: z.string(), origin: z.string(), size: z.int(), root: z.string(), at: instant,
  state: z.enum(['open', 'read-only', 'dead', 'closed']),
  code: z.exactOptional(z.string()), message: z.exactOptional(z.string()),
  ref: z.exactOptional(z.string()), commit: z.exactOptional(z.string()),
  founders: z.array(z.string()),
  singleFounder: z.boolean(),
  /** The last whole reading of the log (`fsck`): when it ended, of how many entries, and whether all of it is what the head says. */
  checked: z.exactOptional(z.strictObject({ at: instant, size: z.int().min(0), ok: z.boolean(), message: z.exactOptional(z.string()) })),
  /** With which alarms are signed, as Standard Webhooks spells it; the founders delegated to it. */
  webhookKey: z.exactOptional(z.string()),
  /** By witness: how many entries it has not cosigned yet, and why the last attempt failed. */
  witnesses: z.exactOptional(z.array(z.strictObject({ name: z.string(), size: z.int().min(0).nullable(), lag: z.int().min(0), message: z.exactOptional(z.string()) }))),
}).meta({ id: 'Status' })
