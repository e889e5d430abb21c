/** Who may call what: one line a route. A route without a line is open to nobody, and a test holds the OpenAPI document against this table. */
import type { Caller, KeyScope } from '../identity/types.ts'

type Kind = Caller['kind']

export interface Permission {
  readonly callers: readonly Kind[]
  /** What an API key must be good for; one that has it is a caller too. */
  readonly scope?: KeyScope
  /** Of whoever signed in: the act takes a second factor over exactly what it does. `sometimes`: a renewal does, a first request does not. */
  readonly tap?: 'always' | 'sometimes'
}

const anyone: Permission = { callers: ['operator', 'point', 'person', 'api-key', 'workload', 'anonymous'] }
const read: Permission = { callers: ['operator', 'point', 'person', 'api-key'], scope: 'read' }
const people: Permission = { callers: ['operator', 'person', 'api-key'], scope: 'read' }
const act: Permission = { callers: ['operator', 'person'], tap: 'always' }
const ending: Permission = { callers: ['operator', 'person'] }
const asking: Permission = { callers: ['operator', 'point', 'api-key', 'workload'], scope: 'bundle' }
const own: Permission = { callers: ['person'] }
const local: Permission = { callers: ['operator'] }

export const permissions: Readonly<Record<string, Permission>> = {
  'GET /healthz': anyone, 'GET /readyz': anyone, 'GET /openapi.json': anyone,
  // It says how much is switched off: never public, though it is under no version.
  'GET /metrics': read,
  'GET /v1/status': read, 'GET /v1/opt-outs': read, 'GET /v1/opt-outs/{id}': read, 'GET /v1/entries/{index}': read, 'GET /v1/receipts/{index}': read, 'GET /v1/events': read, 'GET /v1/documents/{kind}/{digest}': read,
  'GET /v1/inventory': people, 'GET /v1/opt-outs/{id}/uses': people, 'GET /v1/policies': people,
  'GET /v1/bundle': { callers: ['operator', 'point', 'person', 'api-key', 'workload'], scope: 'bundle' },
  'GET /v1/opa/bundle.tar.gz': { callers: ['operator', 'point', 'person', 'api-key', 'workload'], scope: 'bundle' }, 'GET /v1/opa/key.pem': { callers: ['operator', 'point', 'person', 'api-key', 'workload'], scope: 'bundle' },
  'POST /v1/uses': { callers: ['operator', 'point', 'api-key', 'workload'], scope: 'uses' },
  'POST /v1/decisions': { callers: ['operator', 'workload'] },
  // Nothing is counted or granted by asking: what a bundle tells, for one finding.
  'POST /access/v1/evaluation': asking, 'POST /access/v1/evaluations': asking, 'GET /.well-known/authzen-configuration': anyone,
  // Reports can hold secrets: an enforcement point sends its own, and reads nobody's.
  'POST /v1/runs': { callers: ['operator', 'point', 'api-key', 'workload'], scope: 'uses' },
  // GitHub shows who it is by its signature.
  'POST /v1/forges/github/app': anyone,
  'GET /v1/sinks': people, 'POST /v1/sinks/{name}/replay': local, 'POST /v1/sinks/{name}/resume': local,
  // Whoever reports shows a signature of its own (`receive/`).
  'POST /v1/receivers/{name}': anyone, 'GET /v1/shadow': people,
  'GET /v1/runs': people, 'GET /v1/runs/{id}': people,
  'POST /v1/opt-outs': { callers: ['operator', 'person', 'api-key'], scope: 'request', tap: 'sometimes' },
  'POST /v1/emergencies': act, 'POST /v1/opt-outs/{id}/approvals': act, 'POST /v1/opt-outs/{id}/activation': act, 'POST /v1/opt-outs/{id}/review': act,
  'POST /v1/opt-outs/{id}/rejection': ending, 'POST /v1/opt-outs/{id}/withdrawal': ending, 'POST /v1/opt-outs/{id}/revocation': ending,
  'POST /v1/opt-outs/{id}/acknowledgement': ending, 'POST /v1/drills': ending, 'POST /v1/drills/{id}/acknowledgement': ending, 'GET /v1/drills/{id}': read,
  'GET /v1/entries': local, 'POST /v1/erasures': local, 'POST /v1/synchronise': local,
  // What counts was signed before; whoever brings it adds nothing to it.
  'POST /v1/offline-grants': ending,
  'GET /v1/sign-in': anyone, 'POST /v1/sign-in/passkey/options': anyone, 'POST /v1/sign-in/passkey': anyone,
  // Where browsers go by themselves: under no version, and a logout token is all that an identity provider shows.
  'GET /auth/{provider}/start': anyone, 'GET /auth/{provider}/callback': anyone, 'GET /auth/{provider}/step-up': own, 'POST /auth/{provider}/logout': anyone,
  'GET /v1/session': own, 'DELETE /v1/session': own, 'GET /v1/sessions': own, 'DELETE /v1/sessions/{id}': own,
  'POST /v1/challenges': own, 'GET /v1/challenges/{id}': own, 'POST /v1/challenges/{id}/second': { ...own, tap: 'always' },
  'POST /v1/links': { callers: ['operator', 'person'] },
  // Whoever has a link is nobody yet.
  'POST /v1/enrolments/options': anyone, 'POST /v1/enrolments': anyone, 'POST /v1/enrolments/ssh': own,
  'POST /v1/enrolments/own': own, 'POST /v1/enrolments/own/confirmation': { ...own, tap: 'always' },
  'GET /v1/enrolments': read,
  'POST /v1/enrolments/{credential}/vouch': act, 'POST /v1/enrolments/{credential}/removal': ending,
  'POST /v1/totp': own, 'POST /v1/totp/confirmation': { ...own, tap: 'always' },
  'POST /v1/device': anyone, 'POST /v1/device/token': anyone, 'GET /v1/device/{userCode}': own, 'POST /v1/device/{userCode}': own,
  'POST /v1/api-keys': own, 'GET /v1/api-keys': own, 'DELETE /v1/api-keys/{name}': own,
}

const matchers = Object.entries(permissions).map(([route, permission]) => {
  const [method = '', path = ''] = route.split(' ')
  return { method, permission, route, pattern: new RegExp(`^${path.replaceAll('.', '\\.').replaceAll(/\{[a-zA-Z]+\}/g, '[^/]+')}$`) }
})

/** A path with a fixed word comes before one with a parameter in its place, as in the table. */
export function permissionOf(method: string, path: string): Permission | undefined {
  const asked = method === 'HEAD' ? 'GET' : method
  const found = matchers.filter((each) => each.method === asked && each.pattern.test(path))
  return (found.find(({ route }) => !route.includes('{')) ?? found[0])?.permission
}
