import type { ExeatError } from '@exeat/core/error'
import { type ServerCode, serverError } from '../config/codes.ts'

type BackupCode = Extract<ServerCode, `BACKUP_${string}`>

export const backupError = (code: BackupCode, message: string, hint?: string, cause?: unknown): ExeatError => serverError(code, message, hint, cause)

export const altered = (message: string): ExeatError => backupError('BACKUP_ALTERED', message, 'keep the file as it is, and take another backup')
