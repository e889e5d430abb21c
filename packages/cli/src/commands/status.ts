import type { Command } from 'commander'
import type { Status } from '@exeat/core/wire'
import { optOutMembers } from '../acts/answer.ts'
import { isWaiting, nextStep, optOutPage, pageOf, row, time } from '../acts/page.ts'
import { readingClient, serverAddress, type ServerFlags, serverOptions } from '../acts/server.ts'
import type { Io } from '../edge/io.ts'
import { oneLine, shown } from '../text/safe.ts'
import { fromNow } from '../text/span.ts'
import { stylesFor } from '../text/style.ts'
import { plural } from '../text/wrap.ts'

const help = `
Without a name: the server, its log, and the commit whose documents govern. With
one: that opt-out as the server sees it, what it lacks, and the next command.

Examples:
  exeat status
  exeat status log4j-hotfix
  exeat status log4j-hotfix --server https://exeat.example --format json

Exit codes:
  0 as told   1 the server could not be reached, or its log takes no entries
  3 no such opt-out   4 the opt-out waits for people or for the merge   64 wrong usage`

export function define(command: Command, io: Io, finish: (exit: number) => void): void {
  serverOptions(command.argument('[name]', 'name or uid of an opt-out')).addHelpText('after', help)
    .action(async (id: string | undefined, flags: ServerFlags) => { finish(id === undefined ? await ofServer(flags, io) : await ofOptOut(id, flags, io)) })
}

async function ofOptOut(id: string, flags: ServerFlags, io: Io): Promise<number> {
  const view = await readingClient(flags, io).optOut(id)
  if (flags.format === 'json') io.stdout.write(`${JSON.stringify({ schemaVersion: 1, kind: 'OptOutStatus', ...optOutMembers(view, serverAddress(flags, io).name) })}\n`)
  else {
    const next = nextStep(view, serverAddress(flags, io).name)
    io.stdout.write(`${optOutPage(view, pageOf(io, stylesFor(io.stdout, io.env)))}\n`)
    if (next !== undefined) io.stdout.write(next.startsWith('exeat ') ? `  $ ${next}\n` : `${row('next', next, io.stdout.columns)}\n`)
  }
  return isWaiting(view) ? 4 : 0
}

async function ofServer(flags: ServerFlags, io: Io): Promise<number> {
  const status = await readingClient(flags, io).status()
  if (flags.format === 'json') io.stdout.write(`${JSON.stringify({ schemaVersion: 1, kind: 'ServerStatus', ...status })}\n`)
  else writeServer(status, serverAddress(flags, io).name, io)
  return status.state === 'open' ? 0 : 1
}

function writeServer({ workspace, origin, size, root, at, state, message, ref, commit, founders, singleFounder, checked, webhookKey, witnesses = [] }: Status, name: string, io: Io): void {
  const styles = stylesFor(io.stdout, io.env)
  const line = (label: string, text: string): void => { io.stdout.write(`${row(label, text, io.stdout.columns)}\n`) }
  io.stdout.write(`${styles.bold(shown(workspace))}  ${state === 'open' ? styles.good('open') : styles.bad(state)}${message === undefined ? '' : `: ${oneLine(message)}`}\n`)
  line('server', shown(name))
  line('log', `${oneLine(origin)}, ${plural(size, 'entry', 'entries')}, last ${fromNow(time(at), io.now)}`)
  line('root', shown(root))
  line('governed by', commit === undefined ? 'nothing that could be read yet' : `${shown(ref ?? 'the protected branch')} at ${shown(commit.slice(0, 12))}`)
  line('founders', `${founders.map(oneLine).join(', ')}${singleFounder ? ' (single-founder)' : ''}`)
  if (checked !== undefined) line('checked', `${checked.ok ? 'whole' : styles.bad(`differs: ${oneLine(checked.message ?? '')}`)}, ${plural(checked.size, 'entry', 'entries')}, ${fromNow(time(checked.at), io.now)}`)
  if (webhookKey !== undefined) line('alarms', `signed by ${shown(webhookKey)}`)
  for (const witness of witnesses) line('witness', `${oneLine(witness.name)}, ${witness.lag === 0 ? 'up to date' : `${witness.lag} behind`}${witness.message === undefined ? '' : `: ${oneLine(witness.message)}`}`)
}
