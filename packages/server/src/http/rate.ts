/** Token buckets (one a caller): `burst` requests at once, `perSecond` in the long run. */
import type { Rate } from '../config/schema.ts'

/** Answers undefined where the request may pass, else in how many seconds the next one may. */
export type Limiter = (caller: string) => number | undefined

interface Bucket {
  tokens: number
  at: number
}

/** So many callers are remembered; the one longest unseen is forgotten first, and begins anew with a full bucket. */
const remembered = 10_000

/** `now`: milliseconds, never going back (a monotonic clock). */
export function rateLimiter({ perSecond, burst }: Rate, now: () => number): Limiter {
  const buckets = new Map<string, Bucket>()
  return (caller) => {
    const at = now()
    const bucket = buckets.get(caller) ?? { tokens: burst, at }
    bucket.tokens = Math.min(burst, bucket.tokens + Math.max(0, at - bucket.at) * perSecond / 1000)
    bucket.at = at
    buckets.delete(caller)
    buckets.set(caller, bucket)
    const oldest = buckets.size > remembered ? buckets.keys().next().value : undefined
    if (oldest !== undefined) buckets.delete(oldest)
    if (bucket.tokens < 1) return Math.ceil((1 - bucket.tokens) / perSecond)
    bucket.tokens -= 1
    return undefined
  }
}

/** One household is one caller: an IPv6 address counts by its /64 (RFC 6177), a mapped IPv4 address as itself. */
export function callerOf(address: string | undefined): string {
  if (address === undefined) return 'unknown'
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1]
  if (mapped !== undefined || !address.includes(':')) return mapped ?? address
  const [head = '', tail] = address.replace(/%.*$/, '').split('::')
  const left = head.split(':').filter((group) => group !== '')
  const right = (tail ?? '').split(':').filter((group) => group !== '')
  const groups = tail === undefined ? left : [...left, ...Array<string>(Math.max(0, 8 - left.length - right.length)).fill('0'), ...right]
  return `${groups.slice(0, 4).map((group) => Number.parseInt(group, 16).toString(16)).join(':')}::/64`
}
