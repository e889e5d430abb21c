/** JSON Schemas of the commands' outputs that repeat what the API answers, so that one definition serves both. */
import * as z from 'zod'
import type { Json } from '../document/located.ts'
import { identifier, line } from '../document/scalars.ts'
import { eventTypes } from '../entry/types.ts'
import { simulationSchema } from '../impact/report.ts'
import { evidenceStrengths } from '../model/facts.ts'
import { shadowsSchema } from './shadow.ts'
import { sinksSchema } from './sinks.ts'
import { adoptResultSchema, scanResultSchema } from './scan.ts'
import { actAnswerSchema, drillAnswerSchema, drillSchema, optOutViewSchema, statusSchema } from './schemas.ts'

const head = <Kind extends string>(kind: Kind) => ({ schemaVersion: z.literal(1), kind: z.literal(kind) })
const next = z.exactOptional(z.string().meta({ description: 'The next command or step; absent where nothing is left to do.' }))
const code = z.string().regex(/^(?:[0-9A-Z]{5}-){3}[0-9A-Z]{5}$/).meta({ description: 'Stands for uid, document, terms and impact together; people compare it between two screens.' })
const instant = z.string().regex(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{3})?Z$/)

/** Of `exeat log evidence`: what is told of each act, and of what is wrong. */
const whole = z.int().min(0)
const hex = z.string().regex(/^[0-9a-f]{64}$/)
const person = z.strictObject({ iss: z.string(), sub: z.string() })
const strength = z.enum(evidenceStrengths)
const shownEvidence = z.strictObject({
  strength, kind: z.enum(['webauthn', 'ssh', 'oidc', 'totp', 'sign-in', 'typed', 'root', 'offline']),
  enrolment: z.exactOptional(whole.meta({ description: 'Index of the entry that enrolled the key.' })),
  key: z.exactOptional(z.strictObject({ label: z.string(), digest: hex, attested: z.boolean(), backupEligible: z.boolean() })),
  relyingParty: z.exactOptional(z.string()), origin: z.exactOptional(z.string()), userVerified: z.exactOptional(z.boolean()), counter: z.exactOptional(whole),
  issuer: z.exactOptional(z.string()), acr: z.exactOptional(z.string()), amr: z.exactOptional(z.array(z.string())),
  age: z.exactOptional(whole.meta({ description: 'Milliseconds from the challenge to the act.' })), name: z.exactOptional(z.string()), method: z.exactOptional(z.string()),
})
const fault = z.strictObject({ kind: z.enum(['wrong', 'unread']), index: z.exactOptional(whole), code: z.string(), message: z.string(), hint: z.exactOptional(z.string()) })
const auditedAct = z.strictObject({
  index: whole, type: z.enum(eventTypes), at: instant,
  state: z.enum(['verified', 'asserted', 'wrong', 'unchecked']).meta({ description: 'asserted: the log says so, and nobody signed it. unchecked: what it takes is erased or missing.' }),
  uid: z.exactOptional(hex), name: z.exactOptional(z.string()), by: z.exactOptional(person), evidence: z.exactOptional(shownEvidence), code: z.exactOptional(code),
  second: z.exactOptional(z.strictObject({ by: person, evidence: shownEvidence })),
  problem: z.exactOptional(z.strictObject({ code: z.string(), message: z.string(), hint: z.exactOptional(z.string()) })), because: z.exactOptional(z.string()),
})

