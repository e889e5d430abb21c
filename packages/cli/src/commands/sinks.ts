import Table from 'cli-table3'
import type { Command } from 'commander'
import type { SinkView, SinksView } from '@exeat/core/wire'
import { readingClient, serverAddress, type ServerFlags, serverOptions } from '../acts/server.ts'
import { time } from '../acts/words.ts'
import type { Io } from '../edge/io.ts'
import { cliError } from '../edge/problem.ts'
import { wholeIn } from '../text/number.ts'
import { clipped, oneLine, shown } from '../text/safe.ts'
import { fromNow } from '../text/span.ts'
import { type Styles, stylesFor } from '../text/style.ts'
import { clientAt } from '../trust/address.ts'

const help = `
Whom the server tells of every event (\`sinks\` in its server.json): how far each is, what
it did not take, and why. A sink that is down loses nothing for three days; what is given
up then stays listed until somebody has it sent again.

Examples:
  exeat sinks
  exeat sinks --format json
  exeat sinks replay siem --from 4711 --to 4800   send these entries again
  exeat sinks resume siem                         ask one again, also for what it refused

\`replay\` and \`resume\` go to the administrative socket alone.

Exit codes:
  0 as told   1 a sink fails, is disabled or lost events; or the server could not be reached
  3 there is no such sink, or the range is none   64 wrong usage`

interface ReplayFlags extends ServerFlags {
  readonly from: string
  readonly to?: string
}

export function define(command: Command, io: Io, finish: (exit: number) => void): void {
  serverOptions(command.helpCommand('help [COMMAND]', 'print help of a command')).addHelpText('after', help)
    .action(async (flags: ServerFlags) => {
      const { items } = await readingClient(flags, io).sinks()
      print(items, flags, io)
      finish(items.every(({ state, dead }) => state === 'delivering' && dead === 0) ? 0 : 1)
    })
  serverOptions(command.command('replay').summary('send entries again').description('Send entries of the log to a sink again, in order and under the ids that they had.').argument('<sink>', 'its name'))
    .requiredOption('--from <entry>', 'the first entry')
    .option('--to <entry>', 'the last one; default: the last of the log')
    .action(async (sink: string, _flags: ReplayFlags, own: Command) => {
      const { from, to, ...flags } = own.optsWithGlobals<ReplayFlags>()
      print([await socketClient(flags, io).replaySink(sink, { from: entryOf('--from', from), ...(to === undefined ? {} : { to: entryOf('--to', to) }) })], flags, io)
      finish(0)
    })
  serverOptions(command.command('resume').summary('ask one again at once').description('Ask a sink again at once that was down, or that said it is gone.').argument('<sink>', 'its name'))
    .action(async (sink: string, _flags: ServerFlags, own: Command) => {
      const flags = own.optsWithGlobals<ServerFlags>()
      print([await socketClient(flags, io).resumeSink(sink)], flags, io)
      finish(0)
    })
}

const socketClient = (flags: ServerFlags, io: Io) => clientAt(serverAddress(flags, io), io)

function entryOf(flag: string, text: string): number {
  const value = wholeIn(text)
  if (value !== undefined) return value
  throw cliError('USAGE', `\`${flag} ${text}\` is no entry of the log`)
}

function print(items: SinksView['items'], { format }: ServerFlags, io: Io): void {
  if (format === 'json') {
    io.stdout.write(`${JSON.stringify({ schemaVersion: 1, kind: 'Sinks', items })}\n`)
    return
  }
  if (items.length === 0) {
    io.stdout.write('There are no sinks. Name one under `sinks` of server.json, and start the server again.\n')
    return
  }
  const styles = stylesFor(io.stdout, io.env)
  const table = new Table({ head: ['sink', 'kind', 'state', 'behind', 'waiting', 'dead', 'oldest'], style: { head: [], border: [], compact: true }, colAligns: ['left', 'left', 'left', 'right', 'right', 'right', 'left'], chars: plain })
  for (const item of items) table.push([shown(item.name), item.kind, stateText(item, styles), item.lag, item.waiting, item.dead, item.oldest === undefined ? '' : fromNow(time(item.oldest), io.now)])
  io.stdout.write(`${table.toString()}\n`)
  for (const { name, message } of items) if (message !== undefined) io.stdout.write(`${shown(name)}: ${clipped(oneLine(message), 200)}\n`)
}

const stateText = ({ state }: SinkView, styles: Styles): string => (state === 'delivering' ? styles.good(state) : styles.bad(state))

const plain = { top: '', 'top-mid': '', 'top-left': '', 'top-right': '', bottom: '', 'bottom-mid': '', 'bottom-left': '', 'bottom-right': '', left: '', 'left-mid': '', mid: '', 'mid-mid': '', right: '', 'right-mid': '', middle: ' ' }
