/** What an act answered: the opt-out as it stands now and the entry that records it. */
import type { ActAnswer, OptOutView } from '@exeat/core/wire'
import type { Io } from '../edge/io.ts'
import { stylesFor } from '../text/style.ts'
import { nextStep, optOutPage, pageOf, row } from './page.ts'
import { evidenceNote, serverAddress, type ServerFlags } from './server.ts'
import { codeOf } from './shown.ts'

export type ActName = 'request' | 'approve' | 'activate' | 'reject' | 'withdraw' | 'revoke' | 'review' | 'emergency' | 'acknowledge' | 'offline'

const done: Readonly<Record<ActName, string>> = {
  request: 'REQUESTED', approve: 'APPROVED', activate: 'ACTIVATED', reject: 'REJECTED', withdraw: 'WITHDRAWN', revoke: 'REVOKED', review: 'REVIEWED', emergency: 'EMERGENCY', acknowledge: 'HEARD', offline: 'ENTERED',
}

/** `notes`: further rows, such as who may give what is missing. */
export function printAnswer(act: ActName, answer: ActAnswer, flags: Pick<ServerFlags, 'format' | 'server'>, io: Io, notes: readonly (readonly [string, string])[] = []): void {
  const { optOut, index, receipt, evidence } = answer
  const server = serverAddress(flags, io).name
  if (flags.format === 'json') {
    io.stdout.write(`${JSON.stringify({ schemaVersion: 1, kind: 'ActResult', act, evidence, index, receipt, ...optOutMembers(optOut, server) })}\n`)
    return
  }
  const styles = stylesFor(io.stdout, io.env)
  const page = pageOf(io, styles)
  const next = nextStep(optOut, server)
  io.stdout.write(`${styles.good(done[act])}  entry ${index} of the log\n\n${optOutPage(optOut, page)}\n`)
  for (const [name, text] of notes) io.stdout.write(`${row(name, text, page.width)}\n`)
  io.stdout.write(`${styles.dim(row('evidence', evidence === 'operator-asserted' ? evidenceNote : evidence, page.width))}\n`)
  if (next !== undefined) io.stdout.write(`${next.startsWith('exeat ') ? `  $ ${next}` : row('next', next, page.width)}\n`)
}

/** What every JSON about one opt-out says of it. */
export function optOutMembers(optOut: OptOutView, server: string): { readonly optOut: OptOutView; readonly code: string; readonly next?: string } {
  const next = nextStep(optOut, server)
  return { optOut, code: codeOf(optOut), ...(next === undefined ? {} : { next }) }
}
