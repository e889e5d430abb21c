import { type CodeEntry, ExeatError, type Problem } from '@exeat/core/error'

const usage = (summary: string): CodeEntry => ({ exit: 64, http: 400, summary })
const asked = (http: number, summary: string): CodeEntry => ({ exit: 3, http, summary })
const invalid = (summary: string): CodeEntry => ({ exit: 3, http: 422, summary })
const failed = (summary: string): CodeEntry => ({ exit: 1, http: 503, summary })
const tampered = (summary: string): CodeEntry => ({ exit: 2, http: 503, summary })

/** What can be wrong at the server's edges: its folder, its keys, its founding, its start, and what it is asked over HTTP. */
export const serverCodes = {
  DATA_MISSING: failed('There is no data folder of a server, or it holds no `server.json`.'),
  DATA_EXISTS: invalid('Where a server would be founded something stands already; nothing is overwritten.'),
  DATA_IN_WORK_TREE: invalid('The data folder would lie within a git work tree, where keys get committed.'),
  DATA_OPEN: failed('The data folder is somebody else\'s, or others may enter it.'),
  DATA_UNWRITABLE: failed('The data folder cannot be written.'),
  CONFIG_INVALID: invalid('`server.json` is not what it must be.'),
  KEY_UNREADABLE: failed('A key file does not exist, cannot be read, or holds no key of its kind.'),
  KEY_OPEN: failed('A key file can be read by others, or belongs to somebody else.'),
  KEY_OTHER: tampered('A key is not the one that the founders delegated to.'),
  ORIGIN_INVALID: usage('The origin is no name that a log can have.'),
  URL_INVALID: usage('The address at which people would sign in is none that passkeys can be made for.'),
  FOUNDER_INVALID: usage('A founder\'s name is missing, repeated, or cannot name a key.'),
  ROTATE_LOG_KEY: usage('The log\'s own key stays for as long as its origin does; it cannot be rotated.'),
  ROTATE_ROOTS: invalid('The root keys given are not those of the founders, or too few.'),
  WORKSPACE_OTHER: invalid('The repository governs another workspace than the server was founded for.'),
  WORKSPACE_PINS: invalid('The workspace pins another log, or other root keys, than this server\'s.'),
  GENESIS_INVALID: tampered('The log does not begin with what its founders signed, or a later epoch does not follow.'),
  LOG_DIFFERS: tampered('A whole reading of the log found that its entries and tiles are not what its head says.'),
  ALARM_UNDELIVERED: failed('An alarm did not reach a sink of the workspace, or not yet; it is tried for three days.'),
  SINK_FAILING: failed('A sink takes no events, or not yet; it is tried for three days.'),
  SINK_LOST: failed('A sink did not get all events: it was down for three days, refused them, or said that it is gone.'),
  BACKUP_INVALID: invalid('A file is no backup of this release, or it was cut short.'),
  BACKUP_ALTERED: tampered('A backup is not what was signed when it was made: something in it was changed, left out or added.'),
  BACKUP_KEYS: invalid('The keys of a backup cannot be written or opened: no passphrase or recipient fits, or none was given.'),
  BACKUP_HEAD: usage('A restore was not told which head was held last outside the database.'),
  BACKUP_FAILED: failed('A backup could not be written; nothing stands under its name.'),
  LISTEN_FAILED: failed('The server cannot listen where it should.'),
  SERVER_RUNNING: failed('Another server already runs on this data folder.'),
  SERVER_STARTING: failed('The server is not ready yet.'),
  SERVER_STOPPING: failed('The server is stopping, and takes nothing more.'),
  SERVER_FAILED: { exit: 1, http: 500, summary: 'The server failed in a way it does not know; nothing was granted.' },
  REQUEST_INVALID: asked(400, 'A request has a body, parameter or header of another shape than the API takes.'),
  REQUEST_TOO_LARGE: asked(413, 'The body of a request is larger than the server takes.'),
  REQUEST_URL: asked(414, 'The URL of a request is longer than the server takes.'),
  REQUEST_HEADERS: asked(431, 'A request has more headers, or longer ones, than the server takes.'),
  REQUEST_MEDIA_TYPE: asked(415, 'The body of a request is not sent as `application/json`.'),
  REQUEST_METHOD: asked(405, 'The resource does not know this method.'),
  REQUEST_SLOW: asked(408, 'A request did not arrive in time.'),
  REQUEST_RATE: { exit: 1, http: 429, summary: 'Too many requests in a short time; `Retry-After` says when to come back.' },
  RESOURCE_UNKNOWN: asked(404, 'There is nothing at this path, or nothing of this name or number.'),
  IDEMPOTENCY_KEY: asked(400, 'An act came without the header `Idempotency-Key`, or with one that is none.'),
  ACTOR_MISSING: asked(400, 'An act came without the header `Exeat-Actor`, or with a name that is none.'),
  DECISION_FACTS: invalid('What is said of a run is missing, unknown to the workspace, or other than the caller proves.'),
  DECISION_REPORTS: invalid('The reports of a run are not sent as they must be: twice under one name, or encoded wrong.'),
  EVALUATION_INVALID: asked(400, 'An evaluation of AuthZEN lacks a member, or has one of another shape.'),
  EVALUATION_OTHER: invalid('An evaluation of AuthZEN asks about another action, subject or resource than Exeat answers for.'),
  EVALUATION_FINGERPRINT: invalid('A finding is said to have another fingerprint than what is said of it has.'),
  HISTORY_OFF: { exit: 1, http: 409, summary: 'A run was to be recorded, and the server keeps no history.' },
  RECEIVED_UNPROVEN: asked(401, 'What another system would have reported is not signed, or not with a secret of the receiver.'),
  RECEIVED_REPLAYED: asked(409, 'A delivery came under the id of another one.'),
  RECEIVED_UNREADABLE: invalid('What another system reported is signed, and lacks what its kind must have.'),
  RECEIVERS_BUSY: failed('As many large reports are being read as the server takes at once.'),
  EVENTS_AHEAD: asked(409, 'Somebody asks for events behind an entry that the log does not have.'),
  EVENTS_BUSY: failed('As many streams of events are open as the server lets in.'),
  DEPLOYMENT_UNANSWERED: failed('A deployment that GitHub asks about could not be decided or answered yet; it waits, and is tried again.'),
  WEBHOOK_FORGED: asked(401, 'A webhook is not signed by a secret that is known here.'),
  DECISIONS_BUSY: failed('As many runs are being decided as the server takes at once.'),
  ADMISSION_CERTIFICATE: failed('The certificate or key of the admission webhook is missing, none, or they do not belong together.'),
  TOKEN_MISSING: asked(401, 'A request came without the token of an enforcement point.'),
  TOKEN_UNKNOWN: asked(401, 'A request came with a token that is not known here.'),
} as const satisfies Record<string, CodeEntry>

export type ServerCode = keyof typeof serverCodes

export function serverProblem(code: ServerCode, message: string, hint?: string): Problem<ServerCode> {
  return hint === undefined ? { code, message } : { code, message, hint }
}

export function serverError(code: ServerCode, message: string, hint?: string, cause?: unknown): ExeatError {
  return new ExeatError([serverProblem(code, message, hint)], cause === undefined ? undefined : { cause })
}

/** The system's word for a failed call: `EACCES` and the like, without paths. */
export function systemCode(cause: unknown): string {
  return typeof cause === 'object' && cause !== null && 'code' in cause ? String(cause.code) : cause instanceof Error ? cause.message : String(cause)
}
