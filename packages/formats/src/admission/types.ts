/** What a webhook says when it denies a request. */
export interface Denial {
  /** `status.message`, or `status.reason` where an old Gatekeeper or OPA wrote it there. */
  readonly message: string
  /** `status.code`; absent where the webhook states none. */
  readonly code?: number
  /** `status.details.causes`, as far as each has a reason and a message. */
  readonly causes?: readonly { readonly reason: string; readonly message: string }[]
}

/** The object of the request: what a denial must be about. */
export interface DeniedObject {
  readonly kind: string
  /** Empty for what has none. */
  readonly namespace: string
  /** Empty where the API server has not made one up yet (`generateName`). */
  readonly name: string
}

export interface DenialReason {
  /** Of the tool: `require-labels/check-team`, or the constraint's name. */
  readonly rule: string
  readonly message: string
}

/** Every reason of a denial, or why it is not understood as a whole. There is no reading of a part. */
export type DenialAnswer = { readonly ok: true; readonly reasons: readonly DenialReason[] } | { readonly ok: false; readonly why: string }

export type DenialReader = (denial: Denial, object: DeniedObject) => DenialAnswer

export const misread = (why: string): DenialAnswer => ({ ok: false, why })
