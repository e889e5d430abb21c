/** AdmissionReview, `admission.k8s.io/v1` (k8s.io/api/admission/v1). Members that nothing here reads are let through. */
import * as z from 'zod'

/** Bytes: the API server takes objects of 3 MiB, and an update sends two. */
export const largestReview = 8 * 1024 * 1024

const object = z.record(z.string(), z.unknown())
const kind = z.object({ group: z.string(), version: z.string(), kind: z.string().min(1) })

const request = z.object({
  uid: z.string().regex(/^[!-~]{1,128}$/),
  kind,
  resource: z.object({ group: z.string(), version: z.string(), resource: z.string().min(1) }),
  subResource: z.string().optional(),
  name: z.string().optional(),
  namespace: z.string().optional(),
  operation: z.enum(['CREATE', 'UPDATE', 'DELETE', 'CONNECT']),
  userInfo: z.object({ username: z.string().optional(), groups: z.array(z.string()).optional() }),
  object: object.nullish(),
  oldObject: object.nullish(),
  dryRun: z.boolean().nullish(),
})

export type AdmissionRequest = z.output<typeof request>

const review = z.object({ apiVersion: z.literal('admission.k8s.io/v1'), kind: z.literal('AdmissionReview'), request })

const status = z.looseObject({
  message: z.string().optional(), reason: z.string().optional(), code: z.number().int().optional(),
  details: z.looseObject({ causes: z.array(z.object({ reason: z.string(), message: z.string() })).optional() }).optional(),
})
const response = z.looseObject({
  uid: z.string(), allowed: z.boolean(), status: status.optional(), warnings: z.array(z.string()).nullish(), auditAnnotations: z.record(z.string(), z.string()).nullish(),
})

/** Members that are not named here pass through: `patch` and `patchType` among them. */
export type AdmissionResponse = z.output<typeof response>

const answer = z.object({ apiVersion: z.literal('admission.k8s.io/v1'), kind: z.literal('AdmissionReview'), response })

export type ReviewAnswer = { readonly ok: true; readonly request: AdmissionRequest } | { readonly ok: false; readonly message: string }

export function readReview(bytes: Uint8Array): ReviewAnswer {
  const json = jsonOf(bytes)
  const read = review.safeParse(json)
  if (read.success) return { ok: true, request: read.data.request }
  const version = typeof json === 'object' && json !== null && 'apiVersion' in json ? json.apiVersion : undefined
  if (typeof version === 'string' && version !== 'admission.k8s.io/v1') return { ok: false, message: `the review is of \`${version.slice(0, 64)}\`, and only \`admission.k8s.io/v1\` is taken` }
  return { ok: false, message: `the body is no AdmissionReview: ${at(read.error)}` }
}

export type UpstreamAnswer = { readonly ok: true; readonly response: AdmissionResponse } | { readonly ok: false; readonly message: string }

/** What the webhook behind answered, if it answered this very request. */
export function readAnswer(bytes: Uint8Array, uid: string): UpstreamAnswer {
  const read = answer.safeParse(jsonOf(bytes))
  if (!read.success) return { ok: false, message: `its answer is no AdmissionReview of \`admission.k8s.io/v1\`: ${at(read.error)}` }
  const { data: { response: said } } = read
  return said.uid === uid ? { ok: true, response: said } : { ok: false, message: 'its answer is to another request' }
}

const at = (error: z.ZodError): string => `\`${error.issues[0]?.path.join('.') || 'its root'}\` is not what it must be`

function jsonOf(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes)) as unknown
  } catch {
    return undefined
  }
}

/** The object of a request: the new one, and of a deletion the old. */
export const objectOf = ({ object: next, oldObject }: AdmissionRequest): Readonly<Record<string, unknown>> => next ?? oldObject ?? {}

/** Its name, which the API server may have made up after the request came in. */
export function nameOf(request: AdmissionRequest): string {
  const metadata = objectOf(request)['metadata']
  const named = typeof metadata === 'object' && metadata !== null && 'name' in metadata ? metadata.name : undefined
  return typeof named === 'string' ? named : request.name ?? ''
}

export const denied = (uid: string, message: string, code = 403): AdmissionResponse => ({ uid, allowed: false, status: { status: 'Failure', code, reason: code === 403 ? 'Forbidden' : 'InternalError', message } })

export const reviewOf = (said: AdmissionResponse): string => JSON.stringify({ apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', response: said })
