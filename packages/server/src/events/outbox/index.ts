/** Every sink beside every other: one that is slow keeps neither an act nor another sink waiting. */
import type { Problem } from '@exeat/core'
import { serverProblem } from '../../config/codes.ts'
import type { SinkStatus, Telling } from '../../ports/sinks.ts'
import type { Growth } from '../growth.ts'
import type { Range } from './state.ts'
import type { Worker } from './worker.ts'

export interface Outbox {
  /** To all sinks. */
  readonly tell: (telling: Telling) => Promise<void>
  readonly statuses: () => Promise<readonly SinkStatus[]>
  /** Undefined: there is no such sink. */
  readonly sink: (name: string) => Pick<Worker, 'replay' | 'resume' | 'status'> | undefined
  /** Waits for what runs. */
  readonly stop: () => Promise<void>
}

export interface OutboxOptions {
  readonly workers: readonly Worker[]
  readonly growth: Growth
  readonly report: (problem: Problem) => void
}

/** Milliseconds until it is looked again, though the log did not grow. */
const look = 1_000

export function outbox({ workers, growth, report }: OutboxOptions): Outbox {
  const over = new AbortController()

  async function run(worker: Worker): Promise<void> {
    let told: string | undefined
    while (!over.signal.aborted) {
      const size = growth.size()
      try {
        // oxlint-disable-next-line no-await-in-loop -- a sink is one line of messages
        if (await worker.round()) continue
        told = undefined
      } catch (error) {
        const message = error instanceof Error ? error.message : String(error)
        if (told !== message) report(serverProblem('SINK_FAILING', `what the sink \`${worker.name}\` is to be told could not be read or kept: ${message}`, 'it is tried again'))
        told = message
      }
      // oxlint-disable-next-line no-await-in-loop -- until there is something to do
      await growth.beyond(size === 0 ? Number.MAX_SAFE_INTEGER : size, AbortSignal.any([over.signal, AbortSignal.timeout(look)]))
    }
  }
  const running = workers.map((worker) => run(worker))

  return {
    tell: async (telling) => { await Promise.all(workers.map((worker) => worker.tell(telling))) },
    statuses: () => Promise.all(workers.map((worker) => worker.status())),
    sink: (name) => workers.find((worker) => worker.name === name),
    stop: async () => {
      over.abort()
      await Promise.all(running)
    },
  }
}

export type { Range }
