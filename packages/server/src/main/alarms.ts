/** The delivery of alarms, put together. */
import type { Problem } from '@exeat/core'
import type { SignerKey } from '@exeat/log'
import { randomInt } from 'node:crypto'
import { addressGuard } from '../alarm/address.ts'
import { type Deliverer, deliverer } from '../alarm/deliver.ts'
import { type Connect, connector, poster } from '../alarm/post.ts'
import { progressIn } from '../alarm/progress.ts'
import type { ServerConfig } from '../config/schema.ts'
import type { GovernanceSource } from '../ports/governance.ts'
import type { IdentityRows } from '../ports/identity.ts'
import type { LogStore } from '../ports/log.ts'
import { signerOf } from '../store/ed25519.ts'
import { sinksOf } from '../use/alarm.ts'

interface Composing {
  readonly config: Pick<ServerConfig, 'alarms'>
  readonly log: LogStore
  readonly governance: GovernanceSource
  readonly rows: IdentityRows
  /** That the founders delegated to. */
  readonly webhook: SignerKey
  readonly now: () => number
  readonly report: (problem: Problem) => void
}

/** To where the workspace names, and the operator lets it. */
export const composeConnect = (config: Pick<ServerConfig, 'alarms'>): Connect => connector({ guard: addressGuard(config.alarms?.allow ?? []) })

export function composeAlarms({ config, log, governance, rows, webhook, now, report }: Composing): Deliverer {
  const sign = signerOf(webhook.seed)
  return deliverer({
    log, now, report, progress: progressIn(rows, now), post: poster(composeConnect(config)), sign: (bytes) => sign(webhook.seed, bytes),
    sinks: () => {
      const governed = governance.latest()
      return governed === undefined ? [] : sinksOf(governed)
    },
    jitter: () => randomInt(1_000_000) / 1_000_000,
  })
}
