import type { Block, Decision, EvidenceStrength, Facts, HexDigest, Instant, Problem, Report } from '@exeat/core'
import type { Summary } from '@exeat/core/run'
import type { Governance } from '@exeat/git'

/** Why no output of this release is authoritative (design §4, "Who decides"). */
export const authority = 'advisory: a job that the change can edit decides nothing; make it a required workflow that changes cannot touch'

/** What log trust rests on. */
export interface Logged {
  /** Of the log, and how many entries the bundle's checkpoint covers. */
  readonly origin: string
  readonly size: number
  readonly source: 'fetched' | 'file' | 'cache'
  readonly issuedAt: Instant
  readonly notAfter: Instant
  readonly singleFounder: boolean
  /** Names of the witnesses that cosigned the checkpoint. */
  readonly witnesses: readonly string[]
  /** One for each opt-out that excused, or would have. `spooled` waits on this machine; `lost` is counted nowhere; `acknowledged` had to be counted first. */
  readonly uses: readonly { readonly uid: HexDigest; readonly state: 'counted' | 'refused' | 'spooled' | 'lost'; readonly acknowledged: boolean; readonly message?: string }[]
}

/** What log trust rests on while no bundle can be had: grants that two people signed, and that no log has. */
export interface Unlogged {
  readonly origin: string
  /** Why there is no bundle. */
  readonly because: string
  /** Those that excuse something. */
  readonly grants: readonly { readonly digest: HexDigest; readonly uid: HexDigest; readonly name: string; readonly file: string; readonly signedBy: readonly string[]; readonly until: Instant }[]
}

/** What one run of the gate answers. `decisions` are in the order of the reports and their findings. */
export interface GateResult {
  readonly mode: 'git' | 'worktree' | 'log'
  /** In log trust. */
  readonly log?: Logged
  /** In log trust without a bundle. */
  readonly unlogged?: Unlogged
  readonly now: Instant
  /** `--now`: `now` is the instant looked at, `real` that of the run and what it answers. */
  readonly preview?: { readonly real: Instant; readonly summary: Summary }
  readonly governance: Governance
  readonly facts: Facts
  readonly reports: readonly Report[]
  readonly decisions: readonly Decision[]
  readonly blocks: readonly Block[]
  readonly warnings: readonly Problem[]
  readonly summary: Summary
  /** Weakest evidence that an excuse of this run rests on; `none` where nothing is excused. */
  readonly evidence: EvidenceStrength
  readonly exit: 0 | 2
}
