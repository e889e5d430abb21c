import type { SQLOutputValue } from 'node:sqlite'
import type { EntryRow, RecordRow } from '../../ports/tables.ts'

export type Row = Record<string, SQLOutputValue>

export function integer(row: Row, name: string): number {
  const value = row[name]
  if (typeof value !== 'number') throw new Error(`the column ${name} holds no integer`)
  return value
}

export function bytes(row: Row, name: string): Uint8Array {
  const value = row[name]
  if (!(value instanceof Uint8Array)) throw new Error(`the column ${name} holds no bytes`)
  return value
}

export function text(row: Row, name: string): string {
  const value = row[name]
  if (typeof value !== 'string') throw new Error(`the column ${name} holds no text`)
  return value
}

export function entryKey(row: Row): Omit<EntryRow, 'entry'> {
  return { index: integer(row, 'idx'), key: text(row, 'key'), leaf: bytes(row, 'leaf') }
}

export function entryBody(row: Row | undefined): Omit<EntryRow, 'leaf'> | undefined {
  return row === undefined ? undefined : { index: integer(row, 'idx'), key: text(row, 'key'), entry: bytes(row, 'entry') }
}

export function recordRow(row: Row | undefined): RecordRow | undefined {
  return row === undefined ? undefined : { version: integer(row, 'version'), value: bytes(row, 'value') }
}
