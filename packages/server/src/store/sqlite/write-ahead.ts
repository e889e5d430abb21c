import type { DatabaseSync } from 'node:sqlite'

/** The write-ahead file, in which a body stands for a time after it was erased from the database. */
export interface WriteAheadFile {
  /** Something was erased: the file is to be emptied after the commit. */
  readonly holdsErased: () => void
  /** Empties the file if it may hold what was erased and nobody reads in it; otherwise that is left for the next call. */
  readonly truncate: () => void
}

/** What a process that was killed erased before is not known, so the file counts as holding something to begin with. */
export function writeAheadFile(database: DatabaseSync): WriteAheadFile {
  let holds = true
  const busyTimeout = Number(Object.values(database.prepare('PRAGMA busy_timeout').get() ?? {})[0])
  return {
    holdsErased: () => { holds = true },
    truncate: () => {
      if (!holds || database.isTransaction) return
      // A snapshot of this very process may be what it would wait for, and cannot end while it waits.
      database.exec('PRAGMA busy_timeout = 0')
      holds = !truncated(database)
      database.exec(`PRAGMA busy_timeout = ${busyTimeout}`)
    },
  }
}

/** A failure says nothing of the commit before it, which is durable in the file: it is tried again. */
function truncated(database: DatabaseSync): boolean {
  try {
    return database.prepare('PRAGMA wal_checkpoint(TRUNCATE)').get()?.['busy'] === 0
  } catch {
    return false
  }
}
