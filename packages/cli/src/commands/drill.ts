import type { Command } from 'commander'
import { setTimeout as pause } from 'node:timers/promises'
import { type ApiClient, isAway } from '@exeat/client'
import { parseDuration } from '@exeat/core'
import type { Wire } from '@exeat/core/wire'
import { alarmRows } from '../acts/alarm-rows.ts'
import { row } from '../acts/page.ts'
import { type ActFlags, acting, actOptions, evidenceNote, readingClient, type ServerFlags, serverOptions } from '../acts/server.ts'
import { person, time, told } from '../acts/words.ts'
import type { Io } from '../edge/io.ts'
import { cliError } from '../edge/problem.ts'
import { wholeIn } from '../text/number.ts'
import { fromNow } from '../text/span.ts'
import { stylesFor } from '../text/style.ts'

const help = `
Tells everybody whom the workspace's \`alerts\` name, marked as a drill, on the way that
the alarm of an emergency takes. Nothing is excused, and it counts as no emergency.
Somebody else than whoever started it says that they heard it.

Examples:
  exeat drill start --wait --actor keeper          fails unless somebody acknowledges it
  exeat drill start --within 5m --server https://exeat.example
  exeat drill ack --server https://exeat.example   you heard it
  exeat drill status

Exit codes:
  0 done; with --wait: somebody acknowledged it in time
  1 nobody did, no sink could be reached, or the server could not
  3 refused   64 wrong usage`

type Drill = Wire['drillSchema']

interface StartFlags extends ActFlags {
  readonly within: string
  readonly wait?: boolean
}

export function define(command: Command, io: Io, finish: (exit: number) => void): void {
  command.usage('COMMAND [OPTIONS]').helpCommand('help [COMMAND]', 'print help of a command').addHelpText('after', help)
  actOptions(command.command('start').summary('tell everybody').description('Tell everybody whom the workspace names, marked as a drill.'))
    .option('--within <time>', 'how long somebody has to acknowledge it, at most a day', '15m')
    .option('--wait', 'wait for it, and fail where nobody does')
    .action(async (flags: StartFlags) => {
      await start(flags, io)
      finish(0)
    })
  actOptions(command.command('ack').summary('say that you heard it').description('Say that you heard the alarm of a drill: whoever did not start it.').argument('[entry]', 'the entry that started it; default: the last one'))
    .action(async (entry: string | undefined, flags: ActFlags) => {
      const index = entryOf(entry)
      const { client, key } = acting(flags, io)
      print(await client.acknowledgeDrill(index === 'latest' ? (await client.drill(index)).index : index, key), 'acknowledge', flags, io)
      finish(0)
    })
  serverOptions(command.command('status').summary('whom it reached, and who heard it').description('Whom a drill reached, and who heard it.').argument('[entry]', 'the entry that started it; default: the last one'))
    .action(async (entry: string | undefined, flags: ServerFlags) => {
      print({ drill: await readingClient(flags, io).drill(entryOf(entry)) }, undefined, flags, io)
      finish(0)
    })
}

function entryOf(text: string | undefined): number | 'latest' {
  if (text === undefined) return 'latest'
  const value = wholeIn(text)
  if (value !== undefined) return value
  throw cliError('USAGE', `\`${text}\` is no entry of the log`, 'say its number: exeat drill status')
}

async function start({ within, wait = false, ...flags }: StartFlags, io: Io): Promise<void> {
  const seconds = secondsOf(within)
  const { client, key } = acting(flags, io)
  const started = await client.startDrill({ within: seconds }, key)
  if (!wait) {
    print(started, 'start', flags, io)
    return
  }
  if (flags.format === 'text') io.stderr.write(`drill of entry ${started.drill.index}: waiting for somebody else to acknowledge it, ${within} at most …\n`)
  const drill = await untilOver(client, started.drill, seconds * 1000)
  print({ ...started, drill }, 'start', flags, io)
  if (drill.state === 'acknowledged') return
  const reached = drill.state !== 'undelivered' && drill.deliveries.some(({ state }) => state === 'delivered')
  throw reached
    ? cliError('DRILL_UNHEARD', `nobody acknowledged the drill of entry ${drill.index} within ${within}`, 'see whom it reached, and ask them: exeat drill status')
    : cliError('DRILL_UNDELIVERED', `the drill of entry ${drill.index} reached no sink within ${within}`, 'mend what its sinks say, and start another: exeat drill status')
}

/** @throws {ExeatError} USAGE */
function secondsOf(text: string): number {
  const seconds = /^[1-9]\d{0,4}s$/.test(text) ? Number(text.slice(0, -1)) : (parseDuration(text) ?? Number.NaN) / 1000
  if (seconds <= 86_400) return seconds
  throw cliError('USAGE', `\`--within ${text}\` is no length of time from 1s to 1d`, 'write `30s`, `15m` or `4h`')
}

/** The server enters the end; a little later than it the answer stands, whether or not it was entered. */
const grace = 15_000

async function untilOver(client: ApiClient, started: Drill, within: number): Promise<Drill> {
  const end = performance.now() + within + grace
  let drill = started
  for (let between = 250; drill.state === 'running' && performance.now() < end; between = Math.min(between * 2, 5_000)) {
    // oxlint-disable-next-line no-await-in-loop -- one question after the other
    await pause(Math.max(0, Math.min(between, end - performance.now())))
    try {
      // oxlint-disable-next-line no-await-in-loop
      drill = await client.drill(started.index)
    } catch (error) {
      if (!isAway(error)) throw error
    }
  }
  return drill
}

type Printed = { readonly drill: Drill } & Partial<Omit<Wire['drillAnswerSchema'], 'drill'>>

function print({ drill, ...act }: Printed, name: 'start' | 'acknowledge' | undefined, { format }: ServerFlags, io: Io): void {
  if (format === 'json') {
    io.stdout.write(`${JSON.stringify({ schemaVersion: 1, kind: 'DrillResult', ...(name === undefined ? {} : { act: name }), ...act, drill })}\n`)
    return
  }
  const { good, bad, warn, dim } = stylesFor(io.stdout, io.env)
  const { index, by, at, until, state, evidence } = drill
  const painted = state === 'acknowledged' ? good(state) : state === 'running' ? warn(state) : bad(state)
  const line = (label: string, text: string): string => row(label, text, io.stdout.columns)
  io.stdout.write([
    `DRILL  entry ${index} of the log, ${painted}`, '',
    line('started by', `${person(by)}, ${told(at)}, ${evidence === 'operator-asserted' ? evidenceNote : evidence}`),
    line('until', `${told(until)}${state === 'running' ? ` (${fromNow(time(until), io.now)})` : ''}`),
    ...alarmRows(drill, io.now).map(([label, text]) => line(label, text)),
    ...(state === 'running' ? [dim(line('acknowledge', `exeat drill ack ${index}`))] : []),
  ].join('\n') + '\n')
}
