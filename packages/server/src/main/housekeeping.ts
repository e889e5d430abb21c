/** What the server does beside answering: reads the protected ref, reads the whole log, asks witnesses, and the chores of its parts. */
import type { WitnessAddress } from '@exeat/client/log'
import { canonicalInstant, type Instant, type Problem } from '@exeat/core'
import { ExeatError } from '@exeat/core/error'
import type { DelegationPins } from '@exeat/verify'
import { serverProblem } from '../config/codes.ts'
import type { ReadOptions } from '../http/reads.ts'
import { entryOf } from '../http/status.ts'
import type { GovernanceSource } from '../ports/governance.ts'
import type { IdentityRows } from '../ports/identity.ts'
import type { LogStore } from '../ports/log.ts'
import type { UseCases } from '../use/types.ts'
import { type Checked, checkWhole } from './check.ts'
import { wrongPins } from './pins.ts'
import { type Chore, problemOf, repeater } from './repeat.ts'
import { witnessing } from './witness.ts'

/** Milliseconds that what runs has to end. */
const patience = 5_000

/** In milliseconds. */
const every = { ref: 60_000, sweep: 600_000, whole: 24 * 3_600_000, witnesses: 1_000 } as const

export interface HousekeepingOptions {
  readonly log: LogStore
  readonly useCases: UseCases
  readonly governance: GovernanceSource
  readonly pins: DelegationPins
  /** Swept of what is over. */
  readonly rows: Pick<IdentityRows, 'sweep'>
  readonly witnesses: readonly WitnessAddress[]
  /** Of the parts of the server. */
  readonly chores: readonly Chore[]
  /** Waits for what the chores began and did not wait for. */
  readonly settled: () => Promise<void>
  readonly now: () => number
  readonly report: (problem: Problem | Error) => void
}

export interface Housekeeping {
  /** Why the log cannot be believed any more: nothing is granted until somebody has looked. */
  readonly damage: () => Problem | undefined
  /** Why the server is not ready. */
  readonly problems: () => readonly Problem[]
  readonly health: ReadOptions['health']
  readonly witnesses: () => readonly { readonly name: string; readonly lag: number }[]
  /** The last whole reading of the log. */
  readonly checked: () => { readonly at: number; readonly ok: boolean } | undefined
  /** Waits for what runs. */
  readonly stop: () => Promise<void>
}

export function keepHouse({ log, useCases, governance, pins, rows, witnesses: addresses, chores, settled, now, report }: HousekeepingOptions): Housekeeping {
  const { repeat, isStopped, stop } = repeater(report)
  let checked: Checked | undefined
  let unread: Problem | undefined = serverProblem('SERVER_STARTING', 'the protected ref was not read yet')
  const witnesses = witnessing(log, addresses, now)

  /** As of the workspace that was read last. */
  function mispinned(): Problem | undefined {
    const governed = governance.latest()
    return governed === undefined ? undefined : wrongPins(governed, pins)
  }

  repeat(every.ref, async () => {
    try {
      await useCases.synchronise()
      unread = undefined
    } catch (error) {
      unread = problemOf(error)
      throw error
    }
    const wrong = mispinned()
    if (wrong !== undefined) throw new ExeatError([wrong])
  })
  repeat(every.whole, async () => {
    checked = await checkWhole(log, now, isStopped) ?? checked
    if (checked?.problem !== undefined) report(checked.problem)
  })
  repeat(every.sweep, async () => { await rows.sweep(now()) })
  repeat(every.witnesses, witnesses.round)
  for (const { every: after, run } of chores) repeat(after, run)

  const witnessDamage = (): Problem | undefined => witnesses.states().map(({ problem }) => problem).find((problem) => problem !== undefined && entryOf(problem.code).exit === 2)
  const damage = (): Problem | undefined => checked?.problem ?? witnessDamage()

  return {
    damage,
    problems: () => {
      const status = log.status()
      return [status.state === 'open' ? undefined : status.problem, damage(), unread ?? governance.trouble(), mispinned()].filter((problem) => problem !== undefined)
    },
    witnesses: () => witnesses.states().map(({ name, behind }) => ({ name, lag: behind })),
    checked: () => (checked === undefined ? undefined : { at: checked.at, ok: checked.problem === undefined }),
    health: () => ({
      ...(checked === undefined ? {} : { checked: { at: canonicalInstant(checked.at as Instant), size: checked.size, ok: checked.problem === undefined, ...messageOf(checked.problem) } }),
      ...(addresses.length === 0 ? {} : { witnesses: witnesses.states().map(({ name, size, behind, problem }) => ({ name, size, lag: behind, ...messageOf(problem) })) }),
    }),
    stop: async () => {
      // A remote that is slow to answer keeps nobody from stopping.
      await Promise.race([stop().then(settled), new Promise((resolve) => { setTimeout(resolve, patience).unref() })])
    },
  }
}

const messageOf = (problem: Problem | undefined): { readonly message?: string } => (problem === undefined ? {} : { message: problem.message })
