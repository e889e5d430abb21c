/** The server, from its own pages: cookies carry the session, and whatever changes something carries its token and a key. */
import type { WireProblem } from '@exeat/core/wire'

/** As far as a zod schema is used here. */
interface Schema<T> {
  safeParse(value: unknown): { readonly success: true; readonly data: T } | { readonly success: false }
}

/** `status`: of HTTP; absent where this page refuses by itself. */
type Told = Pick<WireProblem, 'code' | 'detail' | 'hint' | 'errors'> & { readonly status?: number }

/** A refusal, in the server's own words. */
export class Refused extends Error {
  override readonly name = 'Refused'
  readonly problem: Told
  constructor(problem: Told) {
    super(problem.detail)
    this.problem = problem
  }
}

let csrf: string | undefined

/** The token of the session that stands; sent with whatever changes something. */
export const useToken = (token: string | undefined): void => { csrf = token }

export const get = <T>(path: string, schema: Schema<T>): Promise<T> => call('GET', path, undefined, schema)
export const post = <T>(path: string, body: unknown, schema: Schema<T>): Promise<T> => call('POST', path, body, schema)
export const remove = (path: string): Promise<unknown> => call('DELETE', path, undefined, anything)

export const anything: Schema<unknown> = { safeParse: (value) => ({ success: true, data: value }) }

async function call<T>(method: 'GET' | 'POST' | 'DELETE', path: string, body: unknown, schema: Schema<T>): Promise<T> {
  const changing: Record<string, string> = method === 'GET' ? {} : { 'idempotency-key': crypto.randomUUID(), ...(csrf === undefined ? {} : { 'exeat-csrf': csrf }) }
  const answer = await fetch(path, {
    method, credentials: 'same-origin', cache: 'no-store', redirect: 'error',
    headers: { accept: 'application/json', ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...changing },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  }).catch((cause: unknown) => { throw new Refused({ code: 'UNREACHABLE', detail: 'the server cannot be reached', hint: cause instanceof Error ? cause.message : String(cause) }) })
  const value: unknown = answer.status === 204 ? null : await answer.json().catch(() => undefined)
  if (!answer.ok) throw new Refused(problemOf(value, answer.status))
  const parsed = schema.safeParse(value)
  if (!parsed.success) throw new Refused({ code: 'ANSWER_UNKNOWN', detail: 'the server answers in a form that this page does not know', hint: 'load the page again' })
  return parsed.data
}

function problemOf(value: unknown, status: number): Refused['problem'] {
  if (typeof value === 'object' && value !== null && 'code' in value && 'detail' in value) return value as Refused['problem']
  return { code: 'ANSWER_UNKNOWN', detail: `the server answered with status ${status}`, status }
}
