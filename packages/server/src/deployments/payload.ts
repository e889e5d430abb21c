/** `deployment_protection_rule`, as far as it is used (https://docs.github.com/webhooks/webhook-events-and-payloads#deployment_protection_rule). Loose: GitHub adds to it. */
import * as z from 'zod'

const id = z.int().min(1)

export const protectionRuleSchema = z.looseObject({
  action: z.literal('requested'),
  environment: z.string().min(1).max(255),
  deployment_callback_url: z.url().max(2048),
  deployment: z.looseObject({ id, sha: z.string().regex(/^(?:[0-9a-f]{40}|[0-9a-f]{64})$/) }),
  repository: z.looseObject({ id, full_name: z.string().regex(/^[\w.-]{1,100}\/[\w.-]{1,100}$/) }),
  installation: z.looseObject({ id }),
})

export type ProtectionRule = z.output<typeof protectionRuleSchema>

/** What is kept of it until it is answered. */
export interface Owed {
  readonly repositoryId: number
  readonly repository: string
  readonly installation: number
  readonly environment: string
  readonly commit: string
  readonly deployment: number
  /** Path of the callback below the API. */
  readonly path: string
  /** Milliseconds since the epoch: when it was asked, and when it is looked at next. */
  readonly asked: number
  readonly next: number
  readonly attempts: number
  /** The person was told what is waited for. */
  readonly told?: true
  /** Answered, or given up. */
  readonly over?: 'approved' | 'rejected' | 'failed'
  /** What is to be answered: decided once, and said again until it was heard. */
  readonly verdict?: { readonly state: 'approved' | 'rejected'; readonly comment: string }
}
