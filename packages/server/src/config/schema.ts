/** `server.json`: what the server was founded with, and what its operator may set. Secrets stand in files of their own. */
import * as z from 'zod'
import { isNetwork } from '../alarm/address.ts'
import { fingerprint, identifier, line } from '@exeat/core/entry'

const rate = z.strictObject({
  /** Requests a second in the long run. */
  perSecond: z.number().positive().max(100_000),
  /** How many at once. */
  burst: z.int().min(1).max(100_000),
})

export const configSchema = z.strictObject({
  schemaVersion: z.literal(1),
  kind: z.literal('ServerConfig'),
  /** `spec.id` of the workspace, read from the repository when the server was founded. */
  workspace: identifier,
  /** Of the log; the name of its key. */
  origin: identifier,
  /** The governance repository, a folder or the URL of a remote one, and the branch that governs where it is not the one that the repository calls its own. */
  repository: z.strictObject({ location: line, ref: z.exactOptional(line) }),
  /** `file`: beside `server.json` unless absolute. For PostgreSQL the address stands in `DATABASE_URL`. */
  database: z.discriminatedUnion('kind', [z.strictObject({ kind: z.literal('sqlite'), file: line }), z.strictObject({ kind: z.literal('postgres') })]),
  /** The file in which the last head is held outside the database. */
  head: line,
  /** Enforcement points, by the SHA-256 of their tokens. */
  points: z.array(z.strictObject({ name: line, sha256: fingerprint })).max(1000),
  /** Seconds that people stay signed in: at most, and without a request. */
  sessions: z.exactOptional(z.strictObject({ absolute: z.int().min(60).max(7 * 86_400), idle: z.int().min(60).max(86_400) })),
  /** Keys (RFC 7517) of issuers that this server cannot ask: of identity providers' logout tokens, and of jobs. */
  issuers: z.exactOptional(z.array(z.strictObject({ issuer: identifier, keys: z.array(z.record(z.string(), z.unknown())).min(1).max(100) })).max(100)),
  /** PEM certificates of makers of authenticators, whose attestations are believed; without any, none is. */
  attestationRoots: z.exactOptional(z.array(z.string().max(10_000)).max(100)),
  /** Networks (CIDR) that alarms may go to though they are not public: `10.1.0.0/16`. */
  alarms: z.exactOptional(z.strictObject({ allow: z.array(z.string().max(50).refine(isNetwork, 'it is no network in CIDR notation')).max(100) })),
  /** What tools reported is kept for simulations: for so many days, and so many runs of one repository in one environment. Reports can hold secrets; absent: nothing is kept. */
  history: z.exactOptional(z.strictObject({ days: z.int().min(1).max(400), runs: z.int().min(1).max(1000) })),
  /** Where the console's pages were built to; those that came with the command where absent. */
  pages: z.exactOptional(line),
  /** By how many milliseconds the clocks of replicas may differ. */
  clockSkew: z.exactOptional(z.int().min(0).max(60_000)),
  limits: z.exactOptional(z.strictObject({ point: z.exactOptional(rate), address: z.exactOptional(rate), acts: z.exactOptional(rate) })),
})

export type ServerConfig = z.output<typeof configSchema>
export type Rate = z.output<typeof rate>
