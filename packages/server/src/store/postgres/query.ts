import type { EntryRow, HeadRow, RecordRow } from '../../ports/tables.ts'

export type Row = Readonly<Record<string, unknown>>

/** Runs one statement and gives its rows. */
export type Query = (sql: string, values?: readonly unknown[]) => Promise<readonly Row[]>

/** PostgreSQL gives bigint as text, because it may exceed what a number can hold. */
export function integer(row: Row, name: string): number {
  const value = Number(row[name])
  if (!Number.isSafeInteger(value) || row[name] === null) throw new Error(`the column ${name} holds no integer up to 2^53 - 1`)
  return value
}

export function bytes(row: Row, name: string): Uint8Array {
  const value = row[name]
  if (!(value instanceof Uint8Array)) throw new Error(`the column ${name} holds no bytes`)
  // The driver gives views of the buffer that it received.
  return new Uint8Array(value)
}

export function text(row: Row, name: string): string {
  const value = row[name]
  if (typeof value !== 'string') throw new Error(`the column ${name} holds no text`)
  return value
}

export const headRow = (row: Row): HeadRow => ({ size: integer(row, 'size'), root: bytes(row, 'root'), frontier: bytes(row, 'frontier'), at: integer(row, 'at') })

export const entryKey = (row: Row): Omit<EntryRow, 'entry'> => ({ index: integer(row, 'idx'), key: text(row, 'key'), leaf: bytes(row, 'leaf') })

export function entryBody(row: Row | undefined): Omit<EntryRow, 'leaf'> | undefined {
  return row === undefined ? undefined : { index: integer(row, 'idx'), key: text(row, 'key'), entry: bytes(row, 'entry') }
}

export function recordRow(row: Row | undefined): RecordRow | undefined {
  return row === undefined ? undefined : { version: integer(row, 'version'), value: bytes(row, 'value') }
}
