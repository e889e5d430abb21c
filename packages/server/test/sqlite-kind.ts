import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { must, testOptions, type StoreKind } from '../../testkit/src/log-store-kit.ts'
import type { LogStore } from '../src/ports/log.ts'
import { foundLog, openLog } from '../src/store/log.ts'
import { openSqliteTables, prepareSqlite } from '../src/store/sqlite/index.ts'

export function temporaryDatabase(): { readonly folder: string; readonly path: string; readonly drop: () => void } {
  const folder = mkdtempSync(join(tmpdir(), 'exeat-log-'))
  return { folder, path: join(folder, 'log.db'), drop: () => { rmSync(folder, { recursive: true, force: true }) } }
}

/** A founded log in the file at a path. */
export async function foundedAt(path: string): Promise<LogStore> {
  const prepared = prepareSqlite(path)
  if (!prepared.ok) throw new Error(prepared.problem.message)
  const tables = must(openSqliteTables(path))
  const founded = await foundLog(tables, testOptions())
  if (!founded.ok) throw new Error(founded.problem.message)
  return must(await openLog(tables, testOptions()))
}

const codes = { io: 10, busy: 5, full: 13, constraint: 19 }

export const sqlite: StoreKind = {
  name: 'SQLite',
  create: async () => {
    const { path, drop } = temporaryDatabase()
    const prepared = prepareSqlite(path)
    if (!prepared.ok) throw new Error(prepared.problem.message)
    return {
      open: async () => must(openSqliteTables(path)),
      tamper: async (sql) => { withoutGuards(path, sql) },
      execute: async (sql) => { run(path, sql) },
      drop: async () => { drop() },
    }
  },
  literal: (hex) => `x'${hex}'`,
  error: (kind) => Object.assign(new Error(`injected: ${kind}`), { code: 'ERR_SQLITE_ERROR', errcode: codes[kind] }),
}

export function run(path: string, sql: string): void {
  const database = new DatabaseSync(path, { timeout: 5000 })
  try {
    database.exec(sql)
  } finally {
    database.close()
  }
}

/** Whoever owns the file can take the triggers away and put them back. */
function withoutGuards(path: string, sql: string): void {
  const database = new DatabaseSync(path, { timeout: 5000 })
  const triggers = database.prepare("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'").all()
  database.exec(triggers.map(({ name }) => `DROP TRIGGER ${String(name)};`).join('\n'))
  database.exec(sql)
  database.exec(triggers.map((trigger) => `${String(trigger['sql'])};`).join('\n'))
  database.close()
}
