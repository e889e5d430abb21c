/** Handing over to a browser (RFC 8628): the code is shown here and typed there, and every question after it is signed with a key that was made for it. */
import { hostname, userInfo } from 'node:os'
import { setTimeout as pause } from 'node:timers/promises'
import type { ApiClient } from '@exeat/client'
import { type PrivateJwk, publicPart } from '@exeat/client/session'
import type { People } from '@exeat/core/wire'
import type { Io } from '../edge/io.ts'
import { cliError } from '../edge/problem.ts'
import { oneLine, shown } from '../text/safe.ts'
import { stylesFor } from '../text/style.ts'

type Act = NonNullable<People['deviceWantedSchema']['act']>
type Outcome = Exclude<People['deviceTokenSchema'], { readonly state: 'pending' | 'denied' }>

export interface HandOver {
  readonly client: ApiClient
  /** Of the session; a new one where there is none yet. */
  readonly key: PrivateJwk
  /** As the page shows it. */
  readonly command: string
  readonly act?: Act
}

/** @throws {ApiError}; {ExeatError} HAND_OVER_REFUSED, HAND_OVER_OVER */
export async function handOver({ client, key, command, act }: HandOver, io: Io): Promise<Outcome> {
  const begun = await client.beginDevice({ key: publicPart(key), client: { host: told(hostname()), user: told(userInfo().username), command: told(command) }, ...(act === undefined ? {} : { act }) })
  const { bold } = stylesFor(io.stderr, io.env)
  io.stderr.write(`  open  ${bold(shown(begun.verificationUri))}\n  type  ${bold(shown(begun.userCode))}\n\nwaiting for you there, until the code ends …\n`)
  const end = performance.now() + Math.max(0, Date.parse(begun.expiresAt) - Date.now())
  for (let interval = begun.interval; performance.now() < end;) {
    // oxlint-disable-next-line no-await-in-loop -- one question after the other
    await pause(interval * 1000)
    // oxlint-disable-next-line no-await-in-loop
    const answer = await client.pollDevice(begun.deviceCode)
    if (answer.state === 'denied') throw cliError('HAND_OVER_REFUSED', 'it was refused in the browser')
    if (answer.state !== 'pending') return answer
    interval = answer.interval
  }
  throw cliError('HAND_OVER_OVER', 'nobody answered in the browser while the code held', 'try again')
}

/** What a machine says of itself, as the API takes it. */
const told = (text: string): string => oneLine(text).slice(0, 200) || 'unknown'
