import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { type EarlierHead, saysTampered, verifyLog, type Verifier, type VerifyReport } from '@exeat/client/log'
import { ExeatError } from '@exeat/core/error'
import { formatVerifierKey, openCheckpoint, type Trust } from '@exeat/log'
import type { Io } from '../edge/io.ts'
import { cliError, systemReason } from '../edge/problem.ts'
import { progressOn } from './progress.ts'
import { openSource } from './source.ts'
import { keepRejected, readSaved, replaceSaved, savedPath, saveKeys, stateFolder } from './state.ts'
import { type SourceFlags, verifierOf } from './trust.ts'
import { writeVerification } from './verify-output.ts'

export interface VerifyFlags extends SourceFlags {
  readonly since?: string
  readonly state?: string
  readonly full?: boolean
  readonly quick?: boolean
  readonly format: 'text' | 'json'
}

/** A verdict, with where it was kept. */
export interface Verification {
  readonly report: VerifyReport
  readonly trust: Trust
  /** File of the last verified checkpoint. */
  readonly kept: string
  /** Where the head that was refused was put as evidence. */
  readonly rejected?: string
}

/** Another run may verify the same log at once; each lost race means a newer checkpoint to compare with. */
const tries = 5
/** Findings of which the two signed heads themselves are the proof. */
const proven = ['LOG_TRUNCATED', 'LOG_REWRITTEN', 'LOG_SPLIT_VIEW']

/** Answers the exit code: 0 verified, 2 tampered. @throws {ExeatError} where there is no verdict, and for the options */
export async function verify(flags: VerifyFlags, io: Io): Promise<number> {
  if (flags.full === true && flags.quick === true) throw cliError('USAGE', '`--full` and `--quick` exclude each other', 'leave one of them out')
  const verifier = verifierOf(flags)
  const folder = stateFolder(flags.state, io)
  const verification = await verifyAndKeep(flags, verifier, folder, io)
  const exit = verification.report.ok ? 0 : 2
  writeVerification(verification, flags, exit, io)
  return exit
}

async function verifyAndKeep(flags: VerifyFlags, verifier: Verifier, folder: string, io: Io): Promise<Verification> {
  const { trust } = verifier
  const since = flags.since === undefined ? [] : [earlierHead('since', flags.since, readSince(flags.since, io), verifier)]
  const source = openSource(flags.log, io)
  const kept = savedPath(folder, trust.origin)
  for (let attempt = 0; attempt < tries; attempt++) {
    const saved = readSaved(folder, trust.origin)
    const earlier = [...(saved === undefined ? [] : [earlierHead('saved', kept, saved, verifier)]), ...since]
    const progress = progressOn(io)
    const report = await verifyLog(source, {
      ...verifier, earlier, now: io.now,
      ...(flags.full === true ? { depth: 'full' as const } : flags.quick === true ? { depth: 'quick' as const } : {}),
      ...(progress === undefined ? {} : { onProgress: progress.show }),
    }).finally(() => progress?.clear())
    if (!report.ok) return refused(report, trust, folder, kept)
    if (report.head === undefined || replaceSaved(folder, trust.origin, saved, report.head.bytes)) {
      saveKeys(folder, trust.origin, trust.log.map(formatVerifierKey))
      return { report, trust, kept }
    }
  }
  throw cliError('STATE_UNUSABLE', `\`${kept}\` was changed by other runs ${tries} times while the log was verified`, 'let one run at a time verify this log')
}

/** Not being able to read is no verdict; one sign of tampering among what could be read is. */
function refused(report: VerifyReport, trust: Trust, folder: string, kept: string): Verification {
  const [first, ...more] = report.findings.map(({ code, message, hint }) => ({ code, message, ...(hint === undefined ? {} : { hint }) }))
  if (first !== undefined && !report.findings.some(({ code }) => saysTampered(code))) throw new ExeatError([first, ...more])
  const proof = report.head !== undefined && report.findings.some(({ code }) => proven.includes(code)) ? keepRejected(folder, trust.origin, report.head.bytes) : undefined
  return { report, trust, kept, ...(proof === undefined ? {} : { rejected: proof }) }
}

function readSince(path: string, io: Io): Uint8Array {
  try {
    return new Uint8Array(readFileSync(resolve(io.cwd, path)))
  } catch (cause) {
    throw cliError('SAVED_CHECKPOINT', `\`${path}\` cannot be read: ${systemReason(cause)}`, '`--since` takes a signed checkpoint, as a log serves it')
  }
}

/** An earlier head counts only if the log signed it; witnesses may not have seen it yet. @throws {ExeatError} SAVED_CHECKPOINT */
function earlierHead(from: EarlierHead['from'], path: string, bytes: Uint8Array, { trust, verify }: Verifier): EarlierHead {
  const opened = openCheckpoint(bytes, { ...trust, witnesses: { atLeast: 0, keys: [] } }, verify)
  if (opened.ok) return { from, checkpoint: opened.value.checkpoint }
  throw cliError('SAVED_CHECKPOINT', `\`${path}\` is no checkpoint of this log that a pinned key signed: ${opened.problem.message}`,
    from === 'saved' ? 'it is never replaced by itself: pin the earlier key too, or move the file away if you know why' : 'take it from where the log was read before')
}
