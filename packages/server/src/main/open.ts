/** The log as the server opens it: nothing is created, and what does not verify is not served. */
import { ExeatError } from '@exeat/core/error'
import type { SignerKey } from '@exeat/log'
import { inFolder } from '../config/read.ts'
import type { ServerConfig } from '../config/schema.ts'
import { type DatabaseAddress, openTables, taken } from '../genesis/database.ts'
import type { HeadKeeper, LogStore } from '../ports/log.ts'
import { openLog } from '../store/log.ts'
import { openHeadFile } from '../store/sqlite/head-file.ts'

export interface OpenedLog {
  readonly log: LogStore
  readonly close: () => Promise<void>
}

/** @throws {ExeatError} what the store says: with exit 2 where the log is not what was signed */
export async function openServerLog(folder: string, config: ServerConfig, signer: SignerKey, address: DatabaseAddress, now: () => number): Promise<OpenedLog> {
  const outside: HeadKeeper = taken(openHeadFile(inFolder(folder, config.head)))
  try {
    const tables = await openTables(config, folder, address)
    const opened = await openLog(tables, { origin: config.origin, signer, now, outside, ...(config.clockSkew === undefined ? {} : { skew: config.clockSkew }) })
    if (!opened.ok) {
      await tables.close()
      throw new ExeatError([opened.problem])
    }
    const log = opened.value
    const status = log.status()
    if (status.state !== 'open') {
      await log.close()
      throw new ExeatError([status.problem])
    }
    return {
      log,
      close: async () => {
        await log.close()
        await outside.close()
      },
    }
  } catch (error) {
    await outside.close()
    throw error
  }
}
