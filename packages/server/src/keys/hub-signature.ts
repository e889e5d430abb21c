/** Whether GitHub sent a webhook: HMAC-SHA256 over its very bytes, before anything of them is read (https://docs.github.com/webhooks, "Validating webhook deliveries"). */
import { createHmac, timingSafeEqual } from 'node:crypto'

/** `signature`: the header `X-Hub-Signature-256`. While one secret follows another, either will do; each is compared, in constant time. */
export function isFromGitHub(bytes: Uint8Array, signature: string | undefined, secrets: readonly string[]): boolean {
  const [, hex = ''] = /^sha256=([0-9a-f]{64})$/.exec(signature ?? '') ?? []
  const shown = Buffer.from(hex.padEnd(64, '0'), 'hex')
  const fits = secrets.map((secret) => timingSafeEqual(createHmac('sha256', secret).update(bytes).digest(), shown))
  return hex !== '' && fits.includes(true)
}
