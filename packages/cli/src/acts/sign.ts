/** Approving and activating: fetched, shown, confirmed, and sent back as it was shown. */
import { createInterface } from 'node:readline/promises'
import { formatInstant } from '@exeat/core'
import type { Command } from 'commander'
import type { Io } from '../edge/io.ts'
import { cliError } from '../edge/problem.ts'
import { clipped, oneLine, shown as shownText } from '../text/safe.ts'
import { fromNow } from '../text/span.ts'
import { plural } from '../text/wrap.ts'
import { stylesFor } from '../text/style.ts'
import { printAnswer } from './answer.ts'
import { signInBrowser } from '../people/browser-act.ts'
import { row } from './page.ts'
import { type ActFlags, acting, actOptions, evidenceNote } from './server.ts'
import { fetchShown, type Shown } from './shown.ts'

interface SignFlags extends ActFlags {
  readonly yes?: boolean
  readonly code?: string
}

type SignedAct = 'approve' | 'activate'

export function defineSigned(act: SignedAct, command: Command, io: Io, finish: (exit: number) => void, help: string): void {
  actOptions(command.argument('<name>', 'name or uid of the opt-out'))
    .option('-y, --yes', `${act} without being asked`)
    .option('--code <code>', 'the comparison code that you saw; anything else is not signed')
    .addHelpText('after', help)
    .action(async (id: string, flags: SignFlags) => {
      await sign(act, id, flags, io)
      finish(0)
    })
}

/** @throws {ApiError}; {ExeatError} SHOWN_DIFFERS, NOT_CONFIRMED, USAGE */
async function sign(act: SignedAct, id: string, flags: SignFlags, io: Io): Promise<void> {
  const { client, key, address, typed } = acting(flags, io)
  const shown = await fetchShown(client, id)
  // Where JSON is asked for, standard output holds that alone.
  const sink = flags.format === 'json' ? io.stderr : io.stdout
  sink.write(`${signedText(act, shown, flags.actor, io)}\n\n`)
  if (flags.code !== undefined && plain(flags.code) !== plain(shown.code)) {
    throw cliError('SHOWN_DIFFERS', `\`--code ${flags.code}\` was given, and what would be signed has the code ${shown.code}`, 'it was changed since you saw it: look at it again')
  }
  if (!typed) {
    printAnswer(act, await signInBrowser({ act, view: shown.view, client, address }, io), flags, io)
    return
  }
  if (flags.yes !== true && flags.code === undefined) await confirm(act, shown, sink)
  printAnswer(act, await client[act](shown.view.uid, shown.view.binding, key), flags, io)
}

const plain = (code: string): string => code.toUpperCase().replaceAll(/[^0-9A-Z]/g, '')

/** Everything that the digests which are sent stand for. */
function signedText(act: SignedAct, { view, document: { spec, metadata }, findings, code }: Shown, actor: string | undefined, io: Io): string {
  const styles = stylesFor(io.stdout, io.env)
  const line = (name: string, text: string): string => row(name, text, io.stdout.columns)
  const { targets = {}, window: { from, until }, limits = {}, category, owner, ticket, reason, compensatingControl, renews } = spec
  const targetRows = Object.entries(targets).map(([key, values]) => line(key, values.map(oneLine).join(', ')))
  return [
    styles.warn(`TO ${act.toUpperCase()}  ${shownText(metadata.name)}${actor === undefined ? '' : `, as ${shownText(actor)}`}`),
    line('controls', spec.controls.map(oneLine).join(', ')),
    ...(targetRows.length === 0 ? [line('where', 'anywhere')] : targetRows),
    line('window', `${formatInstant(from)} until ${formatInstant(until)} (${until > io.now ? 'ends' : 'ended'} ${fromNow(until, io.now)})`),
    line('findings', `${findings === undefined ? 'no impact was measured' : `${plural(findings, 'finding')} measured`}${limits.findings === undefined ? '' : `, at most ${limits.findings}`}`),
    ...(limits.uses === undefined ? [] : [line('uses', `at most ${limits.uses}`)]),
    line('category', `${category}, owner ${oneLine(owner)}${ticket === undefined ? '' : `, ${oneLine(ticket)}`}${renews === undefined ? '' : `, renews ${oneLine(renews)}`}`),
    line('reason', clipped(oneLine(reason), 4096)),
    ...(compensatingControl === undefined ? [] : [line('instead', oneLine(compensatingControl))]),
    ...view.approvals.map(({ by, groups }) => line('approved by', `${shownText(by.sub)} of ${groups.map(shownText).join(', ')}`)),
    line('document', view.binding.optOut), line('terms', view.binding.terms), line('impact', view.binding.impact ?? 'none'),
    line('compare', styles.bold(code)),
    styles.dim(line('evidence', actor === undefined ? 'your second factor, in a browser' : evidenceNote)),
  ].join('\n')
}

async function confirm(act: SignedAct, { view: { name }, code }: Shown, sink: Io['stdout']): Promise<void> {
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
