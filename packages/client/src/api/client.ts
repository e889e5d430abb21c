/** The HTTP API, typed: what goes out and what comes back are held to the schemas that the server states. */
import {
  type ActAnswer, actAnswerSchema, type BlockedControl, blockedControlSchema, challengeSchema, type DecisionRequest, deviceSchema, deviceTokenSchema, drillAnswerSchema, drillSchema, encodeVouch, enrolmentSchema, enrolmentsSchema, entriesAnswerSchema, entryViewSchema, erasureAnswerSchema, linkSchema, listAnswerSchema,
  type OptOutView, optOutViewSchema, type People, receiptSchema, type RecordedRun, recordedRunSchema, type RunReports, runReportsSchema, type RunRequest, type RunsAnswer, runsAnswerSchema, type RunsQuery, largestReports, sessionsSchema, type ShadowQuery, type Shadows, shadowsSchema, signInSchema, type SinkReplay, sinkSchema, sinksSchema, type SinksView, type SinkView, type Status, statusSchema, tapPendingSchema, usesAnswerSchema, type Wire,
} from '@exeat/core/wire'
import { dsseSchema, largestBundle, largestDecision } from '@exeat/verify'
import { collect, type HttpAnswer, type HttpRequest, type Streaming, type StreamRequest, type Transport } from '../log/transport.ts'
import { apiError, refusalOf } from './errors.ts'
import { type EventsQuery, messagesOf, type StreamMessage } from './events.ts'
import { bytesOf, jsonOf, queryText } from './text.ts'

export interface ApiOptions {
  readonly transport: Transport
  /** For `events`. */
  readonly streaming?: Streaming
  /** Address of the server: `https://exeat.example`, with a path where it stands under one. */
  readonly base: string
  /** As the user named it, for messages. */
  readonly name: string
  /** Bearer token of an enforcement point. */
  readonly token?: string
  /** Headers that show who asks, made for each request: those of a session that is bound to a key. */
  readonly authorise?: (method: string, url: string) => Promise<Readonly<Record<string, string>>>
  /** Who acts, at the administrative socket. */
  readonly actor?: string
  /** For each exchange, in milliseconds; 20 s where absent. */
  readonly timeout?: number
}

type Signed = Wire['bindingSchema']
/** A second factor beside an act; absent where the act takes none, or the socket a typed name. */
export type SentTap = NonNullable<Wire['signedSchema']['tap']>
export type DocumentKind = 'OptOut' | 'OptOutPolicy' | 'Workspace' | 'Aliases' | 'Impact'

