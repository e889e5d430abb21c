/** What every use case works with. */
import type { DeliveriesOf } from '../ports/alarm.ts'
import type { BundleMaker } from '../ports/bundle.ts'
import type { IncidentsOf } from '../ports/incidents.ts'
import type { GovernanceSource } from '../ports/governance.ts'
import type { AskHands } from '../ports/hands.ts'
import type { LogStore } from '../ports/log.ts'
import type { Directory } from '../identity/directory.ts'

export interface UseDependencies {
  readonly log: LogStore
  readonly governance: GovernanceSource
  /** What the forge knows of who pushed; absent: git alone is asked. */
  readonly hands?: AskHands
  /** What identity providers say of people. */
  readonly directory: Directory
  /** So many random bytes. */
  readonly random: (count: number) => Uint8Array
  /** 32 bytes: who holds it can tell which person a pseudonym in the log stands for. */
  readonly pseudonymKey: Uint8Array
  /** What came of alarms. */
  readonly deliveries: DeliveriesOf
  /** Asks the workspace's incident system. */
  readonly incidents: IncidentsOf
  readonly bundles: BundleMaker
  /** The log's. */
  readonly origin: string
  /** For reads, in milliseconds since the epoch; what is recorded is stamped by the log. */
  readonly now: () => number
  /** Runs something later, in milliseconds, and keeps no process alive for it. */
  readonly later: (run: () => void, after: number) => void
}
