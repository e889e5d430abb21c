/** Severities from least to most severe. A finding whose tool states none has no severity: an unknown, never a low one. */
export const severities = ['info', 'low', 'medium', 'high', 'critical'] as const
export type Severity = (typeof severities)[number]

/** One violation of a control, as a tool reported it, in Exeat's own model. An absent attribute is unknown. */
export interface Finding {
  /** Canonical name from the tool table (`control/tools.ts`), or the producer's own name in lower case where the table lacks it. */
  readonly tool: string
  /** The tool's rule id as written: `CVE-2021-44228`, `CKV_AWS_20`. */
  readonly rule: string
  readonly severity?: Severity
  readonly title: string
  readonly message?: string
  /** Normalised: relative to the repository's root, `/` separated, no `.` or `..` segment. */
  readonly path?: string
  /** 1-based. */
  readonly line?: number
  /** Package URL, Kubernetes `kind/namespace/name`, or Terraform address. */
  readonly resource?: string
  /** `sha256:` and 64 hex digits. */
  readonly image?: string
  readonly snippet?: string
  /** Other ids of the same rule that the tool itself states (CVE, GHSA). Shown; matching uses only governed aliases. */
  readonly aliases?: readonly string[]
  /** The tool's own fingerprint: shown, never believed. */
  readonly toolFingerprint?: string
}

/** A suppression or baseline that a report brought along. It never changes the answer (design, rule 7). */
export interface ShadowSuppression {
  readonly tool: string
  readonly rule: string
  readonly path?: string
  readonly line?: number
  /** How the report spells it: `inSource`, `external`, `skipped_checks`, `exceptions`, `ignored`, … */
  readonly kind: string
  readonly justification?: string
}

/** A VEX statement (OpenVEX): shown beside a finding as context, never an excuse. */
export interface VexStatement {
  readonly vulnerability: string
  readonly products: readonly string[]
  readonly status: 'not_affected' | 'affected' | 'fixed' | 'under_investigation'
  readonly justification?: string
  readonly statement?: string
}

/** What one tool said in one file: a SARIF run, or a whole native report. */
export interface Report {
  /** File name as given, `-` for standard input. */
  readonly input: string
  /** Reader that took it: `sarif`, `trivy`, … */
  readonly format: string
  readonly tool: string
  /** Commit the report says it was made from. */
  readonly commit?: string
  /** False when the tool says that it did not finish (SARIF `executionSuccessful: false`, …). */
  readonly completed: boolean
  readonly findings: readonly Finding[]
  readonly suppressions: readonly ShadowSuppression[]
  readonly statements: readonly VexStatement[]
}
