/** What an opt-out was shown to excuse when people approved it: a set of fingerprints, content-addressed (design §1 rule 9, §6). */
import * as z from 'zod'
import { taggedDigest } from '../digest/tagged.ts'
import type { Json } from '../document/located.ts'
import { fingerprint } from '../document/scalars.ts'
import type { Problem } from '../error/problem.ts'
import type { HexDigest, Sha256 } from '../model/digest.ts'
import type { ImpactCode } from './codes.ts'

/** Most fingerprints one opt-out can have been shown. */
export const maxFingerprints = 100_000

const impactSchema = z.strictObject({
  schemaVersion: z.literal(1),
  kind: z.literal('Impact'),
  /** Digest of the opt-out document. */
  optOut: fingerprint,
  /** One spelling for each set, so that a set has one digest. */
  fingerprints: z.array(fingerprint).min(1).max(maxFingerprints)
    .refine((list) => list.every((each, index) => index === 0 || (list[index - 1] as string) < each), { error: 'expected in ascending order, each once' }),
})

export type Impact = z.output<typeof impactSchema>

export type ImpactAnswer =
  | { readonly ok: true; readonly impact: Impact }
  /** `optOut` where it can be read: that opt-out then has an impact that cannot be trusted, which is not the same as none. */
  | { readonly ok: false; readonly problem: Problem<ImpactCode>; readonly optOut?: HexDigest }

/** Decodes `{schemaVersion: 1, kind: 'Impact', optOut, fingerprints}`; `file` is the place told. Total. */
export function decodeImpact(value: Json, file: string): ImpactAnswer {
  const parsed = impactSchema.safeParse(value)
  if (parsed.success) return { ok: true, impact: parsed.data }
  const issue = parsed.error.issues[0]
  const where = issue === undefined || issue.path.length === 0 ? 'the impact' : `\`${issue.path.join('.')}\``
  const problem: Problem<ImpactCode> = {
    code: 'IMPACT_INVALID',
    message: `${where} is wrong: ${(issue?.message ?? 'invalid').replace(/^[A-Z]/, (letter) => letter.toLowerCase())}`,
    hint: 'record it with `exeat impact NAME REPORTS --write`, not by hand',
    at: { file, line: 1, column: 1 },
  }
  const optOut = z.object({ optOut: fingerprint }).safeParse(value)
  return { ok: false, problem, ...(optOut.success ? { optOut: optOut.data.optOut } : {}) }
}

/** SHA-256(`exeat/Impact/v1` ‖ 0 ‖ RFC 8785 of the impact): the name of its file. */
export function impactDigest(impact: Impact, sha256: Sha256): HexDigest {
  return taggedDigest('exeat/Impact/v1', impact, sha256)
}
