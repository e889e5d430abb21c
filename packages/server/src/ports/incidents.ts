/** The incident system that a workspace names. */
import type { HexDigest, Instant, Workspace } from '@exeat/core'

export interface IncidentAnswer {
  /** Of the incident, as the system says; undefined where it knows none of that ticket. */
  readonly state: string | undefined
  /** When it was asked. */
  readonly at: Instant
  /** SHA-256 of the body of its answer. */
  readonly answer: HexDigest
}

/** Asks it. Rejects where there is no answer that can be understood, with a reason that names no address and no secret. */
export type IncidentsOf = (system: NonNullable<Workspace['spec']['incidents']>, ticket: string) => Promise<IncidentAnswer>
