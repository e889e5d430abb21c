/** The scalars that documents are made of. Each error says what to write instead. */
import * as z from 'zod'
import type { EvidenceStrength } from '../model/facts.ts'
import { severities } from '../model/finding.ts'
import type { Duration, Instant } from '../model/instant.ts'
import { canonicalInstant, formatDuration, parseDuration, parseInstant } from './time.ts'

/** DNS label (RFC 1123): lower-case letters, digits and hyphens, at most 63. ASCII alone, so no homoglyphs. */
export const dnsLabel = z.string().max(63).regex(/^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?$/, { error: 'expected a DNS label: lower-case letters, digits and hyphens, at most 63' })
export const group = dnsLabel

/** One line of text without control characters or bidirectional overrides. */
export const line = z.string().min(1).max(512)
/** Text of several lines. */
export const text = z.string().min(1).max(8_192)
/** A pattern in Exeat's dialect: `*`, `**`, `?`, `{a,b}` (see `pattern/`). */
export const pattern = z.string().min(1).max(512)
export const imageDigest = z.string().regex(/^sha256:[0-9a-f]{64}$/, { error: 'expected an image digest: `sha256:` and 64 lower-case hex digits' })
export const fingerprint = z.string().regex(/^[0-9a-f]{64}$/, { error: 'expected a fingerprint: 64 lower-case hex digits' })
export const severity = z.enum(severities)

const statable = ['user-signed', 'idp-signed', 'server-asserted', 'forge-asserted', 'operator-asserted'] as const satisfies readonly EvidenceStrength[]
export const evidence = z.enum(statable)
/** An administrator's typed name satisfies no `mfa` but `none` (design §2). */
export const permitEvidence = z.enum(['user-signed', 'idp-signed', 'server-asserted', 'forge-asserted'])

export const instant = z.codec(z.string(), z.custom<Instant>((value) => Number.isSafeInteger(value)), {
  decode: (written, context) => {
    const value = parseInstant(written)
    if (value !== undefined) return value
    context.issues.push({ code: 'custom', input: written, message: 'expected an RFC 3339 instant with an offset: 2026-11-24T10:00:00Z' })
    return z.NEVER
  },
  encode: canonicalInstant,
})

export const duration = z.codec(z.string(), z.custom<Duration>((value) => Number.isSafeInteger(value)), {
  decode: (written, context) => {
    const value = parseDuration(written)
    if (value !== undefined) return value
    context.issues.push({ code: 'custom', input: written, message: 'expected a duration in minutes, hours or days: 30m, 72h, 14d' })
    return z.NEVER
  },
  encode: formatDuration,
})
