import Table from 'cli-table3'
import type { Command } from 'commander'
import type { ApiClient } from '@exeat/client'
import type { ShadowView } from '@exeat/core/wire'
import { readingClient, type ServerFlags, serverOptions } from '../acts/server.ts'
import { time } from '../acts/words.ts'
import type { Io } from '../edge/io.ts'
import { clipped, oneLine } from '../text/safe.ts'
import { fromNow } from '../text/span.ts'
import { type Styles, stylesFor } from '../text/style.ts'

const help = `
What other systems reported to the server (\`receivers\` in its server.json) that makes a
control weaker: dismissed alerts, bypasses, loosened rules. Open is what no opt-out in force
declared; covered is what one did; resolved is what its source says is gone.

Examples:
  exeat shadow
  exeat shadow --state all
  exeat shadow --format json

Exit codes:
  0 listed   1 the server could not be reached   3 refused   64 wrong usage`

const states = ['open', 'covered', 'resolved', 'all'] as const

interface ShadowFlags extends ServerFlags {
  readonly state: (typeof states)[number]
}

export function define(command: Command, io: Io, finish: (exit: number) => void): void {
  serverOptions(command).addOption(command.createOption('--state <state>', 'which of them').choices(states).default('open')).addHelpText('after', help)
    .action(async (flags: ShadowFlags) => {
      const items = await all(readingClient(flags, io), flags.state)
      if (flags.format === 'json') io.stdout.write(`${JSON.stringify({ schemaVersion: 1, kind: 'ShadowOptOuts', items })}\n`)
      else print(items, flags.state, io)
      finish(0)
    })
}

async function all(client: ApiClient, state: ShadowFlags['state']): Promise<readonly ShadowView[]> {
  const items: ShadowView[] = []
  for (let after: string | undefined; ;) {
    // oxlint-disable-next-line no-await-in-loop -- each page begins where the one before ended
    const page = await client.shadows({ limit: 200, ...(state === 'all' ? {} : { state }), ...(after === undefined ? {} : { after }) })
    items.push(...page.items)
    if (page.next === undefined || page.next === after) return items
    after = page.next
  }
}

const plain = { top: '', 'top-mid': '', 'top-left': '', 'top-right': '', bottom: '', 'bottom-mid': '', 'bottom-left': '', 'bottom-right': '', left: '', 'left-mid': '', mid: '', 'mid-mid': '', right: '', 'right-mid': '', middle: ' ' }

function print(items: readonly ShadowView[], state: ShadowFlags['state'], io: Io): void {
  if (items.length === 0) {
    io.stdout.write(state === 'open' || state === 'all' ? 'No other system reported what nothing declares.\n' : `None is ${state}.\n`)
    return
  }
  const styles = stylesFor(io.stdout, io.env)
  const table = new Table({ head: ['entry', 'state', 'what', 'control', 'where', 'by', 'when'], style: { head: [], border: [], compact: true }, colAligns: ['right'], chars: plain })
  for (const item of items) table.push([item.index, stateText(item, styles), cell(item.what), cell(item.control ?? ''), cell(placeOf(item)), cell(item.actor ?? ''), fromNow(time(item.at), io.now)])
  io.stdout.write(`${table.toString().split('\n').map((line) => line.trimEnd()).join('\n')}\n`)
}

const cell = (text: string): string => clipped(oneLine(text), 60)

const placeOf = ({ repository, environment, resource, path }: ShadowView): string => [repository?.name ?? repository?.id, environment, resource, path].filter((part) => part !== undefined).join(' ')

function stateText({ state, optOut }: ShadowView, styles: Styles): string {
  if (state === 'open') return styles.bad(state)
  return state === 'covered' && optOut !== undefined ? styles.good(`covered by ${clipped(oneLine(optOut.name), 40)}`) : styles.dim(state)
}
