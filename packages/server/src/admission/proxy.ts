/** In front of another admission webhook: what it allows passes as it is, what it denies is overridden only where every reason is excused. */
import type { Finding } from '@exeat/core'
import { type Denial, denialReaders, type UpstreamKind } from '@exeat/formats/admission'
import { excusedWarnings, wayOutText } from './message.ts'
import type { Point } from './point.ts'
import { type AdmissionRequest, type AdmissionResponse, denied, nameOf, readAnswer, reviewOf } from './review.ts'
import { namespaceOf, subjectOf } from './subject.ts'
import { forward, type Upstream } from './upstream.ts'

export interface ProxyOptions {
  readonly upstream: Upstream
  readonly kind: UpstreamKind
  readonly point: Point
}

/** Milliseconds kept back of the caller's time, for deciding and for the way back; and what a claim of uses may take. */
const reserve = 500
const claiming = 3_000

/** Takes the review's very bytes; answers bytes. `deadline` in milliseconds of `performance.now()`. */
export function proxy({ upstream, kind, point }: ProxyOptions) {
  return async (request: AdmissionRequest, body: Uint8Array, deadline: number): Promise<string | Uint8Array> => {
    const refuse = (message: string): string => reviewOf(denied(request.uid, `exeat: the ${kind} webhook behind: ${message}; nothing was excused`, 500))
    const left = deadline - performance.now()
    const forwarded = await forward(upstream, body, left - Math.min(reserve + claiming, left / 2))
    if (!forwarded.ok) return refuse(forwarded.message)
    const answer = readAnswer(forwarded.body, request.uid)
    if (!answer.ok) return refuse(answer.message)
    // The very bytes: patches, warnings and audit annotations go through as they were written.
    if (answer.response.allowed) return forwarded.body
    const judged = judge(request, answer.response, { kind, point })
    const late = new Promise<AdmissionResponse>((resolve) => { setTimeout(() => { resolve(withText(answer.response, 'exeat excuses nothing: it could not decide in time')) }, Math.max(1, deadline - performance.now() - reserve)).unref() })
    return reviewOf(await Promise.race([judged, late]))
  }
}

async function judge(request: AdmissionRequest, response: AdmissionResponse, { kind, point }: Pick<ProxyOptions, 'kind' | 'point'>): Promise<AdmissionResponse> {
  const read = denialReaders[kind](denialOf(response), { kind: request.kind.kind, namespace: namespaceOf(request), name: nameOf(request) })
  if (!read.ok) return withText(response, `exeat excuses nothing: the denial is not understood: ${read.why}`)
  // A denial that changes the object too is none that these webhooks write.
  if (response['patch'] !== undefined) return withText(response, 'exeat excuses nothing: the denial carries a patch')
  const subject = subjectOf(request)
  const findings = read.reasons.map(({ rule, message }): Finding => ({
    tool: kind, rule, title: message, message, ...(subject.resource === undefined ? {} : { resource: subject.resource }),
  }))
  try {
    const judged = await point.judge(findings, subject)
    return judged.excused ? overridden(response, judged) : withText(response, wayOutText(judged))
  } catch {
    return withText(response, 'exeat excuses nothing: it failed while it decided')
  }
}

function denialOf({ status }: AdmissionResponse): Denial {
  const { message, reason, code, details } = status ?? {}
  return {
    message: message ?? reason ?? '', ...(code === undefined ? {} : { code }),
    ...(details?.causes === undefined ? {} : { causes: details.causes }),
  }
}

/** Without the status of the denial; warnings and audit annotations stay. */
function overridden(response: AdmissionResponse, judged: Awaited<ReturnType<Point['judge']>>): AdmissionResponse {
  const names = [...new Set(judged.decisions.flatMap(({ optOut }) => optOut?.name ?? []))]
  const { warnings, auditAnnotations } = response
  return {
    ...Object.fromEntries(Object.entries(response).filter(([key]) => key !== 'status')), uid: response.uid, allowed: true, warnings: [...warnings ?? [], ...excusedWarnings(judged)],
    auditAnnotations: { ...auditAnnotations, 'exeat-excused-by': names.join(','), ...(judged.unclaimed ? { 'exeat-dry-run': 'no use was counted' } : {}) },
  }
}

function withText(response: AdmissionResponse, text: string): AdmissionResponse {
  const { message, reason, ...status } = response.status ?? {}
  // An old Gatekeeper wrote the whole denial into `reason`; the API server shows `message`.
  return { ...response, status: { ...status, ...(reason === undefined ? {} : { reason }), message: `${(message ?? reason ?? 'denied').trimEnd()}\n\n${text}` } }
}
