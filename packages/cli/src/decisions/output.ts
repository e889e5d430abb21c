/** A verified decision, for people and for programs. What only the server says beside it is told as that. */
import { formatInstant } from '@exeat/core'
import type { BlockedControl } from '@exeat/core/wire'
import type { SignedDecision } from '@exeat/verify/decision'
import type { Io } from '../edge/io.ts'
import { clipped, oneLine, shown } from '../text/safe.ts'
import { spanText } from '../text/span.ts'
import { plainStyles, type Styles, stylesFor } from '../text/style.ts'
import { hanging, plural } from '../text/wrap.ts'
import type { Decided } from './decide.ts'

export function writeDecided(decided: Decided, format: 'text' | 'json', io: Io): number {
  const { decision: { exit } } = decided
  if (format === 'json') io.stdout.write(`${JSON.stringify(decidedJson(decided))}\n`)
  else writeText(decided, io)
  return exit
}

function writeText(decided: Decided, io: Io): void {
  const { decision, blocked = [], path, singleFounder } = decided
  const { columns } = io.stdout
  const styles: Styles = io.stdout.isTTY ? stylesFor(io.stdout, io.env) : plainStyles
  const line = (text = ''): void => { io.stdout.write(`${text}\n`) }
  const row = (label: string, text: string): void => { line(hanging(`  ${label.padEnd(9)}`, text, columns)) }
  if (decision.preview) line(styles.warn(hanging('PREVIEW  ', 'what would be: a change that is not merged is not decided, nothing was counted, and no verifier honours this', columns)))
  for (const { code, message } of decision.blocks) line(styles.bad(hanging('BLOCKED  ', `${code}: ${oneLine(message)}`, columns)))
  if (decision.summary.blocked > 0) line(styles.bad(`BLOCKED  ${plural(decision.summary.blocked, 'finding')}`))
  for (const each of blockedBy(decision, blocked)) control(each, styles, columns, line)
  const { findings, passed, excused, blocked: count } = decision.summary
  line(decision.exit === 0 ? styles.good('PASSED   nothing blocks') : '')
  row('findings', `${findings}: ${passed} passed, ${excused} excused, ${count} blocked; evidence ${decision.summary.evidence}`)
  row('run', factsText(decision))
  row('asked by', callerText(decision))
  row('rests on', `log ${oneLine(decision.origin)} of ${plural(decision.bundle.size, 'entry', 'entries')}, policies of ${shown(decision.governance.ref)} at ${decision.governance.commit.slice(0, 12)}${singleFounder ? ', single-founder' : ''}`)
  row('holds', `until ${formatInstant(decision.notAfter)}, ${spanText(decision.notAfter - decision.issuedAt)} in all`)
  if (path !== undefined) row('file', shown(path))
}

interface Told {
  readonly control: string
  readonly findings: number
  readonly explained: BlockedControl | undefined
}

/** Which controls block is what was signed; why, and what to do, is only said. */
function blockedBy({ decisions }: SignedDecision, explained: readonly BlockedControl[]): readonly Told[] {
  const groups = Map.groupBy(decisions.filter(({ outcome }) => outcome === 'blocked'), ({ control: name }) => name)
  return [...groups].map(([name, of]) => ({ control: name, findings: of.length, explained: explained.find((each) => each.control === name) }))
}

function control({ control: name, findings, explained }: Told, styles: Styles, width: number, line: (text?: string) => void): void {
  line()
  line(`  ${styles.bold(clipped(name, width - 30))}  ${plural(findings, 'finding')}${explained?.severity === undefined ? '' : `  ${styles.bad(explained.severity)}`}`)
  if (explained === undefined) return
  if (explained.title !== '') line(styles.dim(`    ${clipped(oneLine(explained.title), width - 4)}`))
  for (const { message, hint } of explained.nearest) {
    line(hanging('    nearest  ', oneLine(message), width))
    if (hint !== undefined) line(styles.dim(hanging('             hint: ', oneLine(hint), width)))
  }
  const { possible, command } = explained.wayOut ?? {}
  if (possible === true) line('    way out  an opt-out is possible')
  if (typeof command === 'string') line(`      $ ${shown(command)}`)
}

function factsText({ facts }: SignedDecision): string {
  const { repository, commit, environment } = facts
  const said = [
    `${oneLine(repository.value.name)} (${oneLine(repository.value.id)}), ${repository.provenance}`, `commit ${commit.value.slice(0, 12)}, ${commit.provenance}`,
    environment === undefined ? 'no environment' : `${oneLine(environment.value)}, ${environment.provenance}`,
  ]
  return said.join('; ')
}

function callerText({ caller }: SignedDecision): string {
  if (caller.kind === 'operator') return 'somebody at the administrative socket, where nothing is proven'
  const { provider, subject, refProtected, workflow } = caller
  return `a job of ${oneLine(provider)}, ${oneLine(subject)}, ${refProtected ? 'protected ref' : 'ref not protected'}${workflow === undefined ? '' : `; workflow ${oneLine(workflow.ref)} at ${workflow.sha.slice(0, 12)}`}`
}

function decidedJson({ decision, blocked, path, singleFounder }: Decided): unknown {
  const { delegation: _, schema: __, issuedAt, notAfter, decisions, exit, ...rest } = decision
  return {
    schemaVersion: 1, kind: 'DecisionResult', exit, ...(path === undefined ? {} : { path }), singleFounder, issuedAt: formatInstant(issuedAt), notAfter: formatInstant(notAfter), ...rest,
    decisions: decisions.map(({ optOut, ...each }) => ({ ...each, ...(optOut === undefined ? {} : { optOut: { ...optOut, until: formatInstant(optOut.until) } }) })),
    ...(blocked === undefined ? {} : { blocked }),
  }
}
