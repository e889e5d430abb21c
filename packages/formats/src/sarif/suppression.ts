import type { ExcusedBy } from '@exeat/core'
import { formatInstant } from '@exeat/core'

/** A suppression object of SARIF 2.1.0 (§3.35) that says by which opt-out a finding is excused. */
export interface SarifSuppression {
  readonly kind: 'external'
  readonly status: 'accepted'
  readonly justification: string
  readonly properties: {
    readonly exeat: {
      readonly optOut: string
      readonly uid: string
      /** RFC 3339, UTC. */
      readonly until: string
      readonly category: string
      readonly owner: string
      readonly evidence: string
      /** `file:line` of the opt-out. */
      readonly origin: string
      readonly ticket?: string
    } & Partial<SuppressionTrust>
  }
}

/** The trust mode that the excuse rests on, where it is another than git, and the log with how many entries were known of it. */
export interface SuppressionTrust {
  readonly mode: string
  /** Absent where no log could be asked. */
  readonly log?: { readonly origin: string; readonly size: number }
}

/** No `guid`: §3.35.3 wants one a suppression, and the same run must give the same bytes. */
export function suppressionOf(excusedBy: ExcusedBy, trust?: SuppressionTrust): SarifSuppression {
  const { name, uid, until, category, owner, evidence, unlogged, origin, ticket, reason } = excusedBy
  return {
    kind: 'external',
    status: 'accepted',
    justification: reason,
    properties: {
      exeat: {
        optOut: name,
        uid,
        until: formatInstant(until),
        category,
        owner,
        evidence,
        ...(unlogged === undefined ? {} : { unlogged }),
        origin: `${origin.file}:${origin.line}`,
        ...(ticket === undefined ? {} : { ticket }),
        ...trust,
      },
    },
  }
}
