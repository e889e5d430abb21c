/** `exeat list --server`: every opt-out that the server knows, whatever stands in the documents here. */
import Table from 'cli-table3'
import type { OptOutView } from '@exeat/core/wire'
import type { ApiClient } from '@exeat/client'
import type { Io } from '../edge/io.ts'
import { clipped, oneLine, shown } from '../text/safe.ts'
import { fromNow } from '../text/span.ts'
import { stylesFor } from '../text/style.ts'
import { plural } from '../text/wrap.ts'
import { phaseText, time } from './page.ts'
import { readingClient, serverAddress } from './server.ts'

const page = 200
/** More than that nobody reads; `GET /v1/opt-outs` pages through all of them. */
const most = 10_000

/** @throws {ApiError}; {ExeatError} USAGE */
export async function listServer(flags: { readonly server: string | true; readonly format: 'table' | 'json' }, io: Io): Promise<void> {
  const address = flags.server === true ? {} : { server: flags.server }
  const { optOuts, more } = await all(readingClient(address, io))
  if (flags.format === 'json') {
    io.stdout.write(`${JSON.stringify({ schemaVersion: 1, kind: 'ServerOptOuts', server: serverAddress(address, io).name, complete: !more, optOuts })}\n`)
    return
  }
  writeTable(optOuts, io)
  io.stdout.write(`\n${plural(optOuts.length, 'opt-out')}${more ? ' and more' : ''}: ${optOuts.filter(({ inForce }) => inForce).length} in force; says ${shown(serverAddress(address, io).name)}\n`)
}

async function all(client: ApiClient): Promise<{ readonly optOuts: readonly OptOutView[]; readonly more: boolean }> {
  const optOuts: OptOutView[] = []
  for (let after: string | undefined; ;) {
    // oxlint-disable-next-line no-await-in-loop -- a page leads to the next
    const { items, next } = await client.optOuts({ limit: page, ...(after === undefined ? {} : { after }) })
    optOuts.push(...items)
    if (next === undefined || optOuts.length >= most || next === after) return { optOuts, more: next !== undefined }
    after = next
  }
}

function writeTable(optOuts: readonly OptOutView[], io: Io): void {
  if (optOuts.length === 0) {
    io.stdout.write('the server knows no opt-out\n')
    return
  }
  const styles = stylesFor(io.stdout, io.env)
  const table = new Table({
    head: ['opt-out', 'state', 'time', 'controls', 'owner', 'missing'],
    style: { head: [], border: [], compact: true, 'padding-left': 0, 'padding-right': 2 },
    chars: Object.fromEntries(['top', 'top-mid', 'top-left', 'top-right', 'bottom', 'bottom-mid', 'bottom-left', 'bottom-right', 'left', 'left-mid', 'mid', 'mid-mid', 'right', 'right-mid', 'middle'].map((key) => [key, ''])),
  })
  for (const view of optOuts) {
    const { name, controls, owner, missing } = view
    table.push([shown(name), phaseText(view, styles), timeText(view, io), `${clipped(oneLine(controls[0] ?? ''), 40)}${controls.length > 1 ? ` +${controls.length - 1}` : ''}`, clipped(oneLine(owner), 30),
      missing.length === 0 ? '-' : missing.map(oneLine).join('; ')])
  }
  io.stdout.write(`${table.toString().split('\n').map((row) => row.trimEnd()).join('\n')}\n`)
}

function timeText({ ended, window: { from, until } }: OptOutView, { now }: Io): string {
  if (ended !== undefined) return `ended ${fromNow(time(ended), now)}`
  return now < time(from) ? `begins ${fromNow(time(from), now)}` : `${time(until) <= now ? 'ended' : 'ends'} ${fromNow(time(until), now)}`
}
