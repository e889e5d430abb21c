/**
 * GitLab. A secret `whsec_…` is a webhook's signing token (Standard Webhooks: HMAC over id, time and body), and counts for nothing else; any other is the older secret token of a webhook, or the
 * verification token of a stream of audit events, which come as they are.
 */
import { createHash, timingSafeEqual } from 'node:crypto'
import { fromGitLab } from '@exeat/formats/received'
import { isWebhookSecret, verifiesShared } from '../events/standard-webhooks.ts'
import type { Kind } from './types.ts'

/** Milliseconds that a signed time may lie off, either way. */
const tolerance = 300_000

const sha256 = (text: string): Buffer => createHash('sha256').update(text).digest()

export const gitlab: Kind = {
  name: 'gitlab',
  mediaTypes: ['application/json', 'application/x-www-form-urlencoded'],
  isProven: (header, body, secrets, now) => {
    const signature = header('webhook-signature')
    // Whoever signs is held to the signature: a token beside it adds nothing.
    if (signature !== undefined) return isSigned(signature, header('webhook-id') ?? '', header('webhook-timestamp') ?? '', body, secrets.filter(isWebhookSecret), now)
    const shown = header('x-gitlab-token') ?? header('x-gitlab-event-streaming-token')
    if (shown === undefined) return false
    return secrets.filter((secret) => !secret.startsWith('whsec_')).filter((secret) => timingSafeEqual(sha256(secret), sha256(shown))).length > 0
  },
  deliveryOf: (header) => {
    const id = header('webhook-id')
    return header('webhook-signature') === undefined ? null : id !== undefined && /^[!-~]{1,200}$/.test(id) ? id : undefined
  },
  read: (_header, payload) => fromGitLab(payload),
}

function isSigned(signature: string, id: string, timestamp: string, body: Uint8Array, secrets: readonly string[], now: number): boolean {
  if (!/^\d{1,12}$/.test(timestamp) || !(Math.abs(now - Number(timestamp) * 1000) <= tolerance)) return false
  return verifiesShared({ id, timestamp, signature }, body, secrets)
}
