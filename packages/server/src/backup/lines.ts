/** What stands in a backup: one JSON object a line, compressed as a whole (gzip, RFC 1952). Bytes are base64. */
import * as z from 'zod'
import { fingerprint, identifier, line as text } from '@exeat/core/entry'
import { dsseSchema } from '@exeat/verify'
import { configSchema } from '../config/schema.ts'
import { backupError } from './problem.ts'

const whole = z.int().min(0)
const bytes = z.base64().max(12 * 1024 * 1024)
const label = z.string().min(1).max(200)

const header = z.strictObject({
  s: z.literal('header'), schema: z.literal('exeat/backup/v1'), workspace: identifier, origin: identifier,
  /** C2SP verifier key of the log. */
  key: text,
  /** Of the head, which is the snapshot's. */
  size: whole, root: fingerprint, headAt: whole,
  database: z.enum(['sqlite', 'postgres']), storeSchema: z.int().min(1),
  at: whole,
})

/** In the order in which they stand; a checkpoint follows the last entry that it covers. */
const schemas = [
  header,
  z.strictObject({ s: z.literal('config'), config: configSchema }),
  /** An age file (age-encryption.org/v1) of the key files; absent where they were left out. */
  z.strictObject({ s: z.literal('keys'), age: bytes }),
  z.strictObject({ s: z.literal('checkpoint'), size: whole, note: z.string().min(1).max(100_000) }),
  /** `salt` and `event`: its body; absent where that was erased. */
  z.strictObject({ s: z.literal('entry'), leaf: z.string().min(1).max(70_000), body: z.exactOptional(z.strictObject({ salt: z.string().max(64), event: z.string().max(64 * 1024) })) }),
  z.strictObject({ s: z.literal('operation'), key: label, digest: fingerprint, index: whole, count: z.int().min(1).max(16), refusal: label.nullable() }),
  z.strictObject({ s: z.literal('record'), kind: label, key: label, value: bytes }),
  /** A document or an impact; bodies of entries stand with them. */
  z.strictObject({ s: z.literal('body'), kind: label, digest: fingerprint, bytes }),
  z.strictObject({ s: z.literal('cosignature'), size: whole, name: z.string().max(1000), line: z.string().max(10_000) }),
  z.strictObject({ s: z.literal('row'), kind: label, key: z.string().max(2000), owner: z.string().max(2000).nullable(), value: bytes, expires: z.int().nullable() }),
  z.strictObject({ s: z.literal('manifest'), envelope: dsseSchema }),
] as const
const lineSchema = z.discriminatedUnion('s', schemas)

export type Line = z.output<typeof lineSchema>
export type LineOf<S extends Line['s']> = Extract<Line, { readonly s: S }>

const ranks: Readonly<Record<Line['s'], number>> = { header: 0, config: 1, keys: 2, checkpoint: 3, entry: 3, operation: 4, record: 5, body: 6, cosignature: 7, row: 8, manifest: 9 }

/** What the manifest says of everything before it; signed by the key that signs bundles. */
export const manifestType = 'application/vnd.exeat.backup+json'
export const manifestSchema = z.strictObject({
  schema: z.literal('exeat/backup-manifest/v1'),
  /** SHA-256 of the section's lines, line feeds included. */
  sections: z.record(z.string(), z.strictObject({ lines: z.int().min(1), sha256: fingerprint })),
})
export type Manifest = z.output<typeof manifestSchema>

/** @throws {ExeatError} BACKUP_INVALID */
export function decodeLine(json: string, number: number): Line {
  let value: unknown
  try {
    value = JSON.parse(json)
  } catch {
    throw backupError('BACKUP_INVALID', `line ${number} of the backup is no JSON`)
  }
  const parsed = lineSchema.safeParse(value)
  if (parsed.success) return parsed.data
  throw backupError('BACKUP_INVALID', `line ${number} of the backup is none that this release knows, at \`${parsed.error.issues[0]?.path.join('.') ?? ''}\``)
}

/** Refuses a line that stands before one that must precede it. @throws {ExeatError} BACKUP_INVALID */
export function checkOrder(before: Line['s'] | undefined, next: Line['s'], number: number): void {
  const single = ['header', 'config', 'keys', 'manifest'].includes(next) && before === next
  if (before === undefined ? next === 'header' : !single && ranks[next] >= ranks[before]) return
  throw backupError('BACKUP_INVALID', `line ${number} of the backup is a ${next} after ${before === undefined ? 'nothing' : `a ${before}`}`)
}
