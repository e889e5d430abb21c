/** A verdict on evidence, for people and for programs. */
import Table from 'cli-table3'
import { canonicalInstant, formatInstant, type Identity, type Instant } from '@exeat/core'
import type { AuditedAct, EvidenceAudit, ShownEvidence } from '@exeat/verify/audit'
import type { Io } from '../edge/io.ts'
import { row } from '../acts/page.ts'
import { problemLines } from '../edge/report.ts'
import { clipped, oneLine, shown } from '../text/safe.ts'
import { type Styles, stylesFor } from '../text/style.ts'
import { plural } from '../text/wrap.ts'
import type { Evidenced, EvidenceFlags, Target } from './evidence.ts'

export function writeEvidence(evidenced: Evidenced, flags: EvidenceFlags, exit: number, io: Io): void {
  if (flags.format === 'json') io.stdout.write(`${JSON.stringify(evidenceJson(evidenced, flags, exit))}\n`)
  else writeText(evidenced, flags, exit, io)
}

const verdicts = ['HOLDS', 'NOT WHOLE', 'WRONG'] as const

function writeText({ target, origin, head, tree, audit }: Evidenced, { from, clone }: EvidenceFlags, exit: number, io: Io): void {
  const styles = stylesFor(io.stdout, io.env)
  const { columns } = io.stdout
  const line = (label: string, text: string): void => { io.stdout.write(`${row(label, shown(text), columns)}\n`) }
  const paint = exit === 0 ? styles.good : exit === 1 ? styles.warn : styles.bad
  io.stdout.write(`${paint(verdicts[exit] ?? 'WRONG')}  ${styles.bold(shown(origin))}\n\n`)
  line('from', from)
  if (head !== undefined) line('log', `${plural(head.checkpoint.size, 'entry', 'entries')}, root ${Buffer.from(head.checkpoint.root).toString('hex')}, signed by ${head.signers.map(({ key }) => key.name).join(', ')}`)
  if (audit !== undefined) {
    line('founders', `${audit.founders.map((key) => key.replace(/\+.*$/, '')).join(', ')}, ${audit.pinned ? `pinned by ${clone ?? 'the clone'}` : 'as entry 0 states them'}`)
    if (target === undefined) writeAll(audit, styles, io)
    else writeOne(target, audit, io)
  }
  const faults = [...tree, ...audit?.faults ?? []]
  if (faults.length > 0) io.stdout.write(`\n${problemLines(faults.slice(0, most), 'error', styles)}`)
  if (faults.length > most) io.stdout.write(`… and ${faults.length - most} more\n`)
}

/** Faults that are printed. */
const most = 100

const wordOf = (type: string): string => type.replace(/^dev\.exeat\.(?:optout\.)?(.+)\.v1$/, '$1')
const personText = ({ iss, sub }: Identity): string => `${sub} (${iss})`
const instantOf = (at: Instant): string => formatInstant((Math.floor(at / 1000) * 1000) as Instant)

function kindText({ strength, kind }: ShownEvidence): string {
  return `${strength}, ${kind === 'root' ? 'a founder\'s root key' : kind === 'typed' ? 'a typed name' : kind}`
}

function writeOne({ index, leaf }: Target, { acts }: EvidenceAudit, io: Io): void {
  const { columns } = io.stdout
  const styles = stylesFor(io.stdout, io.env)
  const line = (label: string, text: string): void => { io.stdout.write(`${row(label, shown(text), columns)}\n`) }
  const act = acts.find((each) => each.index === index)
  line('entry', `${index}, ${leaf.id}: ${wordOf(leaf.type)}, proven to stand in the log`)
  line('time', instantOf(leaf.time))
  if (leaf.uid !== null) line('opt-out', act?.name === undefined ? leaf.uid : `${act.name} (${leaf.uid})`)
  else if (act?.name !== undefined) line('of', act.name)
  if (act === undefined) {
    line('act', 'none: no person signs such an entry; its body is the one that it commits to')
    return
  }
  line('act', sentence(act))
  io.stdout.write(`  ${'verdict'.padEnd(14)}${stateText(act, styles)}\n`)
  if (act.evidence !== undefined) writeShown(act.evidence, line)
  if (act.second !== undefined) {
    line('second', personText(act.second.by))
    writeShown(act.second.evidence, line)
  }
  if (act.code !== undefined) line('compare', act.code)
}

const verbs: Readonly<Record<string, string>> = {
  proposed: 'asked for', renewed: 'asked to renew by', approved: 'approved', rejected: 'rejected', withdrawn: 'withdrew', activated: 'activated', revoked: 'revoked',
  'emergency.activated': 'declared the emergency', 'emergency.reviewed': 'reviewed the emergency', 'emergency.acknowledged': 'heard the alarm of', 'drill.started': 'started a drill', 'drill.acknowledged': 'heard the drill', 'drill.ended': 'ended the drill', 'enrolment.added': 'enrolled a key of', 'enrolment.vouched': 'vouched for a key of', 'enrolment.removed': 'removed a key of',
  'shadow.detected': 'reported, undeclared,', 'shadow.covered': 'reported, declared,', 'shadow.resolved': 'no longer reports',
}