/** `key`: of the caller's choosing; a repetition with the same key and content gets the first answer. All throw `ApiError`. */
export interface ApiClient {
  readonly request: (asked: Wire['requestActSchema'], key: string) => Promise<ActAnswer>
  readonly importOffline: (sent: Wire['offlineImportSchema'], key: string) => Promise<ActAnswer>
  readonly emergency: (asked: Wire['emergencyActSchema'], key: string) => Promise<ActAnswer>
  readonly approve: (id: string, signed: Signed, key: string, tap?: SentTap) => Promise<ActAnswer>
  readonly activate: (id: string, signed: Signed, key: string, tap?: SentTap) => Promise<ActAnswer>
  readonly reject: (id: string, reason: string, key: string) => Promise<ActAnswer>
  readonly withdraw: (id: string, reason: string, key: string) => Promise<ActAnswer>
  readonly revoke: (id: string, reason: string, key: string) => Promise<ActAnswer>
  readonly review: (id: string, review: Wire['reviewActSchema'], key: string) => Promise<ActAnswer>
  /** Of an emergency's alarm. */
  readonly acknowledge: (id: string, key: string) => Promise<ActAnswer>
  readonly startDrill: (wanted: Wire['drillWantedSchema'], key: string) => Promise<Wire['drillAnswerSchema']>
  /** `latest`, or the index of the entry that started it. */
  readonly drill: (index: number | 'latest') => Promise<Wire['drillSchema']>
  readonly acknowledgeDrill: (index: number, key: string) => Promise<Wire['drillAnswerSchema']>
  readonly erase: (erasure: Wire['erasureSchema'], key: string) => Promise<Wire['erasureAnswerSchema']>
  readonly optOut: (id: string) => Promise<OptOutView>
  readonly optOuts: (query?: Wire['listQuerySchema']) => Promise<Wire['listAnswerSchema']>
  readonly claimUses: (uses: Wire['usesSchema']['uses']) => Promise<Wire['usesAnswerSchema']>
  /** The bytes as they came, for the verifier: nothing is believed here. */
  readonly bundle: (query?: Wire['bundleQuerySchema']) => Promise<Uint8Array>
  /** A run decided by the server. Whether it blocks stands in what is signed; `decision` is for `verifyDecision`: nothing of it is believed here. */
  readonly decide: (asked: DecisionRequest) => Promise<{ readonly decision: Uint8Array; readonly blocked: readonly BlockedControl[] }>
  /** Once, however often it is sent. */
  readonly recordRun: (run: RunRequest) => Promise<RecordedRun>
  readonly runs: (query?: RunsQuery) => Promise<RunsAnswer>
  readonly runReports: (id: string) => Promise<RunReports>
  /** What happens, as it happens, until the connection ends. What was told of before `after` is not told again. */
  readonly events: (query?: EventsQuery, signal?: StreamRequest['signal']) => AsyncGenerator<StreamMessage, void, undefined>
  readonly sinks: () => Promise<SinksView>
  /** A page of what other systems reported. */
  readonly shadows: (query?: ShadowQuery) => Promise<Shadows>
  /** At the administrative socket alone, like the one below. */
  readonly replaySink: (sink: string, range: SinkReplay) => Promise<SinkView>
  readonly resumeSink: (sink: string) => Promise<SinkView>
  readonly entry: (index: number) => Promise<Wire['entryViewSchema']>
  /** With their bodies, from an index on; at the administrative socket alone. */
  readonly entries: (from: number, limit: number) => Promise<Wire['entriesAnswerSchema']>
  readonly receipt: (index: number) => Promise<Wire['receiptSchema']>
  /** By its digest, which the caller computes anew. */
  readonly document: (kind: DocumentKind, digest: string) => Promise<unknown>
  readonly status: () => Promise<Status>
  readonly signIn: () => Promise<People['signInSchema']>
  readonly sessions: () => Promise<People['sessionsSchema']>
  readonly signOut: () => Promise<void>
  /** What a second factor over the act is to sign; for the session that asks. */
  readonly challenge: (wanted: People['tapWantedSchema']) => Promise<People['challengeSchema']>
  /** A challenge of this session, or of an emergency that names its person as the second. */
  readonly pendingChallenge: (id: string) => Promise<People['tapPendingSchema']>
  readonly beginDevice: (wanted: People['deviceWantedSchema']) => Promise<People['deviceSchema']>
  readonly pollDevice: (deviceCode: string) => Promise<People['deviceTokenSchema']>
  readonly enrolments: () => Promise<People['enrolmentsSchema']>
  readonly enrolSsh: (key: People['sshEnrolSchema'], idempotencyKey: string) => Promise<People['enrolmentSchema']>
  readonly link: (wanted: People['linkWantedSchema'], key: string) => Promise<People['linkSchema']>
  readonly vouch: (credential: string, vouch: People['vouchSchema'], key: string) => Promise<People['enrolmentSchema']>
  readonly removeKey: (credential: string, reason: string, key: string) => Promise<People['enrolmentSchema']>
}

const usual = 4 * 1024 * 1024
/** An answer in base64 within JSON is a third larger than the bundle in it. */
const bundleBytes = 2 * largestBundle

/** An entry whose body is escaped throughout, and a document as large as any that is kept. */
const entryBytes = 256 * 1024
const documentBytes = 16 * 1024 * 1024

/** A page of recorded runs, and the reports of one in base64. */
const runsBytes = 16 * 1024 * 1024
const reportsBytes = 2 * largestReports

/** The signed decision, and beside it what explains it. */
const decisionBytes = largestDecision + usual

