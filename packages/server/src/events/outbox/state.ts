/** Where a sink is in the log, and what it did not take: rows beside the log, one process at a time by a lease. */
import { type IdentityRows, rowKinds } from '../../ports/identity.ts'
import type { Telling } from '../../ports/sinks.ts'
import { fromBytes, toBytes } from '../../use/stored.ts'

/** Indexes of entries, both ends included. */
export interface Range {
  readonly from: number
  readonly to: number
}

export interface SinkState {
  /** The first entry that was not taken from the log yet. */
  readonly next: number
  /** How many attempts in a row failed. */
  readonly failures: number
  /** Since when; milliseconds since the epoch, as all instants here. */
  readonly since?: number
  readonly retryAt?: number
  readonly because?: string
  /** It said that it is gone: nothing is sent until an operator has said otherwise. */
  readonly disabled?: true
  /** Given up. */
  readonly dead: readonly Range[]
  /** Sent again by hand, before anything else. */
  readonly replay?: Range
  /** The log says that messages were lost to it, and not yet that it is well again. */
  readonly degraded?: true
  /** Who delivers, and until when nobody else does. */
  readonly lease?: { readonly by: string; readonly until: number }
}

/** A message that the sink refused, or that waits behind one of its subject. */
export interface HeldMessage {
  readonly telling: Pick<Telling, 'key' | 'index' | 'subject' | 'time' | 'type'>
  /** Of what stands in no entry. */
  readonly json?: string
  readonly state: 'waiting' | 'dead'
  readonly attempts: number
  /** Of the next attempt. */
  readonly at: number
  readonly since: number
  readonly because?: string
}

export interface Versioned<T> {
  readonly version: number
  readonly value: T
}

export interface SinkRows {
  readonly state: (sink: string) => Promise<Versioned<SinkState> | undefined>
  /** False where somebody else wrote it meanwhile. `expected`: 0 where there is none. */
  readonly write: (sink: string, state: SinkState, expected: number) => Promise<boolean>
  /** In the order of their keys: what happened first comes first. */
  readonly held: (sink: string) => Promise<readonly (Versioned<HeldMessage> & { readonly key: string })[]>
  readonly hold: (sink: string, message: HeldMessage, expected: number) => Promise<boolean>
  readonly release: (sink: string, key: string) => Promise<void>
}

const page = 500

export function sinkRows(rows: Pick<IdentityRows, 'get' | 'put' | 'owned' | 'drop'>, now: () => number): SinkRows {
  const heldKey = (sink: string, key: string): string => `${sink}/${key}`
  return {
    state: async (sink) => {
      const row = await rows.get(rowKinds.sink, sink, now())
      return row === undefined ? undefined : { version: row.version, value: fromBytes<SinkState>(row.value) }
    },
    write: (sink, state, expected) => rows.put(rowKinds.sink, sink, { value: toBytes(state) }, expected, now()),
    held: async (sink) => {
      const all: (Versioned<HeldMessage> & { readonly key: string })[] = []
      for (let after: string | undefined; ;) {
        // oxlint-disable-next-line no-await-in-loop -- each page begins where the one before ended
        const found = await rows.owned(rowKinds.sinkHeld, sink, now(), { limit: page, ...(after === undefined ? {} : { after }) })
        all.push(...found.map(({ key, version, value }) => ({ key: key.slice(sink.length + 1), version, value: fromBytes<HeldMessage>(value) })))
        after = found.at(-1)?.key
        if (found.length < page) return all
      }
    },
    hold: (sink, message, expected) => rows.put(rowKinds.sinkHeld, heldKey(sink, message.telling.key), { value: toBytes(message), owner: sink }, expected, now()),
    release: async (sink, key) => { await rows.drop(rowKinds.sinkHeld, heldKey(sink, key)) },
  }
}

/** Ranges as one list, in order, none touching another. */
export function withRange(ranges: readonly Range[], added: Range): readonly Range[] {
  const sorted = [...ranges, added].sort((a, b) => a.from - b.from)
  const merged: Range[] = []
  for (const each of sorted) {
    const last = merged.at(-1)
    if (last === undefined || each.from > last.to + 1) merged.push(each)
    else merged[merged.length - 1] = { from: last.from, to: Math.max(last.to, each.to) }
  }
  return merged
}

/** What is left of ranges once `gone` is taken out. */
export const withoutRange = (ranges: readonly Range[], gone: Range): readonly Range[] =>
  ranges.flatMap(({ from, to }) => [{ from, to: Math.min(to, gone.from - 1) }, { from: Math.max(from, gone.to + 1), to }].filter((each) => each.from <= each.to))

export const countOf = (ranges: readonly Range[]): number => ranges.reduce((sum, { from, to }) => sum + to - from + 1, 0)