function sentence({ type, by, name }: AuditedAct): string {
  const who = type.startsWith('dev.exeat.shadow.') ? 'another system' : by === undefined ? 'nobody is shown who' : personText(by)
  return `${who} ${verbs[wordOf(type)] ?? wordOf(type)} ${name === undefined ? 'what cannot be read' : `\`${name}\``}`
}

function stateText({ state, because, problem }: AuditedAct, styles: Styles): string {
  const paint = { verified: styles.good, asserted: styles.warn, unchecked: styles.warn, wrong: styles.bad }[state]
  const why = problem?.code ?? because
  return `${paint(state)}${why === undefined ? '' : ` (${oneLine(why)})`}`
}

function writeShown(evidence: ShownEvidence, line: (label: string, text: string) => void): void {
  const { key, enrolment, relyingParty, origin, userVerified, counter, age, issuer, acr, amr, name, method } = evidence
  line('strength', `${kindText(evidence)}${name === undefined ? '' : ` \`${name}\``}${method === undefined ? '' : `, by ${method}`}`)
  if (enrolment !== undefined) line('key', key === undefined ? `entry ${enrolment}` : `entry ${enrolment}, \`${key.label}\`, ${key.attested ? 'attested' : 'not attested'}, ${key.backupEligible ? 'may be copied' : 'bound to its device'}`)
  if (origin !== undefined) line('where', `${origin}${relyingParty === undefined ? '' : `, relying party \`${relyingParty}\``}`)
  if (issuer !== undefined) line('provider', `${issuer}${acr === undefined ? '' : `, acr ${acr}`}${amr === undefined ? '' : `, amr ${amr.join(', ')}`}`)
  if (userVerified !== undefined) line('owner', `${userVerified ? 'verified' : 'not verified'} by the key${counter === undefined ? '' : `; counter ${counter}`}`)
  if (age !== undefined) line('challenge', `${age / 1000} s before the act`)
}

const borders = Object.fromEntries(['top', 'top-mid', 'top-left', 'top-right', 'bottom', 'bottom-mid', 'bottom-left', 'bottom-right', 'left', 'left-mid', 'mid', 'mid-mid', 'right', 'right-mid', 'middle'].map((key) => [key, '']))

function writeAll({ acts, content, governed }: EvidenceAudit, styles: Styles, io: Io): void {
  const { columns } = io.stdout
  const line = (label: string, text: string): void => { io.stdout.write(`${row(label, shown(text), columns)}\n`) }
  const last = governed.at(-1)
  if (last !== undefined) line('workspace', `of commit ${last.commit}, entry ${last.index}${last.relyingParty === undefined ? '' : `; relying party \`${last.relyingParty}\` at ${last.origins.join(', ')}`}`)
  line('contents', `${plural(content.held, 'body or document', 'bodies and documents')} as the log names them; ${content.erased} erased; ${content.missing} missing`)
  if (acts.length > 0) {
    const table = new Table({ head: ['entry', 'time', 'act', 'of', 'by', 'strength', ''], style: { head: [], border: [], compact: true, 'padding-left': 0, 'padding-right': 2 }, colAligns: ['right'], chars: borders })
    for (const act of acts) table.push([`${act.index}`, instantOf(act.at), wordOf(act.type), clipped(act.name ?? '-', 32), act.by === undefined ? '-' : clipped(act.by.sub, 24), strengthOf(act), stateText(act, styles)])
    io.stdout.write(`\n${table.toString().split('\n').map((each) => each.trimEnd()).join('\n')}\n\n`)
  }
  for (const { strength, ...count } of totals(acts)) io.stdout.write(`  ${strength.padEnd(19)}${Object.entries(count).filter(([, many]) => many > 0).map(([state, many]) => `${many} ${state}`).join(', ')}\n`)
}

const unsigned = 'no signature'
const strengthOf = ({ evidence }: AuditedAct): string => evidence?.strength ?? unsigned

/** How many acts of each strength, and how they were found. */
export function totals(acts: readonly AuditedAct[]) {
  const counts = new Map<string, { verified: number; asserted: number; unchecked: number; wrong: number }>()
  for (const act of acts) {
    const count = counts.get(strengthOf(act)) ?? { verified: 0, asserted: 0, unchecked: 0, wrong: 0 }
    count[act.state] += 1
    counts.set(strengthOf(act), count)
  }
  return [...counts].map(([strength, count]) => ({ strength, ...count }))
}

function evidenceJson({ target, origin, head, tree, audit }: Evidenced, { from }: EvidenceFlags, exit: number): unknown {
  return {
    schemaVersion: 1, kind: 'LogEvidence', exit, outcome: ['holds', 'not-whole', 'wrong'][exit], from, origin,
    ...(head === undefined ? {} : { size: head.checkpoint.size, root: Buffer.from(head.checkpoint.root).toString('hex') }),
    ...(target === undefined ? {} : { entry: { index: target.index, id: target.leaf.id, type: target.leaf.type, time: canonicalInstant(target.leaf.time), uid: target.leaf.uid } }),
    ...(audit === undefined ? {} : {
      founders: { keys: audit.founders, pinned: audit.pinned }, governed: audit.governed, content: audit.content,
      acts: audit.acts.filter(({ index }) => target === undefined || index === target.index).map(({ at, ...act }) => ({ ...act, at: canonicalInstant(at) })),
      totals: totals(audit.acts.filter(({ index }) => target === undefined || index === target.index)),
    }),
    faults: [...tree.map((each) => ({ kind: 'wrong', ...each })), ...audit?.faults ?? []],
  }
}
