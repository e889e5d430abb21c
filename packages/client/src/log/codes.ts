import type { CodeEntry, Problem } from '@exeat/core'
import { logCodes, type LogCode } from '@exeat/log'

const tampered = (summary: string): CodeEntry => ({ exit: 2, http: 409, summary })
const unavailable = (summary: string): CodeEntry => ({ exit: 1, http: 503, summary })
const invalid = (summary: string): CodeEntry => ({ exit: 3, http: 422, summary })

/** Every refusal of this folder's own. */
export type RemoteLogCode =
  | 'LOG_UNREACHABLE' | 'LOG_TRUNCATED' | 'LOG_REWRITTEN' | 'LOG_SPLIT_VIEW' | 'LOG_NO_KEY'
  | 'WITNESS_UNREACHABLE' | 'WITNESS_REFUSED' | 'WITNESS_CONFLICT' | 'WITNESS_AHEAD' | 'WITNESS_INCONSISTENT' | 'WITNESS_SIGNATURE'

/** What reading somebody else's log, and asking a witness about one, can refuse beyond what `@exeat/log` does. */
export const remoteLogCodes: Readonly<Record<RemoteLogCode, CodeEntry>> = {
  LOG_UNREACHABLE: unavailable('The log could not be read, or there is no checkpoint where it should be.'),
  LOG_TRUNCATED: tampered('The log is smaller than it was: entries were deleted, or an old checkpoint was served.'),
  LOG_REWRITTEN: tampered('The log does not extend the checkpoint that was kept of it: its history was changed.'),
  LOG_SPLIT_VIEW: tampered('The log signed two heads that cannot both be true: it shows others another log.'),
  LOG_NO_KEY: invalid('The log publishes no verifier key, or one that did not sign its checkpoint.'),
  WITNESS_UNREACHABLE: unavailable('A witness could not be reached, or answered what the protocol does not know.'),
  WITNESS_REFUSED: unavailable('A witness does not know the log or its key, or could not read the request.'),
  WITNESS_CONFLICT: unavailable('A witness kept another size than it was asked about, several times in a row.'),
  WITNESS_AHEAD: tampered('A witness has cosigned a larger log than this one: the log was cut back.'),
  WITNESS_INCONSISTENT: tampered('A witness has cosigned a log that this one does not extend.'),
  WITNESS_SIGNATURE: tampered('A witness answered with no valid cosignature of its own.'),
}

/** Every code that something here may give. */
export type AnyLogCode = RemoteLogCode | LogCode

export type LogRefusal = { readonly ok: false; readonly problem: Problem<AnyLogCode> }

export type LogAnswer<T> = { readonly ok: true; readonly value: T } | LogRefusal

export type LogVerdict = { readonly ok: true } | LogRefusal

export function refuse(code: AnyLogCode, message: string, hint?: string): LogRefusal {
  return { ok: false, problem: hint === undefined ? { code, message } : { code, message, hint } }
}

/** Whether a code says that somebody signed or stored what does not fit, and not merely that something could not be read. */
export function saysTampered(code: AnyLogCode): boolean {
  const entry: CodeEntry | undefined = Object.hasOwn(remoteLogCodes, code) ? remoteLogCodes[code as RemoteLogCode] : logCodes[code as LogCode]
  return entry?.exit === 2
}
