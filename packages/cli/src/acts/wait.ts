/** Waiting for people: asks the server again until they have decided. */
import { setTimeout as pause } from 'node:timers/promises'
import { type ApiClient, isAway } from '@exeat/client'
import type { OptOutView } from '@exeat/core/wire'
import { parseDuration } from '@exeat/core'
import { cliError } from '../edge/problem.ts'

const longestPause = 10_000

/** Until the opt-out is no longer `proposed`, or the time is over; a server that is away is waited for. @throws {ApiError} */
export async function waitForPeople(client: ApiClient, uid: string, patience: number): Promise<OptOutView> {
  const end = performance.now() + patience
  for (let between = 250; ; between = Math.min(between * 2, longestPause)) {
    try {
      // oxlint-disable-next-line no-await-in-loop -- one question after the other
      const view = await client.optOut(uid)
      if (view.phase !== 'proposed' || performance.now() >= end) return view
    } catch (error) {
      if (!isAway(error) || performance.now() >= end) throw error
    }
    // oxlint-disable-next-line no-await-in-loop
    await pause(Math.max(0, Math.min(between, end - performance.now())))
  }
}

/** `30m` in milliseconds. @throws {ExeatError} USAGE */
export function patienceOf(text: string): number {
  const duration = parseDuration(text)
  if (duration === undefined) throw cliError('USAGE', `\`--timeout ${text}\` is no length of time`, 'write `30m`, `4h` or `2d`')
  return duration
}
