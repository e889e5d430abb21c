/** Whole tables of a SQLite log, read beside a running server or written into a new file. */
import type { DatabaseSync } from 'node:sqlite'
import { ExeatError } from '@exeat/core/error'
import { type Answer, refuse } from '../../codes.ts'
import { type BackupStore, type Cell, type Dump, type Fill, shapes, type TableShape } from '../../ports/backup.ts'
import { checkVersion } from '../migrations.ts'
import { openDatabase, schemaVersion } from './database.ts'
import { openSqliteIdentity } from './identity.ts'
import { migrations } from './migrations/index.ts'
import { sqliteReader } from './reader.ts'

export interface SqliteFiles {
  readonly log: string
  /** Rows about identities; none are read where there is no such file. */
  readonly identity: string
}

export function sqliteBackup(files: SqliteFiles): BackupStore {
  return {
    dump: (read) => withBoth(files, 'read', 'BEGIN', async (log, identity) => {
      const schema = checkVersion(migrations, schemaVersion(log))
      if (!schema.ok) throw new ExeatError([schema.problem])
      const dump: Dump = { tables: sqliteReader(log), schema: schema.value, page: async (shape, after, limit) => pageOf(isIdentity(shape) ? identity : log, shape, after, limit) }
      return read(dump)
    }),
    fill: async (write) => {
      const made = taken(openSqliteIdentity(files.identity))
      await made.close()
      return withBoth(files, 'write', 'BEGIN IMMEDIATE', async (log, identity) => {
        if (log.prepare('SELECT 1 FROM identity').get() !== undefined) throw new ExeatError([refuse('STORE_EXISTS', 'the database already holds a log').problem])
        const fill: Fill = { insert: async (shape, rows) => { insert(isIdentity(shape) ? identity : log, shape, rows) } }
        const result = await write(fill)
        identity.exec('COMMIT')
        log.exec('COMMIT')
        return result
      })
    },
  }
}

const isIdentity = ({ name }: TableShape): boolean => name === shapes.identityRow.name

async function withBoth<T>({ log, identity }: SqliteFiles, mode: 'read' | 'write', begin: string, use: (log: DatabaseSync, identity: DatabaseSync) => Promise<T>): Promise<T> {
  const opened: DatabaseSync[] = []
  try {
    const [first, second] = [log, identity].map((path) => {
      const database = taken(openDatabase(path, mode))
      opened.push(database)
      database.exec(begin)
      return database
    })
    if (first === undefined || second === undefined) throw new Error('two files give two databases')
    return await use(first, second)
  } finally {
    for (const database of opened) {
      if (database.isTransaction) database.exec('ROLLBACK')
      database.close()
    }
  }
}

function pageOf(database: DatabaseSync, { name, columns, key }: TableShape, after: readonly Cell[] | undefined, limit: number): readonly (readonly Cell[])[] {
  const keys = columns.slice(0, key).map((column) => column.name).join(', ')
  const behind = after === undefined ? '' : `WHERE (${keys}) > (${after.map(() => '?').join(', ')})`
  const statement = database.prepare(`SELECT ${columns.map((column) => column.name).join(', ')} FROM ${name} ${behind} ORDER BY ${keys} LIMIT ?`)
  return statement.all(...(after ?? []), limit).map((row) => columns.map((column) => (row[column.name] ?? null) as Cell))
}

function insert(database: DatabaseSync, { name, columns }: TableShape, rows: readonly (readonly Cell[])[]): void {
  const statement = database.prepare(`INSERT INTO ${name} (${columns.map((column) => column.name).join(', ')}) VALUES (${columns.map(() => '?').join(', ')})`)
  for (const row of rows) {
    // SQLite may end the transaction by itself where a statement fails, and what follows would stand alone.
    if (!database.isTransaction) throw new Error('the database has ended the transaction')
    statement.run(...row)
  }
}

function taken<T>(answer: Answer<T>): T {
  if (answer.ok) return answer.value
  throw new ExeatError([answer.problem])
}
