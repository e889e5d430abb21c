import Table from 'cli-table3'
import { openRemoteLog, type OpenedLog } from '@exeat/client/log'
import { ExeatError } from '@exeat/core/error'
import { leafHash, TILE_WIDTH } from '@exeat/log'
import type { Io } from '../edge/io.ts'
import { clipped } from '../text/safe.ts'
import { stylesFor } from '../text/style.ts'
import { sha256 } from './crypto.ts'
import { type Leaf, readLeaf, textOf } from './leaf.ts'
import { openSource } from './source.ts'
import { type SourceFlags, verifierOf, wholeNumber } from './trust.ts'

export interface ShowFlags extends SourceFlags {
  readonly from?: string
  readonly limit: string
  readonly format: 'table' | 'json'
}

interface Entry {
  readonly index: number
  readonly hash: string
  readonly leaf: Leaf
}

/** Prints entries, each proven to stand in the log. @throws {ExeatError} with what is wrong with the log, and for the options */
export async function show(flags: ShowFlags, io: Io): Promise<void> {
  const limit = wholeNumber(flags.limit, '--limit')
  const stated = flags.from === undefined ? undefined : wholeNumber(flags.from, '--from')
  const opened = await openRemoteLog(openSource(flags.log, io), verifierOf(flags))
  if (!opened.ok) throw new ExeatError([opened.problem])
  const { size } = opened.value.head.checkpoint
  const from = stated ?? Math.max(0, size - limit)
  const entries = await read(opened.value, from, Math.min(size, from + limit))
  if (flags.format === 'json') writeJson(entries, opened.value, flags, io)
  else writeTable(entries, opened.value, from, io)
}

async function read({ tree }: OpenedLog, from: number, to: number): Promise<readonly Entry[]> {
  const entries: Entry[] = []
  for (let at = from; at < to; at = (Math.floor(at / TILE_WIDTH) + 1) * TILE_WIDTH) {
    const bundle = await tree.entries(Math.floor(at / TILE_WIDTH))
    if (!bundle.ok) throw new ExeatError([bundle.problem])
    const first = at - (at % TILE_WIDTH)
    for (const [i, bytes] of bundle.value.entries()) {
      const index = first + i
      if (index >= at && index < to) entries.push({ index, hash: Buffer.from(leafHash(sha256, bytes)).toString('hex'), leaf: readLeaf(bytes) })
    }
  }
  return entries
}

function writeTable(entries: readonly Entry[], { head }: OpenedLog, from: number, io: Io): void {
  const { origin, size } = head.checkpoint
  const styles = stylesFor(io.stdout, io.env)
  const table = new Table({
    head: ['index', 'time', 'type', 'opt-out', 'actor', 'body'],
    style: { head: [], border: [], compact: true, 'padding-left': 0, 'padding-right': 2 },
    colAligns: ['right'],
    chars: Object.fromEntries(['top', 'top-mid', 'top-left', 'top-right', 'bottom', 'bottom-mid', 'bottom-left', 'bottom-right', 'left', 'left-mid', 'mid', 'mid-mid', 'right', 'right-mid', 'middle'].map((key) => [key, ''])),
  })
  for (const { index, leaf, hash } of entries) {
    const cell = (name: string, length: number): string => clipped(textOf(leaf, name), length) || '-'
    if (leaf.kind === 'json') table.push([`${index}`, cell('time', 24), clipped(textOf(leaf, 'type').replace(/^dev\.exeat\./, ''), 40) || '-', cell('uid', 12), cell('actor', 12), cell('body', 12)])
    else table.push([`${index}`, '-', 'not JSON', '-', '-', hash.slice(0, 12)])
  }
  if (entries.length > 0) io.stdout.write(`${table.toString().split('\n').map((row) => row.trimEnd()).join('\n')}\n\n`)
  const range = entries.length === 0 ? `no entry from ${from} on` : `entries ${from} to ${from + entries.length - 1}`
  io.stdout.write(`${range} of ${size} in ${clipped(origin, 120)}\n`)
  io.stdout.write(styles.dim('what is shown is proven to stand in the log; bodies are apart, and `exeat log verify` checks the rest\n'))
}

function writeJson(entries: readonly Entry[], { head }: OpenedLog, flags: ShowFlags, io: Io): void {
  const { origin, size, root } = head.checkpoint
  io.stdout.write(`${JSON.stringify({
    schemaVersion: 1, kind: 'LogEntries', log: flags.log, origin, size, root: Buffer.from(root).toString('hex'),
    entries: entries.map(({ index, hash, leaf }) => ({ index, leafHash: hash, ...(leaf.kind === 'json' ? { leaf: leaf.value } : { bytes: leaf.base64 }) })),
  })}\n`)
}
