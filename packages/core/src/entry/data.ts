/** What the bodies of entries say, a schema a type. A body is decoded strictly: what this release does not know is refused, never skipped. */
import * as z from 'zod'
import { dnsLabel, fingerprint, group, identifier, line } from '../document/scalars.ts'
import { credentialSchema, rootSignature } from '../enrolment/credential.ts'
import { enrolEnvelopeSchema, envelopeSchema, identitySchema } from '../envelope/envelope.ts'
import { observationSources } from '../model/observation.ts'
import { evidenceSchema } from './evidence.ts'
import { instantText, milliseconds } from './scalars.ts'
import type { EventType } from './types.ts'

const reason = z.string().min(1).max(4096)
const groups = z.array(group).max(500)
const some = z.array(group).min(1).max(500)
const binding = z.strictObject({ optOut: fingerprint, terms: fingerprint, impact: fingerprint.nullable() })
const window = z.strictObject({ from: instantText, until: instantText })
const whole = z.int().min(0)

const continuation = z.strictObject({ predecessor: fingerprint, renewal: z.int().min(1), total: milliseconds })

/** What the workspace's incident system answered about the ticket, and when it was asked; `answer`: SHA-256 of its body. */
export const incidentSchema = z.strictObject({ ticket: line, state: line, at: instantText, answer: fingerprint })

const agreedTerms = z.strictObject({
  approve: z.array(z.strictObject({ groups: some, count: z.int().min(1) })),
  activate: z.union([z.literal('anyone'), groups]),
  revoke: groups,
  approverMayActivate: z.boolean(),
  duration: milliseconds,
  totalDuration: z.exactOptional(milliseconds),
  renewals: z.exactOptional(whole),
  active: z.exactOptional(whole),
  timers: z.strictObject({ approval: milliseconds, activation: milliseconds }),
  emergency: z.exactOptional(z.strictObject({ groups: some, duration: milliseconds, reviewers: some, reviewWithin: milliseconds })),
})

const names = z.array(z.string().min(1).max(4096)).min(1).max(1000)

const asked = z.strictObject({
  name: identifier,
  scope: z.strictObject({
    controls: names,
    targets: z.strictObject({
      repositories: z.exactOptional(names),
      environments: z.exactOptional(names),
      paths: z.exactOptional(names),
      resources: z.exactOptional(names),
      images: z.exactOptional(names),
      fingerprints: z.exactOptional(names),
    }),
  }),
  repositories: z.array(z.string().min(1).max(512)).max(1000),
  window,
  reason: z.string().min(1).max(8192),
  emergency: z.boolean(),
  limits: z.strictObject({ findings: z.exactOptional(z.int().min(1)), uses: z.exactOptional(z.int().min(1)) }),
  renews: z.exactOptional(identifier),
})

const act = { envelope: envelopeSchema, evidence: evidenceSchema }
const ending = z.strictObject({ by: identitySchema, reason, ...act })

const proposal = z.strictObject({
  asked, requester: identitySchema, groups, involved: z.array(identitySchema).max(1000), binding, terms: agreedTerms, renewal: whole, total: milliseconds,
  predecessor: z.exactOptional(fingerprint), ...act,
})

export const dsse = z.strictObject({
  payloadType: z.string().max(200), payload: z.string().max(64 * 1024),
  signatures: z.array(z.strictObject({ keyid: z.string().max(200), sig: z.string().max(200) })).min(1).max(64),
})

/** A statement about a credential, and what shows who made it. */
const about = { envelope: enrolEnvelopeSchema, evidence: evidenceSchema }

const degraded = z.strictObject({ code: z.string().min(1).max(100), message: z.string().min(1).max(2000) })

/** Another system's text: nobody can be asked to write it otherwise. */
const theirs = z.string().regex(/^[^\p{C}\p{Zl}\p{Zp}]{1,512}$/u)

/**
 * What another system reported that makes a control weaker, as far as it said so: an absent member is unknown. `thing`: SHA-256 of what it is at its source, the same
 * each time that it is reported. `at`: when it happened there. Texts are the source's, cut and on one line; what people wrote there stays there.
 */
const observed = {
  receiver: dnsLabel, source: z.enum(observationSources), what: identifier, thing: fingerprint, at: instantText,
  control: z.exactOptional(theirs), repository: z.exactOptional(z.strictObject({ id: identifier, name: z.exactOptional(theirs) })), environment: z.exactOptional(dnsLabel),
  path: z.exactOptional(theirs), resource: z.exactOptional(theirs), actor: z.exactOptional(theirs), reason: z.exactOptional(theirs), ends: z.exactOptional(instantText),
}
export const observedSchema = z.strictObject(observed)