export function apiClient(options: ApiOptions): ApiClient {
  const call = caller(options)
  const get = async <T>(path: string, schema: Schema<T>): Promise<T> => checked(await call({ method: 'GET', path }), schema, options.name)
  const post = async <T>(path: string, body: unknown, schema: Schema<T>, key?: string): Promise<T> =>
    checked(await call({ method: 'POST', path, body, ...(key === undefined ? {} : { key }) }), schema, options.name)
  const on = (id: string, act: string): string => `/v1/opt-outs/${encodeURIComponent(id)}/${act}`
  return {
    request: (asked, key) => post('/v1/opt-outs', asked, actAnswerSchema, key),
    importOffline: (sent, key) => post('/v1/offline-grants', sent, actAnswerSchema, key),
    emergency: (asked, key) => post('/v1/emergencies', asked, actAnswerSchema, key),
    approve: (id, signed, key, tap) => post(on(id, 'approvals'), { signed, tap }, actAnswerSchema, key),
    activate: (id, signed, key, tap) => post(on(id, 'activation'), { signed, tap }, actAnswerSchema, key),
    reject: (id, reason, key) => post(on(id, 'rejection'), { reason }, actAnswerSchema, key),
    withdraw: (id, reason, key) => post(on(id, 'withdrawal'), { reason }, actAnswerSchema, key),
    revoke: (id, reason, key) => post(on(id, 'revocation'), { reason }, actAnswerSchema, key),
    review: (id, review, key) => post(on(id, 'review'), review, actAnswerSchema, key),
    acknowledge: (id, key) => post(on(id, 'acknowledgement'), {}, actAnswerSchema, key),
    startDrill: (wanted, key) => post('/v1/drills', wanted, drillAnswerSchema, key),
    drill: (index) => get(`/v1/drills/${index}`, drillSchema),
    acknowledgeDrill: (index, key) => post(`/v1/drills/${index}/acknowledgement`, {}, drillAnswerSchema, key),
    erase: (erasure, key) => post('/v1/erasures', erasure, erasureAnswerSchema, key),
    optOut: (id) => get(`/v1/opt-outs/${encodeURIComponent(id)}`, optOutViewSchema),
    optOuts: (query = {}) => get(`/v1/opt-outs${queryText(query)}`, listAnswerSchema),
    claimUses: (uses) => post('/v1/uses', { uses }, usesAnswerSchema),
    bundle: async (query = {}) => {
      const { body } = await call({ method: 'GET', path: `/v1/bundle${queryText(query)}`, maxBytes: bundleBytes })
      if (!dsseSchema.safeParse(jsonOf(body)).success) throw strange(options.name)
      return body
    },
    decide: async (asked) => {
      const answer = jsonOf((await call({ method: 'POST', path: '/v1/decisions', body: asked, maxBytes: decisionBytes })).body)
      const { decision, blocked } = typeof answer === 'object' && answer !== null ? answer as { readonly decision?: unknown; readonly blocked?: unknown } : {}
      const [envelope, told] = [dsseSchema.safeParse(decision), blockedControlSchema.array().safeParse(blocked)]
      if (!envelope.success || !told.success) throw strange(options.name)
      return { decision: bytesOf(envelope.data), blocked: told.data }
    },
    recordRun: (run) => post('/v1/runs', run, recordedRunSchema),
    runs: async (query = {}) => checked(await call({ method: 'GET', path: `/v1/runs${queryText(query)}`, maxBytes: runsBytes }), runsAnswerSchema, options.name),
    runReports: async (id) => checked(await call({ method: 'GET', path: `/v1/runs/${encodeURIComponent(id)}`, maxBytes: reportsBytes }), runReportsSchema, options.name),
    events: (query = {}, signal = undefined) => events(options, query, signal),
    sinks: () => get('/v1/sinks', sinksSchema),
    shadows: (query = {}) => get(`/v1/shadow${queryText(query)}`, shadowsSchema),
    replaySink: (sink, range) => post(`/v1/sinks/${encodeURIComponent(sink)}/replay`, range, sinkSchema),
    resumeSink: (sink) => post(`/v1/sinks/${encodeURIComponent(sink)}/resume`, {}, sinkSchema),
    entry: (index) => get(`/v1/entries/${index}`, entryViewSchema),
    entries: async (from, limit) => checked(await call({ method: 'GET', path: `/v1/entries${queryText({ from, limit })}`, maxBytes: limit * entryBytes }), entriesAnswerSchema, options.name),
    receipt: (index) => get(`/v1/receipts/${index}`, receiptSchema),
    document: async (kind, digest) => checked(await call({ method: 'GET', path: `/v1/documents/${kind}/${encodeURIComponent(digest)}`, maxBytes: documentBytes }), anything, options.name),
    status: () => get('/v1/status', statusSchema),
    signIn: () => get('/v1/sign-in', signInSchema),
    sessions: () => get('/v1/sessions', sessionsSchema),
    signOut: async () => { await call({ method: 'DELETE', path: '/v1/session' }) },
    challenge: (wanted) => post('/v1/challenges', wanted, challengeSchema),
    pendingChallenge: (id) => get(`/v1/challenges/${encodeURIComponent(id)}`, tapPendingSchema),
    beginDevice: (wanted) => post('/v1/device', wanted, deviceSchema),
    pollDevice: (deviceCode) => post('/v1/device/token', { deviceCode }, deviceTokenSchema),
    enrolments: () => get('/v1/enrolments', enrolmentsSchema),
    enrolSsh: (sent, key) => post('/v1/enrolments/ssh', sent, enrolmentSchema, key),
    link: (wanted, key) => post('/v1/links', wanted, linkSchema, key),
    vouch: (credential, vouch, key) => post(`/v1/enrolments/${credential}/vouch`, encodeVouch(vouch), enrolmentSchema, key),
    removeKey: (credential, reason, key) => post(`/v1/enrolments/${credential}/removal`, { reason }, enrolmentSchema, key),
  }
}

