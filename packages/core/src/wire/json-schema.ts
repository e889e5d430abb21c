/** JSON Schemas of the commands' outputs that repeat what the API answers, so that one definition serves both. */
import * as z from 'zod'
import type { Json } from '../document/located.ts'
import { identifier, line } from '../document/scalars.ts'
import { actAnswerSchema, optOutViewSchema, statusSchema } from './schemas.ts'

const head = <Kind extends string>(kind: Kind) => ({ schemaVersion: z.literal(1), kind: z.literal(kind) })
const next = z.exactOptional(z.string().meta({ description: 'The next command or step; absent where nothing is left to do.' }))
const code = z.string().regex(/^(?:[0-9A-Z]{5}-){3}[0-9A-Z]{5}$/).meta({ description: 'Stands for uid, document, terms and impact together; people compare it between two screens.' })
const instant = z.string().regex(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{3})?Z$/)

const outputs = {
  'act-result.v1.json': z.strictObject({
    ...head('ActResult'),
    act: z.enum(['request', 'approve', 'activate', 'reject', 'withdraw', 'revoke', 'review', 'emergency', 'offline']),
    evidence: actAnswerSchema.shape.evidence, index: actAnswerSchema.shape.index, receipt: actAnswerSchema.shape.receipt, optOut: optOutViewSchema, code, next,
  }).meta({ title: 'exeat request, approve, activate, reject, withdraw, revoke, review, emergency, offline import --format json' }),
  'opt-out-status.v1.json': z.strictObject({ ...head('OptOutStatus'), optOut: optOutViewSchema, code, next }).meta({ title: 'exeat status NAME --format json' }),
  'server-opt-outs.v1.json': z.strictObject({
    ...head('ServerOptOuts'), server: z.string(), complete: z.boolean().meta({ description: 'False where the server knows more than are listed.' }), optOuts: z.array(optOutViewSchema),
  }).meta({ title: 'exeat list --server --format json' }),
  'server-status.v1.json': z.strictObject({ ...head('ServerStatus'), ...statusSchema.shape }).meta({ title: 'exeat status --format json' }),
  'bundle-result.v1.json': z.strictObject({
    ...head('BundleResult'), path: z.string(), bytes: z.int().min(1), workspace: identifier, origin: line, audience: identifier,
    issuedAt: instant, notAfter: instant, active: z.int().min(0), ended: z.int().min(0),
  }).meta({ title: 'exeat bundle --format json' }),
} as const

/** By file name, as they are committed under `schemas/output/`. */
export function outputJsonSchemas(): ReadonlyMap<string, Json> {
  return new Map(Object.entries(outputs).map(([name, schema]) => {
    const { $schema, ...rest } = z.toJSONSchema(schema, { target: 'draft-2020-12', io: 'output', reused: 'inline', override: ({ jsonSchema }) => { delete jsonSchema.id } })
    return [name, JSON.parse(JSON.stringify({ $schema, $id: `https://exeat.dev/schemas/output/${name}`, ...rest })) as Json]
  }))
}
