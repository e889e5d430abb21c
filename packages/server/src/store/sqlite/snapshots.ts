/** Read transactions on connections of their own, each of which sees one commit while others are made. */
import type { DatabaseSync } from 'node:sqlite'
import type { LogTables, TableReader } from '../../ports/tables.ts'
import { openDatabase } from './database.ts'
import { sqliteReader } from './reader.ts'

/** Connections that are kept open between snapshots. */
const spare = 4

interface Connection {
  readonly database: DatabaseSync
  readonly reader: TableReader
}

interface Snapshots {
  readonly run: LogTables['snapshot']
  /** Waits for those that run. */
  readonly close: () => Promise<void>
}

/** `ended` is called whenever a snapshot has let go of the write-ahead file. */
export function sqliteSnapshots(path: string, ended: () => void): Snapshots {
  const idle: Connection[] = []
  const running = new Set<Promise<unknown>>()
  let closed = false

  async function within<T>(read: (reader: TableReader) => Promise<T>): Promise<T> {
    const connection = idle.pop() ?? open(path)
    const { database, reader } = connection
    try {
      database.exec('BEGIN')
      return await read(reader)
    } finally {
      if (database.isTransaction) database.exec('ROLLBACK')
      if (closed || idle.length >= spare) database.close()
      else idle.push(connection)
      ended()
    }
  }

  return {
    run: async (read) => {
      if (closed) throw new Error('the database was closed')
      const result = within(read)
      running.add(result)
      try {
        return await result
      } finally {
        running.delete(result)
      }
    },
    close: async () => {
      closed = true
      await Promise.allSettled(running)
      for (const { database } of idle.splice(0)) database.close()
    },
  }
}

function open(path: string): Connection {
  const database = openDatabase(path, 'read')
  if (!database.ok) throw new Error(database.problem.message)
  return { database: database.value, reader: sqliteReader(database.value) }
}
