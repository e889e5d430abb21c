/** Refusals as RFC 9457 `application/problem+json`: code, hint, and the way out of each control that blocks. */
import { type Decision, type Instant, tellReason } from '@exeat/core'
import { blockedControls } from '@exeat/core/run'
import { type ApiCode, apiCodes } from '../api/codes.ts'
import type { BlockedProblem } from './types.ts'

export const problemType = 'application/problem+json'

function problem(code: ApiCode, detail: string, hint: string, wayOut: Readonly<Record<string, unknown>>, blocked: readonly unknown[]): BlockedProblem {
  const { http, summary } = apiCodes[code]
  const documentation = `https://exeat.dev/errors#${code}`
  return { type: documentation, title: summary.replace(/\.$/, ''), status: http, code, detail, hint, wayOut: { documentation, ...wayOut }, blocked }
}

/** At least one of the decisions blocks. */
export function blockedProblem(decisions: readonly Decision[], now: Instant): BlockedProblem {
  const blocked = blockedControls(decisions, now)
  const first = decisions.find(({ outcome }) => outcome === 'blocked')
  const [reason] = first?.reasons ?? []
  const why = first === undefined || reason === undefined ? 'nothing excuses it' : `\`${first.control}\`: ${tellReason(reason, now).message}`
  const { wayOut = {} } = blocked[0] ?? {}
  const { command } = wayOut
  return problem('REQUEST_BLOCKED', why, typeof command === 'string' ? `run: ${command}` : 'an opt-out is not possible here', wayOut, blocked)
}

/** Says nothing of the cause: that is for whoever runs the API, and not for who calls it. */
export const unknownProblem = (): BlockedProblem =>
  problem('EXCUSE_UNKNOWN', 'whether an opt-out excuses the request could not be found out, and nothing was excused', 'send the request again later; whoever runs this API was told why', {}, [])
