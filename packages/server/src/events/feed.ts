/** The log as it is told of: entry after entry from any index on. The log is the queue, so nothing is kept for whoever reads slowly. */
import type { LogEvent } from '@exeat/core/entry'
import type { LogReader, LogStore } from '../ports/log.ts'
import { entryAt } from '../use/entry-at.ts'
import { readOptOut } from '../use/load.ts'
import type { ToldEvent } from '../ports/sinks.ts'
import { tell, type Heading } from './told.ts'

export interface FeedItem extends Heading {
  /** Undefined where the body was erased. */
  readonly event: LogEvent | undefined
  readonly told: ToldEvent
  /** `told` as JSON, in one line. */
  readonly json: string
}

export interface Feed {
  /** Those from `from` on in order, `most` at most and as many as there are; empty at the end of the log. */
  readonly read: (from: number, most: number) => Promise<readonly FeedItem[]>
}

/** Of what was read a moment ago: a thousand listeners at the end of the log read it once. Briefly, so that what is erased is soon gone here too. */
const recent = { items: 512, milliseconds: 5_000 } as const

export interface FeedOptions {
  readonly log: Pick<LogStore, 'snapshot'>
  readonly origin: string
  /** Milliseconds of a clock that never goes back. */
  readonly monotonic: () => number
}

export function feedOf({ log, origin, monotonic }: FeedOptions): Feed {
  const names = new Map<string, string>()
  const held = new Map<number, { readonly item: FeedItem; readonly until: number }>()

  const reading = new Map<number, Promise<readonly FeedItem[]>>()

  /** The unbroken run from `from` on that is still held. */
  function remembered(from: number, most: number): readonly FeedItem[] {
    const at = monotonic()
    const items: FeedItem[] = []
    for (let found = held.get(from); found !== undefined && at < found.until && items.length < most; found = held.get(from + items.length)) items.push(found.item)
    return items
  }

  function remember(items: readonly FeedItem[]): void {
    const until = monotonic() + recent.milliseconds
    for (const item of items.slice(-recent.items)) {
      held.delete(item.index)
      held.set(item.index, { item, until })
    }
    for (const index of held.keys()) {
      if (held.size <= recent.items) return
      held.delete(index)
    }
  }

  return {
    read: async (from, most) => {
      const known = remembered(from, most)
      if (known.length > 0) return known
      // Whoever waited for the same entry wakes at the same moment: one of them reads.
      const shared = reading.get(from) ?? log.snapshot((reader) => readFrom(reader, from, most, { origin, names })).finally(() => { reading.delete(from) })
      reading.set(from, shared)
      const items = await shared
      remember(items)
      return items.slice(0, most)
    },
  }
}

interface Reading {
  readonly origin: string
  /** By uid. A name never changes. */
  readonly names: Map<string, string>
}

/** Names that are remembered. */
const mostNames = 10_000

async function readFrom(reader: LogReader, from: number, most: number, reading: Reading): Promise<readonly FeedItem[]> {
  const { size } = await reader.head()
  const items: FeedItem[] = []
  // oxlint-disable-next-line no-await-in-loop -- one connection: reads one after the other whatever is asked
  for (let index = from; index < Math.min(size, from + most); index++) items.push(await readItem(reader, index, reading))
  return items
}

/** @throws {Error} where an entry is none that this release wrote: nobody is told half of a log */
async function readItem(reader: LogReader, index: number, { origin, names }: Reading): Promise<FeedItem> {
  const { leaf, decoded } = await entryAt(reader, index) ?? {}
  if (leaf === undefined) throw new Error(`entry ${index} is none that this release wrote`)
  if (decoded?.ok === false) throw new Error(`the body of entry ${index} is none that this release wrote: ${decoded.because}`)
  const heading: Heading = { index, id: leaf.id, source: origin, type: leaf.type, subject: leaf.uid, time: leaf.time }
  const told = tell(heading, decoded?.event, await nameFor(reader, heading.subject, decoded?.event, names))
  return { ...heading, event: decoded?.event, told, json: JSON.stringify(told) }
}

/** Where the event does not say it itself; undefined also where it was erased. */
async function nameFor(reader: LogReader, subject: string | null, event: LogEvent | undefined, names: Map<string, string>): Promise<string | undefined> {
  if (subject === null || event === undefined) return undefined
  if ('asked' in event.data) {
    keepName(names, subject, event.data.asked.name)
    return undefined
  }
  const known = names.get(subject)
  if (known !== undefined) return known
  const stored = (await readOptOut(reader, subject))?.value
  if (stored === undefined || stored.erased === true) return undefined
  keepName(names, subject, stored.record.asked.name)
  return stored.record.asked.name
}

function keepName(names: Map<string, string>, uid: string, name: string): void {
  if (names.size >= mostNames) names.clear()
  names.set(uid, name)
}