/** The data of each type. Instants are canonical texts in the JSON and integers once decoded. */
export const dataSchemas = {
  /** A delegation of the root keys to working keys, the log's first included; or what governs at another commit. */
  'dev.exeat.workspace.changed.v1': z.union([
    z.strictObject({ delegation: dsse }),
    z.strictObject({ ref: line, commit: line, workspace: fingerprint, previous: fingerprint.nullable() }),
  ]),
  'dev.exeat.policy.changed.v1': z.strictObject({
    commit: line,
    changes: z.array(z.strictObject({ kind: z.enum(['OptOutPolicy', 'Aliases']), name: identifier, digest: fingerprint.nullable(), previous: fingerprint.nullable() })).min(1).max(200),
  }),
  /**
   * A key that people may sign with from now on, or one that an identity provider signs with: that has no `person`. `own`: the person's own earlier key says so.
   * It fills no place of a quorum before somebody else vouched for it and a day went by (`enrolment/ledger.ts`).
   */
  'dev.exeat.enrolment.added.v1': z.strictObject({
    person: z.exactOptional(identitySchema), credential: credentialSchema, label: line, invitedBy: z.exactOptional(identitySchema), own: z.exactOptional(z.strictObject(about)),
  }),
  /** `root`: a founder's key, for whoever the founder says it is; otherwise the tap of somebody who is enrolled, and was in these groups. */
  'dev.exeat.enrolment.vouched.v1': z.strictObject({
    person: identitySchema, credential: fingerprint, by: identitySchema, groups: z.exactOptional(groups), envelope: enrolEnvelopeSchema, evidence: z.union([evidenceSchema, rootSignature]),
  }),
  'dev.exeat.enrolment.removed.v1': z.strictObject({ person: z.exactOptional(identitySchema), credential: fingerprint, by: identitySchema, reason, ...about }),
  'dev.exeat.optout.proposed.v1': proposal,
  'dev.exeat.optout.renewed.v1': proposal,
  'dev.exeat.optout.approved.v1': z.strictObject({ by: identitySchema, groups, binding, ...act }),
  'dev.exeat.optout.rejected.v1': ending,
  'dev.exeat.optout.withdrawn.v1': ending,
  'dev.exeat.optout.activated.v1': z.strictObject({ by: identitySchema, groups, binding, counted: z.array(identitySchema).max(100), continues: z.exactOptional(continuation), ...act }),
  'dev.exeat.optout.revoked.v1': ending,
  'dev.exeat.optout.exhausted.v1': z.strictObject({}),
  'dev.exeat.optout.stale.v1': z.strictObject({ changed: z.array(z.enum(['optOut', 'terms', 'impact'])).min(1).max(3) }),
  'dev.exeat.emergency.activated.v1': z.strictObject({
    asked, by: identitySchema, groups, team: group, second: z.exactOptional(identitySchema), binding, terms: agreedTerms, reviewBy: instantText, ...act,
    /** What the second person signed: the same envelope in their own name. Beside a typed name there is none. */
    seconded: z.exactOptional(z.strictObject(act)),
    /** Digest of the offline grant that it was (`offlineGrantDigest`), whose evidence is of kind `offline`. */
    offline: z.exactOptional(fingerprint),
    incident: z.exactOptional(incidentSchema),
  }),
  /** Somebody heard of it. `entry`: what was told of. No act on the opt-out: it changes nothing of what may be excused. */
  'dev.exeat.emergency.acknowledged.v1': z.strictObject({ by: identitySchema, evidence: evidenceSchema, entry: whole }),
  'dev.exeat.emergency.reviewed.v1': z.strictObject({ by: identitySchema, verdict: z.enum(['justified', 'unjustified']), reason, ...act }),
  'dev.exeat.use.claimed.v1': z.strictObject({ point: line, subject: line }),
  /** `content`: `contentDigest` of what was published; `size`: of the log it was folded from. */
  'dev.exeat.bundle.published.v1': z.strictObject({ content: fingerprint, size: whole, commit: line }),
  /** What is gone, by digest; never what it said. */
  'dev.exeat.body.erased.v1': z.strictObject({
    by: identitySchema, reason, erased: z.array(z.strictObject({ kind: identifier, digest: fingerprint })).min(1).max(200),
  }),
  'dev.exeat.audit.degraded.v1': degraded,
  'dev.exeat.audit.restored.v1': degraded,
  /** The alarm tried out: nothing is excused, and nothing is counted. `sinks`: whom it went to. */
  'dev.exeat.drill.started.v1': z.strictObject({ by: identitySchema, evidence: evidenceSchema, sinks: z.array(dnsLabel).min(1).max(200), until: instantText }),
  /** `drill`: index of the entry that started it. */
  'dev.exeat.drill.acknowledged.v1': z.strictObject({ by: identitySchema, evidence: evidenceSchema, drill: whole }),
  'dev.exeat.drill.ended.v1': z.strictObject({ drill: whole, outcome: z.enum(['acknowledged', 'unacknowledged', 'undelivered']) }),
  /** No opt-out that was in force declares it. */
  'dev.exeat.shadow.detected.v1': observedSchema,
  /** One does. */
  'dev.exeat.shadow.covered.v1': z.strictObject({ ...observed, optOut: z.strictObject({ uid: fingerprint, name: identifier }) }),
  /** The source says that it is gone. `entry`: index of the entry that told of it. */
  'dev.exeat.shadow.resolved.v1': z.strictObject({ receiver: dnsLabel, source: observed.source, what: identifier, thing: fingerprint, at: instantText, actor: z.exactOptional(theirs), entry: whole }),
} as const satisfies Record<EventType, z.ZodType>

export type EventData = { readonly [T in EventType]: z.output<(typeof dataSchemas)[T]> }
