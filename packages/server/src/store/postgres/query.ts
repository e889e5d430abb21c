import type { HeadRow, OperationRow, RecordRow, StateTables } from '../../ports/tables.ts'

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

export function operationRow(row: Row): OperationRow {
  const refusal = row['refusal'] === null ? undefined : text(row, 'refusal')
  return { key: text(row, 'key'), digest: bytes(row, 'digest'), index: integer(row, 'idx'), count: integer(row, 'count'), refusal }
}

const recordRow = (row: Row): RecordRow => ({ version: integer(row, 'version'), value: bytes(row, 'value') })

/** The reads that all connections do, each as it sees the database. */
export function stateTables(query: Query): StateTables {
  return {
    record: async (kind, key) => {
      const [row] = await query('SELECT version, value FROM record WHERE kind = $1 AND key = $2', [kind, key])
      return row === undefined ? undefined : recordRow(row)
    },
    records: async (kind, after, limit) => {
      const rows = await query('SELECT key, version, value FROM record WHERE kind = $1 AND key > $2 ORDER BY key LIMIT $3', [kind, after, limit])
      return rows.map((row) => ({ key: text(row, 'key'), ...recordRow(row) }))
    },
    body: async (kind, digest) => {
      const [row] = await query('SELECT bytes FROM body WHERE kind = $1 AND digest = $2', [kind, digest])
      return row === undefined ? undefined : bytes(row, 'bytes')
    },
  }
}
