/** What every request must pass before anything looks at what it asks. */
import { bodyLimit } from 'hono/body-limit'
import type { MiddlewareHandler } from 'hono'
import { largestReports } from '@exeat/core/wire'
import { parseStrictJson } from '@exeat/formats'
import { serverProblem } from '../config/codes.ts'
import { receivedLimits } from '../receive/index.ts'
import type { Env } from './env.ts'
import { gitHubAppPath } from './github-app.ts'
import { refusal } from './problem.ts'

export const requestLimits = { body: 1024 * 1024, depth: 32, values: 100_000, headers: 64, url: 2048 } as const

export const decisionsPath = '/v1/decisions'
export const runsPath = '/v1/runs'
export const receiversPath = '/v1/receivers/'
/** Whose bodies hold reports. */
const isWide = (path: string): boolean => path === decisionsPath || path === runsPath
/** Of a run that is to be decided: its reports in base64, or as text with what JSON escapes, and little besides. */
const largestRun = largestReports * 1.5
const largestBody = (path: string): number => (isWide(path) ? largestRun : requestLimits.body)

/** Node hands the headers on; how many is for us to bound, and no proxy needs more. */
export const guardHead: MiddlewareHandler<Env> = async (c, next) => {
  const { rawHeaders, url = '' } = c.env.incoming
  if (rawHeaders.length / 2 > requestLimits.headers) {
    return refusal([serverProblem('REQUEST_HEADERS', `the request has ${rawHeaders.length / 2} header fields, more than ${requestLimits.headers}`)], { connection: 'close' })
  }
  if (url.length > requestLimits.url) return refusal([serverProblem('REQUEST_URL', `the URL has ${url.length} characters, more than ${requestLimits.url}`)])
  return next()
}

const limited = (maxSize: number): MiddlewareHandler<Env> =>
  bodyLimit({ maxSize, onError: () => refusal([serverProblem('REQUEST_TOO_LARGE', `the body has more than ${maxSize} bytes`)], { connection: 'close' }) })

const [ordinary, wide, received] = [limited(requestLimits.body), limited(largestRun), limited(receivedLimits.body)]

export const limitBody: MiddlewareHandler<Env> = async (c, next) => (isWide(c.req.path) ? wide : c.req.path.startsWith(receiversPath) ? received : ordinary)(c, next)

/**
 * The body of a POST is strict JSON: no key twice, nothing nested without end. What the API then reads of it is the same text again.
 */
export const strictBody: MiddlewareHandler<Env> = async (c, next) => {
  // A logout token comes as a form, and its route reads nothing else (`people/oidc.ts`); a webhook or a delivery is read once it is proven (`github-app.ts`, `receivers.ts`).
  if (c.req.method !== 'POST' || c.req.path.startsWith(receiversPath) || /^\/auth\/[^/]+\/logout$/.test(c.req.path) || c.req.path === gitHubAppPath) return next()
  const bytes = new Uint8Array(await c.req.arrayBuffer())
  const type = c.req.header('content-type') ?? ''
  if (bytes.length === 0 && type === '') return next()
  if (!/^application\/json\s*(?:;\s*charset=(?:utf-8|"utf-8")\s*)?$/i.test(type)) {
    const shown = type === '' ? 'no content type' : `\`${type.slice(0, 100)}\``
    return refusal([serverProblem('REQUEST_MEDIA_TYPE', `the body is sent as ${shown}, and \`application/json\` is taken`)], { accept: 'application/json' })
  }
  const encoding = c.req.header('content-encoding')
  if (encoding !== undefined && encoding !== 'identity') {
    return refusal([serverProblem('REQUEST_MEDIA_TYPE', `the body is encoded as \`${encoding.slice(0, 100)}\`, and no encoding is taken`)], { 'accept-encoding': 'identity' })
  }
  const json = parseStrictJson(bytes, 'body', { maxDepth: requestLimits.depth, maxValues: requestLimits.values, maxBytes: largestBody(c.req.path) })
  if (json.ok) return next()
  const { code, message, at } = json.problem
  return refusal([serverProblem('REQUEST_INVALID', `the body is not strict JSON (${code}${at === undefined ? '' : ` at line ${at.line}, column ${at.column}`}): ${message}`)])
}
