/** The delivery of alarms, put together. */
import type { SignerKey } from '@exeat/log'
import { randomInt } from 'node:crypto'
import { addressGuard } from '../alarm/address.ts'
import { type Deliverer, deliverer } from '../alarm/deliver.ts'
import { type Connect, connector, poster } from '../alarm/post.ts'
import { progressIn } from '../alarm/progress.ts'
import type { ServerConfig } from '../config/schema.ts'
import { signerOf } from '../store/ed25519.ts'
import { sinksOf } from '../use/alarm.ts'
import type { Foundation } from './foundation.ts'

interface Composing extends Pick<Foundation, 'config' | 'log' | 'governance' | 'rows' | 'now' | 'report'> {
  /** That the founders delegated to. */
  readonly webhook: SignerKey
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
