import type { Command } from 'commander'
import { setTimeout as pause } from 'node:timers/promises'
import { type ApiClient, isAway } from '@exeat/client'
import type { StreamedEvent } from '@exeat/core/wire'
import { readingClient, serverAddress, type ServerFlags, serverOptions } from '../acts/server.ts'
import type { Io } from '../edge/io.ts'
import { cliError } from '../edge/problem.ts'
import { wholeIn } from '../text/number.ts'
import { oneLine, shown } from '../text/safe.ts'
import { stylesFor } from '../text/style.ts'
import { nameIn, saying, shortType, styleOf } from '../watch/words.ts'

const help = `
Tells what happens as it happens, and goes on where it was when the connection was
lost: the log is the queue, so nothing is missed. With --format json: a CloudEvent a
line, for other programs.

Examples:
  exeat watch
  exeat watch --types optout.*,emergency.*
  exeat watch --after 0 --count 100 --format json > events.ndjson
  exeat watch --server https://exeat.example --types emergency.*

Types: optout.{proposed,renewed,approved,rejected,withdrawn,activated,revoked,exhausted,
stale}, emergency.{activated,acknowledged,reviewed}, use.claimed, policy.changed,
workspace.changed, enrolment.{added,vouched,removed}, bundle.published, body.erased,
audit.{degraded,restored}, shadow.{detected,covered,resolved}, drill.{started,acknowledged,ended}; NOUN.* is all of one.

Exit codes:
  0 as many events as --count says   1 the server cannot be reached at the start
  3 refused   64 wrong usage; otherwise it goes on until it is interrupted`

interface WatchFlags extends ServerFlags {
  readonly types?: string
  readonly after?: string
  readonly count?: string
}

export function define(command: Command, io: Io, finish: (exit: number) => void): void {
  serverOptions(command)
    .option('--types <types>', 'only these, separated by commas: optout.*,emergency.activated')
    .option('--after <entry>', 'begin behind this entry of the log; 0: nearly the whole log. Default: what happens from now on')
    .option('--count <number>', 'end after so many events')
    .addHelpText('after', help)
    .action(async (flags: WatchFlags) => {
      await watch(flags, io)
      finish(0)
    })
}

/** Milliseconds until it is tried again, twice as long each time. */
const wait = { first: 1_000, longest: 30_000 } as const

async function watch(flags: WatchFlags, io: Io): Promise<void> {
  const client = readingClient(flags, io)
  const count = flags.count === undefined ? Number.POSITIVE_INFINITY : whole('--count', flags.count, 1)
  const types = flags.types === undefined ? [] : flags.types.split(',')
  const print = printer(flags, io, client)
  let after = flags.after === undefined ? undefined : whole('--after', flags.after, 0)
  let left = count
  let connected = false
  for (let failures = 0; ; failures += 1) {
    try {
      for await (const { index, event } of client.events({ types, ...(after === undefined ? {} : { after }) })) {
        if (!connected && io.stderr.isTTY) io.stderr.write(`watching ${shown(serverAddress(flags, io).name)}; Ctrl-C ends it\n`)
        connected = true
        failures = -1
        if (event !== undefined) {
          await print(event)
          left -= 1
        }
        after = index ?? after
        if (left === 0) return
      }
    } catch (error) {
      // Whoever never was connected named the wrong server, or may not listen: to go on would hide it.
      if (!connected || !isAway(error)) throw error
      const again = Math.min(wait.longest, wait.first * 2 ** Math.max(0, failures))
      if (failures <= 0) io.stderr.write(`${oneLine(error instanceof Error ? error.message : String(error))}; it is tried again\n`)
      await pause(again)
    }
  }
}

function whole(flag: string, text: string, least: number): number {
  const value = wholeIn(text)
  if (value !== undefined && value >= least) return value
  throw cliError('USAGE', `\`${flag} ${text}\` is no whole number from ${least} on`)
}

const columns = { time: 8, type: 22, name: 28 } as const

function printer({ format }: WatchFlags, io: Io, client: Pick<ApiClient, 'optOut'>): (event: StreamedEvent) => Promise<void> {
  if (format === 'json') return async (event) => { io.stdout.write(`${JSON.stringify(event)}\n`) }
  const styles = stylesFor(io.stdout, io.env)
  const nameOf = namer(client)
  return async (event) => {
    const { type, time } = event
    const name = await nameOf(event)
    const clock = /T(\d\d:\d\d:\d\d)/.exec(time)?.[1] ?? ''
    const short = shortType(type).padEnd(columns.type)
    io.stdout.write(`${styles.dim(clock.padEnd(columns.time))}  ${styleOf(type, styles)(short)}  ${(name === undefined ? '-' : shown(name)).padEnd(columns.name)}  ${saying(event)}\n`)
  }
}

/** Names of what events are about; the server is asked once for each that the event does not name. */
function namer(client: Pick<ApiClient, 'optOut'>): (event: StreamedEvent) => Promise<string | undefined> {
  const known = new Map<string, string>()
  return async (event) => {
    const { subject } = event
    if (subject === undefined) return undefined
    const name = nameIn(event) ?? known.get(subject) ?? await client.optOut(subject).then((view) => view.name, () => subject.slice(0, 12))
    if (known.size > 10_000) known.clear()
    known.set(subject, name)
    return name
  }
}
