import { formatInstant, type Instant } from '@exeat/core'
import type { VerifiedSignature } from '@exeat/log'
import type { Io } from '../edge/io.ts'
import { problemLines } from '../edge/report.ts'
import { shown } from '../text/safe.ts'
import { fromNow } from '../text/span.ts'
import { stylesFor } from '../text/style.ts'
import { plural } from '../text/wrap.ts'
import type { Verification, VerifyFlags } from './verify.ts'

export function writeVerification(verification: Verification, flags: VerifyFlags, exit: number, io: Io): void {
  if (flags.format === 'json') writeJson(verification, flags, exit, io)
  else writeText(verification, flags, io)
}

function writeText({ report, trust, kept, rejected }: Verification, flags: VerifyFlags, io: Io): void {
  const styles = stylesFor(io.stdout, io.env)
  const line = (label: string, text: string): void => { io.stdout.write(`  ${label.padEnd(11)}${shown(text)}\n`) }
  const { head, cosigned } = report
  io.stdout.write(`${report.ok ? styles.good('VERIFIED') : styles.bad('TAMPERED')}  ${styles.bold(shown(trust.origin))}\n\n`)
  line('log', flags.log)
  if (head !== undefined) {
    line('entries', `${head.checkpoint.size}`)
    line('root', hex(head.checkpoint.root))
    line('signed by', head.signers.map(keyText).join(', '))
    const witnesses = cosigned?.witnesses ?? []
    if (trust.witnesses.keys.length > 0) line('witnesses', `${witnesses.length} of ${trust.witnesses.keys.length}, ${trust.witnesses.atLeast} asked for${witnesses.map((each) => `; ${witnessText(each, io.now)}`).join('')}`)
  }
  for (const { from, checkpoint } of report.extended) line('extends', `the ${plural(checkpoint.size, 'entry', 'entries')} ${{ saved: 'verified here before', since: `of ${flags.since ?? ''}`, cosigned: 'that the witnesses signed' }[from]}`)
  if (report.ok && report.extended.length === 0) line('extends', 'nothing yet: this is the first checkpoint kept of this log')
  if (report.depth !== undefined) line('checked', report.depth === 'full' ? 'every entry and every tile' : 'signatures, consistency and the newest entries; --full reads all of them')
  line('kept', report.ok ? kept : `${kept}, unchanged`)
  if (rejected !== undefined) line('evidence', rejected)
  if (report.ok) return
  io.stdout.write(`\n${problemLines(report.findings, 'error', styles)}`)
  if (report.total > report.findings.length) io.stdout.write(`… and ${report.total - report.findings.length} more differences\n`)
}

const keyText = ({ key }: VerifiedSignature): string => `${key.name}+${hex(key.id)}`

/** The last second that RFC 3339 can write; a witness may state any. */
const lastSecond = 253_402_300_799

const instantOf = ({ time }: VerifiedSignature): Instant => Math.min(time ?? 0, lastSecond) * 1000 as Instant

const witnessText = (witness: VerifiedSignature, now: Instant): string => `${witness.key.name} ${fromNow(instantOf(witness), now)}`

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')

function writeJson({ report, trust, kept, rejected }: Verification, flags: VerifyFlags, exit: number, io: Io): void {
  const { head, cosigned } = report
  io.stdout.write(`${JSON.stringify({
    schemaVersion: 1, kind: 'LogVerification', exit, outcome: report.ok ? 'verified' : 'tampered', log: flags.log, origin: trust.origin,
    ...(head === undefined ? {} : {
      size: head.checkpoint.size, root: hex(head.checkpoint.root),
      signers: head.signers.map(keyText),
      witnesses: (cosigned?.witnesses ?? []).map((each) => ({ key: keyText(each), at: formatInstant(instantOf(each)) })),
    }),
    quorum: trust.witnesses.atLeast,
    ...(report.depth === undefined ? {} : { depth: report.depth }),
    extends: report.extended.map(({ from, checkpoint }) => ({ from, size: checkpoint.size })),
    kept: { path: kept, updated: report.ok }, ...(rejected === undefined ? {} : { evidence: rejected }),
    findings: report.findings, findingsTotal: report.total,
  })}\n`)
}
