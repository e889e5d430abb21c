import type { LogHead, LogReader } from '../ports/log.ts'
import type { TableReader } from '../ports/tables.ts'
import { checkedPage } from './apply.ts'
import { isLabel } from './labels.ts'
import { tileReader } from './tiles.ts'

/** Everything that can be read; `tables` is asked for at each reading, and throws once there is nothing to read from. */
export function logReader(tables: () => TableReader): LogReader {
  return {
    readTile: async (path) => tileReader(tables()).readTile(path),
    record: async (kind, key) => (isLabel(kind) && isLabel(key) ? tables().record(kind, key) : undefined),
    records: async (kind, page) => {
      const { after, limit } = checkedPage(page)
      return isLabel(kind) ? tables().records(kind, after, limit) : []
    },
    body: async (kind, digest) => (isLabel(kind) && isLabel(digest) ? tables().body(kind, digest) : undefined),
    head: async () => headOf(tables()),
    entry: async (index) => {
      const [entry] = Number.isSafeInteger(index) ? await tables().entries(index, 1) : []
      return entry === undefined ? undefined : { index, entry }
    },
    operationOf: async (key) => {
      const row = isLabel(key) ? await tables().operation(key) : undefined
      if (row === undefined) return undefined
      const { index, count, digest, refusal } = row
      return refusal === undefined ? { index, count, digest } : { index, count, digest, refusal }
    },
    checkpointAt: async (size) => (Number.isSafeInteger(size) ? (await tables().checkpoint(size))?.note : undefined),
    cosignatures: async (size) => (Number.isSafeInteger(size) ? tables().cosignatures(size) : []),
    latestCosigned: async () => {
      const reader = tables()
      const size = await reader.newestCosigned()
      const checkpoint = size === undefined ? undefined : await reader.checkpoint(size)
      return checkpoint === undefined ? undefined : { size: checkpoint.size, checkpoint: checkpoint.note, lines: await reader.cosignatures(checkpoint.size) }
    },
  }
}

async function headOf(reader: TableReader): Promise<LogHead> {
  const head = await reader.head()
  if (head === undefined) throw new Error('the log has no head')
  return { size: head.size, root: head.root, at: head.at, checkpoint: head.note }
}

/** Reads within a snapshot, and never after it. */
export async function readOnce<T>(tables: TableReader, read: (reader: LogReader) => Promise<T>): Promise<T> {
  let over = false
  const reader = logReader(() => {
    if (over) throw new Error('the snapshot is over: await everything that is read within it')
    return tables
  })
  try {
    return await read(reader)
  } finally {
    over = true
  }
}