/** As far as a zod schema is used here. */
interface Schema<T> {
  safeParse(value: unknown): { readonly success: true; readonly data: T } | { readonly success: false }
}

const anything: Schema<unknown> = { safeParse: (value) => (value === undefined ? { success: false } : { success: true, data: value }) }

const strange = (name: string): Error => apiError('API_ANSWER', `the server at \`${name}\` answers in a form that this release does not know`, 'use a server and a command of the same release', 200)

function checked<T>({ body }: HttpAnswer, schema: Schema<T>, name: string): T {
  const parsed = schema.safeParse(jsonOf(body))
  if (!parsed.success) throw strange(name)
  return parsed.data
}

interface Call {
  readonly method: 'GET' | 'POST' | 'DELETE'
  /** With its query. */
  readonly path: string
  readonly body?: unknown
  readonly key?: string
  readonly maxBytes?: number
}

/** Three heartbeats. In milliseconds. */
const silence = 45_000

async function* events({ streaming, base, name, token, authorise }: ApiOptions, { after, types = [] }: EventsQuery, signal: StreamRequest['signal']): AsyncGenerator<StreamMessage, void, undefined> {
  if (streaming === undefined) throw new TypeError('a client that listens is given a way to')
  const url = `${base.replace(/\/+$/, '')}/v1/events${queryText({ ...(after === undefined ? {} : { after }), ...(types.length === 0 ? {} : { types: types.join(',') }) })}`
  const headers = { accept: 'text/event-stream, application/problem+json', ...(token === undefined ? {} : { authorization: `Bearer ${token}` }), ...await authorise?.('GET', url) }
  const answer = await streaming({ url, headers, silence, ...(signal === undefined ? {} : { signal }) }).catch((error: unknown) => { throw unreachable(name, error) })
  if (answer.status !== 200) throw refusalOf({ ...answer, body: await collect(answer.headers, answer.body, usual).catch((error: unknown) => { throw unreachable(name, error) }) }, name)
  if (answer.headers.get('content-type')?.startsWith('text/event-stream') !== true) throw strange(name)
  yield* messagesOf(answer, name)
}

function caller({ transport, base, name, token, authorise, actor, timeout = 20_000 }: ApiOptions): (call: Call) => Promise<HttpAnswer> {
  const prefix = base.replace(/\/+$/, '')
  return async ({ method, path, body, key, maxBytes = usual }) => {
    const headers = {
      accept: 'application/json, application/problem+json',
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...await authorise?.(method, `${prefix}${path}`),
      ...(actor === undefined ? {} : { 'exeat-actor': actor }),
      ...(key === undefined ? {} : { 'idempotency-key': key }),
    }
    const answer = await sent(transport, { method, url: `${prefix}${path}`, headers, maxBytes, timeout, ...(body === undefined ? {} : { body: bytesOf(body) }) }, name)
    if (answer.status === 200 || answer.status === 201 || answer.status === 204) return answer
    throw refusalOf(answer, name)
  }
}

/** Once more where the connection was lost: acts carry a key, uses count once, and all else only reads. */
async function sent(transport: Transport, request: HttpRequest, name: string): Promise<HttpAnswer> {
  try {
    return await transport(request).catch(() => transport(request))
  } catch (error) {
    throw unreachable(name, error)
  }
}

const unreachable = (name: string, error: unknown): Error =>
  apiError('API_UNREACHABLE', `the server at \`${name}\` could not be reached: ${error instanceof Error ? error.message : String(error)}`, 'does it run? `exeat serve` starts it', undefined, error)
