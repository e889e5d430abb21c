/** The scalars that documents are made of. Each error says what to write instead. */
import * as z from 'zod'
import type { EvidenceStrength } from '../model/facts.ts'
import { severities } from '../model/finding.ts'
import { scalar } from './fault.ts'
import { dnsLabelRule, identifierRule, lineRule, shapeRule, textRule } from './text.ts'

/** DNS label (RFC 1123): lower-case letters, digits and hyphens, at most 63. ASCII alone, so no homoglyphs. */
export const dnsLabel = scalar(dnsLabelRule).meta({ minLength: 1, maxLength: 63, pattern: '^[a-z0-9]([a-z0-9-]*[a-z0-9])?$' })
export const group = dnsLabel.meta({ description: 'A group: from the identity provider, or listed in the workspace.' })
/** A name that machines compare: printable ASCII without spaces, at most 512 characters. */
export const identifier = scalar(identifierRule(512)).meta({ minLength: 1, maxLength: 512, pattern: '^[!-~]+$' })
/** One line for people, at most 512 characters. */
export const line = scalar(lineRule(512)).meta({ minLength: 1, maxLength: 512 })
/** Text of several lines, at most 8,192 characters. */
export const text = scalar(textRule(8_192)).meta({ minLength: 1, maxLength: 8_192 })
export const imageDigest = scalar(shapeRule(/^sha256:[0-9a-f]{64}$/, 'an image digest (`sha256:` and 64 lower-case hex digits)'))
  .meta({ pattern: '^sha256:[0-9a-f]{64}$' })
export const fingerprint = scalar(shapeRule(/^[0-9a-f]{64}$/, 'a fingerprint (64 lower-case hex digits)')).meta({ pattern: '^[0-9a-f]{64}$' })
export const severity = z.enum(severities)

const statable = ['user-signed', 'idp-signed', 'server-asserted', 'forge-asserted', 'operator-asserted'] as const satisfies readonly EvidenceStrength[]
export const evidence = z.enum(statable)
/** An administrator's typed name satisfies no `mfa` but `none` (design §2). */
export const permitEvidence = z.enum(['user-signed', 'idp-signed', 'server-asserted', 'forge-asserted'])

export const count = z.int().min(1).max(1_000_000)

/** A list that, where it stands, names something: an empty list is an error (rule 9). */
export const some = <T extends z.ZodType>(item: T): z.ZodArray<T> => z.array(item).min(1)
export const optional = z.exactOptional
