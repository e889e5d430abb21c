/** Every part of the server, put together: each adds what it answers (`Services`) and what it does beside (`Chore`). */
import { canonicalInstant, type Instant } from '@exeat/core'
import type { WitnessAddress } from '@exeat/client/log'
import type { DelegationPins } from '@exeat/verify'
import { serverProblem } from '../config/codes.ts'
import { webhookKeyText } from '../events/standard-webhooks.ts'
import { randomOf } from '../genesis/entry.ts'
import type { EdgeOptions } from '../http/app.ts'
import type { Services } from '../http/routes.ts'
import { readRandomKey } from '../keys/random.ts'
import { type Instruments, metricsOf } from '../metrics/index.ts'
import { receivers as receiversOf } from '../receive/index.ts'
import { runHistory } from '../runs/index.ts'
import type { UseCases } from '../use/types.ts'
import { composeActs } from './acts.ts'
import { composeAlarms } from './alarms.ts'
import { composeDeployments } from './deployments.ts'
import { composeEvents, type Events } from './events.ts'
import type { Foundation } from './foundation.ts'
import { type Housekeeping, keepHouse } from './housekeeping.ts'
import { providerSecretIn } from './keys.ts'
import { composePeople } from './people.ts'
import type { Chore } from './repeat.ts'

/** In milliseconds. */
const every = { second: 1_000, minute: 60_000 } as const

export interface Wiring {
  readonly measures: Instruments
  /** Whom the founders trust, as the log's own entries are held against it. */
  readonly pins: DelegationPins
  readonly witnesses: readonly WitnessAddress[]
  /** C2SP verifier key of the log. */
  readonly key: string
  /** True once nothing more is taken. */
  readonly stopping: () => boolean
  /** Aborted when the server stops. */
  readonly streamsEnd: AbortSignal
}

export interface Composed {
  readonly services: Services
  readonly edge: Pick<EdgeOptions, 'people' | 'receivers' | 'pointSeen' | 'damage'>
  /** Ends the chores, and waits for what runs. */
  readonly stop: () => Promise<void>
}

/** @throws {ExeatError} where a key or a secret is not what it must be */
export function compose(foundation: Foundation, { measures, pins, witnesses, key, stopping, streamsEnd }: Wiring): Composed {
  const { config, paths, log, growth, governance, rows, now, report } = foundation
  const { useCases, decide, ask, opa, webhook, enterHealth } = composeActs(foundation)
  const people = composePeople({ config, rows, useCases, governance, sealingKey: readRandomKey(paths.sealing), providerSecret: providerSecretIn(paths), random: randomOf, now, report })
  const alarms = composeAlarms({ ...foundation, webhook })
  const events = composeEvents({ ...foundation, webhook, enterHealth })
  const runs = runHistory({ rows, now, random: randomOf, ...(config.history === undefined ? {} : { history: config.history }) })
  const gitHubApp = composeDeployments({ ...foundation, runs, decide })
  const receivers = receiversOf({ receivers: config.receivers ?? [], secretFile: paths.receiver, rows, useCases, now, report })
  const chores: readonly Chore[] = [
    { every: every.second, run: alarms.round },
    { every: every.second, run: useCases.endDrill },
    { every: every.second, run: growth.look },
    { every: every.minute, run: events.notices.round },
    { every: every.minute, run: runs.prune },
    ...gitHubApp === undefined ? [] : [{ every: every.second, run: gitHubApp.deployments.round }],
    { every: every.minute, run: useCases.uncovered },
  ]
  const house = keepHouse({ log, useCases, governance, pins, rows, witnesses, chores, settled: alarms.settled, now, report })
  const streams = { open: 0 }
  const metrics = metricsOf({ log, governed: governance.latest, sinks: events.outbox.statuses, witnesses: house.witnesses, checked: house.checked, streams: () => streams.open, now }, measures)
  return {
    services: {
      useCases: noticing(useCases, events), people, governance, decide, ask, opa, runs, receivers, gitHubApp, metrics, now,
      log: { log, key },
      events: { feed: events.feed, growth, notices: events.told, streamsEnd, streams },
      outbox: events.outbox,
      health: () => ({ ...house.health(), webhookKey: webhookKeyText(webhook.publicKey) }),
      readiness: async () => ({ problems: [...stopping() ? [serverProblem('SERVER_STOPPING', 'the server is stopping')] : [], ...house.problems()], ...checkedAt(house) }),
    },
    edge: { people, receivers, pointSeen: (name) => { void events.notices.seen(name) }, damage: house.damage },
    stop: async () => { await Promise.all([house.stop(), events.outbox.stop()]) },
  }
}

/** Whoever asks for what has ended is told of. */
function noticing(useCases: UseCases, { notices }: Events): UseCases {
  return {
    ...useCases,
    claimUses: async (uses) => {
      const answer = await useCases.claimUses(uses)
      void notices.claimed(uses, answer)
      return answer
    },
  }
}

function checkedAt(house: Housekeeping): { readonly checkedAt?: string } {
  const checked = house.checked()
  return checked === undefined ? {} : { checkedAt: canonicalInstant(checked.at as Instant) }
}