const evidenceOutput = z.strictObject({
  ...head('LogEvidence'), exit: z.int().min(0).max(2), outcome: z.enum(['holds', 'not-whole', 'wrong']), from: z.string(), origin: line,
  size: z.exactOptional(whole), root: z.exactOptional(hex),
  entry: z.exactOptional(z.strictObject({ index: whole, id: z.string(), type: z.enum(eventTypes), time: instant, uid: hex.nullable() })),
  founders: z.exactOptional(z.strictObject({ keys: z.array(z.string()), pinned: z.boolean().meta({ description: 'By a clone of the auditor\'s; else they are those that entry 0 states.' }) })),
  governed: z.exactOptional(z.array(z.strictObject({ index: whole, commit: z.string(), workspace: hex, relyingParty: z.exactOptional(z.string()), origins: z.array(z.string()) }))),
  content: z.exactOptional(z.strictObject({ held: whole, erased: whole, missing: whole })),
  acts: z.exactOptional(z.array(auditedAct)),
  totals: z.exactOptional(z.array(z.strictObject({ strength: z.union([strength, z.literal('no signature')]), verified: whole, asserted: whole, unchecked: whole, wrong: whole }))),
  faults: z.array(fault),
}).meta({ title: 'exeat log evidence --format json' })

const outputs = {
  'act-result.v1.json': z.strictObject({
    ...head('ActResult'),
    act: z.enum(['request', 'approve', 'activate', 'reject', 'withdraw', 'revoke', 'review', 'emergency', 'acknowledge', 'offline']),
    evidence: actAnswerSchema.shape.evidence, index: actAnswerSchema.shape.index, receipt: actAnswerSchema.shape.receipt, optOut: optOutViewSchema, code, next,
  }).meta({ title: 'exeat request, approve, activate, reject, withdraw, revoke, review, emergency, emergency ack, offline import --format json' }),
  'opt-out-status.v1.json': z.strictObject({ ...head('OptOutStatus'), optOut: optOutViewSchema, code, next }).meta({ title: 'exeat status NAME --format json' }),
  'server-opt-outs.v1.json': z.strictObject({
    ...head('ServerOptOuts'), server: z.string(), complete: z.boolean().meta({ description: 'False where the server knows more than are listed.' }), optOuts: z.array(optOutViewSchema),
  }).meta({ title: 'exeat list --server --format json' }),
  'server-status.v1.json': z.strictObject({ ...head('ServerStatus'), ...statusSchema.shape }).meta({ title: 'exeat status --format json' }),
  'bundle-result.v1.json': z.strictObject({
    ...head('BundleResult'), path: z.string(), bytes: z.int().min(1), workspace: identifier, origin: line, audience: identifier,
    issuedAt: instant, notAfter: instant, active: z.int().min(0), ended: z.int().min(0),
  }).meta({ title: 'exeat bundle --format json' }),
  'drill-result.v1.json': z.strictObject({
    ...head('DrillResult'), drill: drillSchema,
    act: z.exactOptional(z.enum(['start', 'acknowledge'])), evidence: z.exactOptional(drillAnswerSchema.shape.evidence), index: z.exactOptional(drillAnswerSchema.shape.index), receipt: z.exactOptional(drillAnswerSchema.shape.receipt),
  }).meta({ title: 'exeat drill start, ack, status --format json' }),
  'sinks.v1.json': z.strictObject({ ...head('Sinks'), ...sinksSchema.shape }).meta({ title: 'exeat sinks --format json' }),
  'shadow-opt-outs.v1.json': z.strictObject({ ...head('ShadowOptOuts'), items: shadowsSchema.shape.items }).meta({ title: 'exeat shadow --format json' }),
  'log-evidence.v1.json': evidenceOutput,
  'simulation.v1.json': simulationSchema,
  'scan-result.v1.json': scanResultSchema,
  'adopt-result.v1.json': adoptResultSchema,
} as const

/** By file name, as they are committed under `schemas/output/`. */
export function outputJsonSchemas(): ReadonlyMap<string, Json> {
  return new Map(Object.entries(outputs).map(([name, schema]) => {
    const { $schema, ...rest } = z.toJSONSchema(schema, { target: 'draft-2020-12', io: 'output', reused: 'inline', override: ({ jsonSchema }) => { delete jsonSchema.id } })
    return [name, JSON.parse(JSON.stringify({ $schema, $id: `https://exeat.dev/schemas/output/${name}`, ...rest })) as Json]
  }))
}
