import type { Migration } from '../../migrations.ts'
import { log } from './0001-log.ts'
import { identity } from './0002-identity.ts'

export const migrations: readonly Migration[] = [log, identity]
