/** What the routes and their OpenAPI descriptions are put together from. */
import { createRoute, OpenAPIHono, type RouteConfig } from '@hono/zod-openapi'
import * as z from 'zod'
import { line } from '@exeat/core/entry'
import { problemSchema } from '@exeat/core/wire'
import { dsseSchema } from '@exeat/verify'
import { serverProblem } from '../config/codes.ts'
import type { Env } from './env.ts'
import { problemType, refusal } from './problem.ts'

export type App = OpenAPIHono<Env>

/** An application that answers what does not fit a route's schemas with a problem. */
export function newApp(): App {
  return new OpenAPIHono<Env>({
    defaultHook: (result) => {
      if (result.success) return undefined
      const [issue] = result.error.issues
      const where = [result.target === 'json' ? 'body' : result.target, ...(issue?.path ?? [])].join('.').slice(0, 200)
      return refusal([serverProblem('REQUEST_INVALID', `the request is wrong at \`${where}\`: ${lower(issue?.message ?? 'it is invalid')}`)])
    },
  })
}

const lower = (text: string): string => `${text.charAt(0).toLowerCase()}${text.slice(1, 500)}`

type Answers = RouteConfig['responses']

/** A JSON answer beside the refusals. */
export const answers = <S extends z.ZodType>(schema: S, description: string, status: 200 | 201 = 200): Answers => ({
  [status]: { description, content: { 'application/json': { schema } } },
  ...refusals,
})

/** An answer in another form. */
export const plainAnswers = (type: string, description: string): Answers => ({ 200: { description, content: { [type]: { schema: { type: 'string' } } } }, ...refusals })

/** Any refusal: RFC 9457. */
export const refusals: Answers = { default: { description: 'A refusal.', content: { [problemType]: { schema: problemSchema } } } }

export const bodyOf = <S extends z.ZodType>(schema: S) => ({ required: true, content: { 'application/json': { schema } } }) as const

/** A DSSE envelope. */
export const dsse = dsseSchema.meta({ id: 'Dsse' })

export const idParameter = z.strictObject({ id: line.meta({ description: 'The opt-out\'s uid, or its name.' }) })

/** A whole number in a path or query, in its only spelling. */
export const wholeNumber = z.string().regex(/^(?:0|[1-9][0-9]{0,15})$/, 'it is no whole number')
  .transform(Number).pipe(z.int().min(0))

/** Whether an act has its headers is told with codes of their own, so the routes only describe them. */
export const actHeaders = [
  { name: 'Idempotency-Key', in: 'header', required: true, schema: { type: 'string', pattern: '^[!-~]{1,120}$' }, description: 'Random, and the same again when the act is repeated.' },
  { name: 'Exeat-Actor', in: 'header', required: false, schema: { type: 'string', minLength: 1, maxLength: 512, pattern: '^[!-~]+$' }, description: 'At the administrative socket alone, and needed there: who acts, as typed.' },
] as const

type Security = NonNullable<RouteConfig['security']>

export const forOperators: Security = [{ socket: [] }]
/** Jobs by their own tokens, or the operator. */
export const forJobs: Security = [{ point: [] }, { socket: [] }]
export const forPoints: Security = [{ point: [] }, { session: [] }, { dpop: [] }, { socket: [] }]
/** Whoever signed in, or the operator. */
export const forActors: Security = [{ session: [] }, { dpop: [] }, { socket: [] }]
export const forPeople: Security = [{ session: [] }, { dpop: [] }]
export const forAnyone: Security = []

export { createRoute }
