/** `verified`: shown by a workload token, a cluster identity or the protected ref. `asserted`: somebody said so (a flag). */
export type Provenance = 'verified' | 'asserted'

/** A claim about a run, and what it rests on. */
export interface Fact<T> {
  readonly value: T
  readonly provenance: Provenance
  /** Where it came from, for people: `--env`, `workspace source`, `protected ref`. */
  readonly from: string
}

export interface Repository {
  /** Name as documents spell it: `acme/payments`. */
  readonly name: string
  /** The forge's numeric id, or any stable string where there is no forge. */
  readonly id: string
}

/** What is claimed of one run. An absent fact is unknown. */
export interface Facts {
  readonly repository?: Fact<Repository>
  readonly environment?: Fact<string>
  readonly commit?: Fact<string>
  readonly ref?: Fact<string>
  readonly actor?: Fact<string>
}

/** Design §2, strongest first; `none` where nobody signed. */
export const evidenceStrengths = [
  'user-signed', 'idp-signed', 'server-asserted', 'forge-asserted', 'operator-asserted', 'none',
] as const
export type EvidenceStrength = (typeof evidenceStrengths)[number]

/** Three-valued truth (design §4): a missing attribute is unknown. */
export type Truth = 'true' | 'false' | 'unknown'
