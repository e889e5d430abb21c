/** The reports of a request: their bytes, their digests, and what they say. */
import { compareProblems, type HexDigest, type Problem, type Report, toHex } from '@exeat/core'
import { ExeatError } from '@exeat/core/error'
import { type DecisionRequest, largestReports } from '@exeat/core/wire'
import { bytesSource, readReports } from '@exeat/formats'
import { decodeBase64 } from '@exeat/log'
import { serverError } from '../config/codes.ts'
import { sha256 } from '../store/ed25519.ts'
import { useError } from '../use/problem.ts'

export interface SentReports {
  /** SHA-256 of each one's bytes, in the order in which they were sent. */
  readonly digests: readonly { readonly name: string; readonly digest: HexDigest }[]
  readonly reports: readonly Report[]
}

/** @throws {ExeatError} DECISION_REPORTS, INPUT_TOO_LARGE, and every problem of every report: one that cannot be read is never taken for one without findings */
export function readSent({ reports, root }: Pick<DecisionRequest, 'reports' | 'root'>): SentReports {
  const { sent, read } = readEach({ reports, ...(root === undefined ? {} : { root }) })
  return { digests: sent.map(({ name, digest }) => ({ name, digest })), reports: read }
}

/** The same for whoever keeps them: their bytes, and how many findings they hold. @throws {ExeatError} as `readSent` */
export function sentBytes(asked: Pick<DecisionRequest, 'reports' | 'root'>) {
  const { sent, read } = readEach(asked)
  return { sent, findings: read.reduce((sum, { findings }) => sum + findings.length, 0) }
}

function readEach({ reports, root }: Pick<DecisionRequest, 'reports' | 'root'>) {
  const names = new Set(reports.map(({ name }) => name))
  if (names.size < reports.length) throw serverError('DECISION_REPORTS', `${reports.length} reports have ${names.size} names`, 'give each a name of its own')
  const sent = reports.map((report) => ({ ...report, bytes: bytesOf(report) }))
  const size = sent.reduce((sum, { bytes }) => sum + bytes.length, 0)
  if (size > largestReports) throw useError('INPUT_TOO_LARGE', `the reports have ${size} bytes, more than ${largestReports}`, 'let the gate decide them: exeat gate REPORTS --bundle URL')
  const problems: Problem[] = []
  const read = sent.flatMap(({ name, format, bytes }) => {
    const answer = readReports(bytesSource(name, bytes), { ...(format === undefined ? {} : { format }), ...(root === undefined ? {} : { root }) })
    if (answer.ok) return answer.reports
    problems.push(...answer.problems)
    return []
  })
  const [first, ...rest] = problems.sort(compareProblems)
  if (first !== undefined) throw new ExeatError([first, ...rest])
  return { sent: sent.map(({ name, format, bytes }) => ({ name, ...(format === undefined ? {} : { format }), bytes, digest: toHex(sha256(bytes)) })), read }
}

function bytesOf(report: DecisionRequest['reports'][number]): Uint8Array {
  if ('text' in report) return Buffer.from(report.text, 'utf8')
  const bytes = decodeBase64(report.base64)
  if (bytes === undefined) throw serverError('DECISION_REPORTS', `the report \`${report.name}\` is not base64 in its only spelling`, 'encode it with padding and without line breaks, or send it as `text`')
  return bytes
}
