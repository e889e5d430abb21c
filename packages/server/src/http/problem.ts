/** Every refusal as RFC 9457 `application/problem+json`, with its code, its hint and the way out. */
import type { Problem } from '@exeat/core'
import { ExeatError } from '@exeat/core/error'
import type { WireProblem } from '@exeat/core/wire'
import { serverProblem } from '../config/codes.ts'
import { entryOf } from './status.ts'

export const problemType = 'application/problem+json'

/** Header fields that a status demands. */
export type Fields = Readonly<Record<string, string>>

export function problemDocument(problems: readonly [Problem, ...Problem[]]): WireProblem {
  const [first, ...others] = problems
  const { http, summary } = entryOf(first.code)
  const documentation = `https://exeat.dev/errors#${first.code}`
  const command = /(?:^|[\s`])run: ([^\n]+)$/.exec(first.hint ?? '')?.[1]
  return {
    type: documentation,
    title: `${summary.charAt(0).toUpperCase()}${summary.slice(1)}`,
    status: http,
    code: first.code,
    detail: first.message,
    ...(first.hint === undefined ? {} : { hint: first.hint }),
    wayOut: { documentation, ...(command === undefined ? {} : { command }) },
    ...(others.length === 0 ? {} : { errors: problems.map(plain) }),
  }
}

function plain({ code, message, hint, at }: Problem): NonNullable<WireProblem['errors']>[number] {
  return { code, message, ...(hint === undefined ? {} : { hint }), ...(at === undefined ? {} : { at: { ...at } }) }
}

/** `status`: where it is not the one that the first problem's code has. */
export function refusal(problems: readonly [Problem, ...Problem[]], fields: Fields = {}, status?: number): Response {
  const stated = problemDocument(problems)
  const document = { ...stated, status: status ?? stated.status }
  return new Response(JSON.stringify(document), { status: document.status, headers: { 'content-type': problemType, 'cache-control': 'no-store', ...fields } })
}

/** What was thrown, as far as a stranger may know it: a failure that is none of ours is told to the operator alone. */
export function refusalOf(error: unknown, report: (error: unknown) => void): Response {
  if (error instanceof ExeatError) return refusal(error.problems)
  report(error)
  return refusal([serverProblem('SERVER_FAILED', 'the server failed in a way it does not know', 'nothing was granted; repeat it with the same key, and ask the operator if it stays so')])
}
