/** What every part of a running server is put together from. */
import type { Problem } from '@exeat/core'
import type { Delegations } from '@exeat/verify'
import type { DataPaths } from '../config/folder.ts'
import type { ServerConfig } from '../config/schema.ts'
import type { Growth } from '../events/growth.ts'
import type { GovernanceSource } from '../ports/governance.ts'
import type { IdentityRows } from '../ports/identity.ts'
import type { LogStore } from '../ports/log.ts'

export interface Foundation {
  readonly config: ServerConfig
  readonly paths: DataPaths
  readonly log: LogStore
  readonly growth: Growth
  readonly governance: GovernanceSource
  readonly delegations: Delegations
  readonly rows: IdentityRows
  /** Milliseconds since the epoch. */
  readonly now: () => number
  /** What the operator should know. */
  readonly report: (problem: Problem | Error) => void
}
