import type { Migration } from '../../migrations.ts'
import { log } from './0001-log.ts'

export const migrations: readonly Migration[] = [log]
