/** `server.json`: what the server was founded with, and what its operator may set. Secrets stand in files of their own. */
import * as z from 'zod'
import { isNetwork } from '../alarm/address.ts'
import { isSinkUrl } from '../alarm/url.ts'
import { isSelector } from '../events/select.ts'
import { dnsLabel, fingerprint, identifier, line } from '@exeat/core/entry'

const api = line.refine((text) => /^(?:https:\/\/[^/?#@]+|http:\/\/(?:localhost|127\.0\.0\.1)(?::\d+)?)(?:\/[^?#]*[^/?#])?$/.test(text), 'it is no address of an API')

const rate = z.strictObject({
  /** Requests a second in the long run. */
  perSecond: z.number().positive().max(100_000),
  /** How many at once. */
  burst: z.int().min(1).max(100_000),
})

/** `https`, or `http` to this very machine; what is not public must be in a network of `alarms.allow`. */
const sinkUrl = line.refine(isSinkUrl, 'it is neither encrypted nor on this machine')
const anySink = {
  name: dnsLabel,
  /** `optout.*`, `emergency.activated`; all where absent. */
  types: z.exactOptional(z.array(z.string().refine(isSelector, 'it names no type of event: `optout.*`, `emergency.activated`')).min(1).max(50)),
}
const sink = z.discriminatedUnion('kind', [
  /** `batch`: many events in one message. */
  z.strictObject({ ...anySink, kind: z.literal('webhook'), url: sinkUrl, batch: z.exactOptional(z.boolean()) }),
  /** The address is the secret: it stands in `keys/sink-NAME.secret`, or here. */
  z.strictObject({ ...anySink, kind: z.enum(['slack', 'teams']), url: z.exactOptional(sinkUrl) }),
  /** What is shown as `Authorization` stands in `keys/sink-NAME.secret`. */
  z.strictObject({ ...anySink, kind: z.enum(['otlp', 'ocsf']), url: sinkUrl }),
])
export type SinkConfig = z.output<typeof sink>

/** Of other systems' reports. Its secrets stand in `keys/receiver-NAME.secret`. */
const receiver = z.strictObject({
  name: dnsLabel,
  kind: z.enum(['github', 'gitlab', 'kubernetes-audit']),
  /** Of a cluster: which environment it is, and the numeric id of the repository that its contents come from. Its events state neither. */
  environment: z.exactOptional(dnsLabel),
  repository: z.exactOptional(identifier),
  /** Requests of one address. */
  rate: z.exactOptional(rate),
}).refine(({ kind, environment, repository }) => kind === 'kubernetes-audit' || (environment ?? repository) === undefined, 'a forge states the repository itself, and an environment is for a cluster')
export type ReceiverConfig = z.output<typeof receiver>

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
  points: z.array(z.strictObject({
    name: line, sha256: fingerprint,
    /** Seconds: one that was seen once, and then not for so long, is told of. */
    within: z.exactOptional(z.int().min(60).max(366 * 86_400)),
  })).max(1000),
  /** Seconds that people stay signed in: at most, and without a request. */
  sessions: z.exactOptional(z.strictObject({ absolute: z.int().min(60).max(7 * 86_400), idle: z.int().min(60).max(86_400) })),
  /** Keys (RFC 7517) of issuers that this server cannot ask: of identity providers' logout tokens, and of jobs. */
  issuers: z.exactOptional(z.array(z.strictObject({ issuer: identifier, keys: z.array(z.record(z.string(), z.unknown())).min(1).max(100) })).max(100)),
  /** PEM certificates of makers of authenticators, whose attestations are believed; without any, none is. */
  attestationRoots: z.exactOptional(z.array(z.string().max(10_000)).max(100)),
  /** Networks (CIDR) that alarms may go to though they are not public: `10.1.0.0/16`. */
  alarms: z.exactOptional(z.strictObject({ allow: z.array(z.string().max(50).refine(isNetwork, 'it is no network in CIDR notation')).max(100) })),
  /** The GitHub App that this server is; `keys/github-app.pem` and `keys/github-app.secret` are its private key and the secrets of its webhooks, one a line. */
  githubApp: z.exactOptional(z.strictObject({ appId: z.string().regex(/^[A-Za-z0-9.]{1,100}$/), api: z.exactOptional(api) })),
  /** Where the governance repository is kept: it is asked who pushed and opened what governs. `keys/forge.token` is the token. */
  forge: z.exactOptional(z.strictObject({ kind: z.enum(['github', 'gitlab']), repository: line.max(500), api: z.exactOptional(api), issuer: z.exactOptional(api) })),
  /** Whom every event is told to; each begins with what happens after it was first named. */
  sinks: z.exactOptional(z.array(sink).max(50).refine((sinks) => new Set(sinks.map(({ name }) => name)).size === sinks.length, 'two sinks have one name')),
  /** What other systems report of themselves: `POST /v1/receivers/NAME`. */
  receivers: z.exactOptional(z.array(receiver).max(50).refine((receivers) => new Set(receivers.map(({ name }) => name)).size === receivers.length, 'two receivers have one name')),
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
