import type { Problem } from '@exeat/core'
import { ExeatError } from '@exeat/core/error'
import { problemSchema, type WireProblem } from '@exeat/core/wire'
import type { HttpAnswer } from '../log/transport.ts'
import type { ApiCode } from './codes.ts'
import { jsonOf } from './text.ts'

/** What the server refused, with its own code, hint and way out; or that there was no answer to be had, then without `status`. */
export class ApiError extends ExeatError {
  /** HTTP status; absent where no whole answer came. */
  readonly status: number | undefined
  readonly wayOut: Readonly<Record<string, unknown>> | undefined

  constructor(problems: readonly [Problem, ...Problem[]], status?: number, wayOut?: Readonly<Record<string, unknown>>, cause?: unknown) {
    super(problems, cause === undefined ? undefined : { cause })
    this.status = status
    this.wayOut = wayOut
  }
}

export function apiError(code: ApiCode, message: string, hint?: string, status?: number, cause?: unknown): ApiError {
  return new ApiError([{ code, message, ...(hint === undefined ? {} : { hint }) }], status, undefined, cause)
}

/** Whether to go on without the server may be thought of: it did not answer, or says that it cannot now. A refusal is an answer. */
export const isAway = (error: unknown): boolean =>
  error instanceof ApiError && (error.status === undefined || error.status === 429 || error.status >= 500)

/** An answer that is no success. */
export function refusalOf({ status, headers, body }: HttpAnswer, name: string): ApiError {
  if (status === 0 || (status >= 300 && status < 400)) {
    return apiError('API_ANSWER', `the server at \`${name}\` answers with a redirect to \`${(headers.get('location') ?? 'another place').slice(0, 200)}\`, which is not followed`, 'name the server itself', status)
  }
  const parsed = headers.get('content-type')?.startsWith('application/problem+json') === true ? problemSchema.safeParse(jsonOf(body)) : undefined
  if (parsed?.success !== true || !isCode(parsed.data.code)) {
    return apiError('API_ANSWER', `the server at \`${name}\` answers with status ${status} and no reason`, 'is it an Exeat server? a proxy before it may have answered', status)
  }
  return new ApiError(problemsOf(parsed.data), status, parsed.data.wayOut)
}

const isCode = (text: string): boolean => /^[A-Z][A-Z0-9_]{0,63}$/.test(text)

function problemsOf({ code, detail, hint, errors = [] }: WireProblem): readonly [Problem, ...Problem[]] {
  const first: Problem = { code, message: detail, ...(hint === undefined ? {} : { hint }) }
  const others = errors.slice(0, 100).filter((each) => isCode(each.code) && !(each.code === code && each.message === detail))
  return [first, ...others.map((each): Problem => ({ code: each.code, message: each.message, ...(each.hint === undefined ? {} : { hint: each.hint }) }))]
}
