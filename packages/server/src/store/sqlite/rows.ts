import type { DatabaseSync, SQLOutputValue } from 'node:sqlite'
import type { HeadRow, OperationRow, RecordRow, StateTables } from '../../ports/tables.ts'

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

export function headRow(row: Row): HeadRow {
  return { size: integer(row, 'size'), root: bytes(row, 'root'), frontier: bytes(row, 'frontier'), at: integer(row, 'at') }
}

export function operationRow(row: Row): OperationRow {
  const refusal = row['refusal'] === null ? undefined : text(row, 'refusal')
  return { key: text(row, 'key'), digest: bytes(row, 'digest'), index: integer(row, 'idx'), count: integer(row, 'count'), refusal }
}

export function recordRow(row: Row): RecordRow {
  return { version: integer(row, 'version'), value: bytes(row, 'value') }
}

/** The reads that both connections do, each as it sees the database. */
export function stateTables(database: DatabaseSync): StateTables {
  const record = database.prepare('SELECT version, value FROM record WHERE kind = ? AND key = ?')
  const records = database.prepare('SELECT key, version, value FROM record WHERE kind = ? AND key > ? ORDER BY key LIMIT ?')
  const body = database.prepare('SELECT bytes FROM body WHERE kind = ? AND digest = ?')
  return {
    record: async (kind, key) => {
      const row = record.get(kind, key)
      return row === undefined ? undefined : recordRow(row)
    },
    records: async (kind, after, limit) => records.all(kind, after, limit).map((row) => ({ key: text(row, 'key'), ...recordRow(row) })),
    body: async (kind, digest) => {
      const row = body.get(kind, digest)
      return row === undefined ? undefined : bytes(row, 'bytes')
    },
  }
}
