/** What somebody is about to sign, in words, and whether they want to. */
import { createInterface } from 'node:readline/promises'
import { type Binding, formatInstant, type OptOut } from '@exeat/core'
import type { Io } from '../edge/io.ts'
import { cliError } from '../edge/problem.ts'
import { clipped, oneLine, shown as shownText } from '../text/safe.ts'
import { fromNow } from '../text/span.ts'
import { plural } from '../text/wrap.ts'
import { stylesFor } from '../text/style.ts'
import { row } from './page.ts'

export type SignedAct = 'approve' | 'activate'
/** Of git trust, where whoever asks signs as well. */
export type SshAct = SignedAct | 'request'
/** Whatever takes a second factor. */
export type TappedAct = SignedAct | 'renew' | 'emergency' | 'review' | 'vouch'

/** All that an approval or activation stands for. */
export interface Signing {
  readonly document: OptOut
  /** How many findings were measured; undefined where the terms ask for no impact. */
  readonly findings: number | undefined
  readonly approvals: readonly { readonly by: { readonly sub: string }; readonly groups: readonly string[] }[]
  readonly binding: Binding
  readonly code: string
  readonly actor?: string
  /** What the act says besides: the verdict of a review, the team of an emergency. */
  readonly says?: readonly (readonly [string, string])[]
  /** What will show who did it. */
  readonly evidence: string
}

/** @throws {ExeatError} SHOWN_DIFFERS */
export function refuseOtherCode(given: string | undefined, code: string): void {
  if (given === undefined || plain(given) === plain(code)) return
  throw cliError('SHOWN_DIFFERS', `\`--code ${given}\` was given, and what would be signed has the code ${code}`, 'it was changed since you saw it: look at it again')
}

const plain = (code: string): string => code.toUpperCase().replaceAll(/[^0-9A-Z]/g, '')

const headings: Readonly<Record<SshAct | TappedAct, string>> = {
  request: 'TO REQUEST', approve: 'TO APPROVE', activate: 'TO ACTIVATE', renew: 'TO RENEW', emergency: 'TO DECLARE AN EMERGENCY', review: 'TO REVIEW', vouch: 'TO VOUCH FOR',
}

/** Everything that the digests which are sent stand for. */
export function signedText(act: SshAct | TappedAct, { document: { spec, metadata }, findings, code, approvals, binding, actor, says = [], evidence }: Signing, io: Io): string {
  const styles = stylesFor(io.stdout, io.env)
  const line = (name: string, text: string): string => row(name, text, io.stdout.columns)
  const { targets = {}, window: { from, until }, limits = {}, category, owner, ticket, reason, compensatingControl, renews, expected } = spec
  const targetRows = Object.entries(targets).map(([key, values]) => line(key, values.map(oneLine).join(', ')))
  return [
    styles.warn(`${headings[act]}  ${shownText(metadata.name)}${actor === undefined ? '' : `, as ${shownText(actor)}`}`),
    line('controls', spec.controls.map(oneLine).join(', ')),
    ...(targetRows.length === 0 ? [line('where', 'anywhere')] : targetRows),
    line('window', `${formatInstant(from)} until ${formatInstant(until)} (${until > io.now ? 'ends' : 'ended'} ${fromNow(until, io.now)})`),
    line('findings', `${findings === undefined ? 'no impact was measured' : `${plural(findings, 'finding')} measured`}${limits.findings === undefined ? '' : `, at most ${limits.findings}`}`),
    ...(limits.uses === undefined ? [] : [line('uses', `at most ${limits.uses}`)]),
    ...expectedRows(expected).map((text) => line('expected', text)),
    line('category', `${category}, owner ${oneLine(owner)}${ticket === undefined ? '' : `, ${oneLine(ticket)}`}${renews === undefined ? '' : `, renews ${oneLine(renews)}`}`),
    line('reason', clipped(oneLine(reason), 4096)),
    ...(compensatingControl === undefined ? [] : [line('instead', oneLine(compensatingControl))]),
    ...says.map(([name, text]) => line(name, oneLine(text))),
    ...approvals.map(({ by, groups }) => line('approved by', `${shownText(by.sub)} of ${groups.map(shownText).join(', ')}`)),
    line('document', binding.optOut), line('terms', binding.terms), line('impact', binding.impact ?? 'none'),
    line('compare', styles.bold(code)),
    styles.dim(line('evidence', evidence)),
  ].join('\n')
}

/** What is foreseen of its uses. */
export const expectedRows = ({ usesPerDay, points }: NonNullable<Signing['document']['spec']['expected']> = {}): readonly string[] =>
  [...usesPerDay === undefined ? [] : [`at most ${usesPerDay} uses in 24 hours`], ...points === undefined ? [] : [`by ${points.map(oneLine).join(', ')}`]]

/** @throws {ExeatError} NOT_CONFIRMED */
export async function confirm(act: SshAct | TappedAct | 'sign', name: string, code: string, sink: Io['stdout']): Promise<void> {
  if (!process.stdin.isTTY || !sink.isTTY) {
    throw cliError('NOT_CONFIRMED', 'nobody can be asked here, and nothing was signed', `look at what is shown, then say \`--code ${code}\`, or \`--yes\``)
  }
  const lines = createInterface({ input: process.stdin, output: process.stderr })
  try {
    const answer = await lines.question(`${act} ${shownText(name)}? [y/N] `)
    if (!/^y(?:es)?$/i.test(answer.trim())) throw cliError('NOT_CONFIRMED', 'it was not confirmed, and nothing was signed')
  } finally {
    lines.close()
  }
}
