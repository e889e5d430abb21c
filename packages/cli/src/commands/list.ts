import Table from 'cli-table3'
import type { Command } from 'commander'
import { decide, formatInstant, type OptOutSet, type PolicySet } from '@exeat/core'
import { gitFacts, type Governance } from '@exeat/git'
import type { Io } from '../edge/io.ts'
import { closeInputs, readInputs } from '../gate/reports.ts'
import { authority } from '../gate/result.ts'
import { runFacts } from '../governance/facts.ts'
import { type Health, healthOf, type State } from '../governance/health.ts'
import { cacheFolder, compilePolicies, type GovernanceFlags, governanceOptions, loadGovernance, modeOf, sha256 } from '../governance/load.ts'
import { judgeStanding, pinsLog } from '../governance/standing.ts'
import { oneLine, shown } from '../text/safe.ts'
import { fromNow } from '../text/span.ts'
import { type Styles, stylesFor } from '../text/style.ts'
import { plural } from '../text/wrap.ts'

const help = `
Every opt-out that stands: its state, the time it has left, and what deserves a
look. Whether one is unused shows only against reports: give them with --report.

Examples:
  exeat list
  exeat list --env staging --report trivy.sarif --report semgrep.json
  exeat list --format json
  exeat list --server unix:/srv/exeat/admin.sock

States: active, lapsed, refused (by its terms), invalid (the document is wrong).
Where the workspace pins a log: standing, as the log alone says what is active;
--server asks it.
Health: not-yet, expiring (ends within 7 days), unused, over-broad, duplicate.`

interface ListFlags extends GovernanceFlags {
  readonly env?: string
  readonly repo?: string
  readonly report?: readonly string[]
  readonly inputFormat?: string
  readonly server?: string | true
  readonly format: 'table' | 'json'
}

export function define(command: Command, io: Io, finish: (exit: number) => void): void {
  command
    .option('--server [address]', 'the opt-outs that the server knows; EXEAT_SERVER')
    .option('--report <files...>', 'reports that tell which opt-outs are used')
    .option('--input-format <format>', 'what the reports are; default: told by their content')
    .option('--env <name>', 'environment that the reports are of')
    .option('--repo <name>', 'repository that the reports are of')
    .addOption(command.createOption('-f, --format <format>', 'how to print it').choices(['table', 'json']).default('table'))
  governanceOptions(command)
  command.addHelpText('after', help)
    .action(async (flags: ListFlags) => {
      await (flags.server === undefined ? list(flags, io) : (await import('../acts/list.ts')).listServer({ ...flags, server: flags.server }, io))
      finish(0)
    })
}

async function list(flags: ListFlags, io: Io): Promise<void> {
  const governance = await loadGovernance(flags, io)
  const policySet = await compilePolicies(governance)
  const set = await judgeStanding(policySet, governance, io.now, { dir: io.cwd, cacheDir: cacheFolder(flags, io) })
  const used = await usedBy(flags, governance, policySet, set, io)
  const health = healthOf(set, io.now, used)
  if (flags.format === 'json') writeJson(health, governance, used !== undefined, io)
  else writeTable(health, governance, used !== undefined, io)
}

/** Uids that excuse something in the reports; undefined: none were given. */
async function usedBy(flags: ListFlags, governance: Governance, policySet: PolicySet, set: OptOutSet, io: Io): Promise<ReadonlySet<string> | undefined> {
  // With a log, what is used is what the log counted.
  if (flags.report === undefined || pinsLog(governance)) return undefined
  const facts = runFacts(flags, governance, await gitFacts(io.cwd))
  const inputs = await readInputs(flags.report, flags.inputFormat, io)
  closeInputs(inputs)
  const findings = inputs.flatMap(({ reports }) => reports).flatMap((report) => report.findings)
  return new Set(decide(policySet, set, findings, facts, io.now, { sha256 }).flatMap(({ optOut }) => optOut?.uid ?? []))
}

function timeText({ optOut: { document: { spec: { window: { from, until } } } }, state }: Health, now: Io['now']): string {
  if (state === 'lapsed') return `ended ${fromNow(until, now)}`
  return now < from ? `begins ${fromNow(from, now)}` : `ends ${fromNow(until, now)}`
}

/** Where a log is pinned no document says that it is active. */
const stateOf = (state: State, governance: Governance): State | 'standing' => (state === 'active' && pinsLog(governance) ? 'standing' : state)

const painted = (state: State | 'standing', styles: Styles): string => (state === 'active' ? styles.good(state) : state === 'lapsed' ? styles.dim(state) : styles.bad(state))

function writeTable(health: readonly Health[], governance: Governance, reported: boolean, io: Io): void {
  const styles = stylesFor(io.stdout, io.env)
  const table = new Table({
    head: ['opt-out', 'state', 'time', 'health', 'controls', 'owner'],
    style: { head: [], border: [], compact: true, 'padding-left': 0, 'padding-right': 2 },
    chars: Object.fromEntries(['top', 'top-mid', 'top-left', 'top-right', 'bottom', 'bottom-mid', 'bottom-left', 'bottom-right', 'left', 'left-mid', 'mid', 'mid-mid', 'right', 'right-mid', 'middle'].map((key) => [key, ''])),
  })
  for (const each of health) {
    const { document: { metadata, spec } } = each.optOut
    table.push([shown(metadata.name), painted(stateOf(each.state, governance), styles), timeText(each, io.now), each.flags.length === 0 ? '-' : styles.warn(each.flags.join(', ')),
      controlsText(spec.controls), oneLine(spec.owner)])
  }
  for (const { name, origin } of governance.refused) table.push([shown(name ?? 'no name'), painted('invalid', styles), '-', 'see exeat lint', `${shown(origin.file)}:${origin.line}`, '-'])
  if (health.length + governance.refused.length === 0) io.stdout.write('no opt-out stands\n')
  else io.stdout.write(`${table.toString().split('\n').map((row) => row.trimEnd()).join('\n')}\n`)
  for (const { optOut, because } of health) {
    for (const { message } of because) io.stdout.write(`${styles.bad('refused')} ${shown(optOut.document.metadata.name)}: ${oneLine(message)}\n`)
  }
  io.stdout.write(`\n${countsText(health, governance)}${pinsLog(governance) ? '; what is active says the log: exeat list --server' : reported ? '' : '; use is unknown without --report'}\n`)
  io.stdout.write(styles.dim(`${modeOf(governance)} mode, ${shown(governance.label)}\n`))
}

const controlsText = (controls: readonly string[]): string => {
  const first = oneLine(controls[0] ?? '')
  return controls.length > 1 ? `${first} +${controls.length - 1}` : first
}

function countsText(health: readonly Health[], governance: Governance): string {
  const { refused } = governance
  const count = (state: State): string => `${health.filter((each) => each.state === state).length} ${stateOf(state, governance)}`
  return `${plural(health.length + refused.length, 'opt-out')}: ${count('active')}, ${count('lapsed')}, ${count('refused')}, ${refused.length} invalid`
}

function writeJson(health: readonly Health[], governance: Governance, reported: boolean, io: Io): void {
  const optOuts = health.map(({ optOut: { document: { metadata, spec }, uid, digest, origin }, state, flags, because, duplicates }) => ({
    name: metadata.name, state: stateOf(state, governance), flags, uid, digest, origin,
    controls: spec.controls, targets: spec.targets ?? {}, category: spec.category, reason: spec.reason, owner: spec.owner,
    ...(spec.ticket === undefined ? {} : { ticket: spec.ticket }),
    from: formatInstant(spec.window.from), until: formatInstant(spec.window.until),
    ...(because.length === 0 ? {} : { because }),
    ...(duplicates.length === 0 ? {} : { duplicates }),
  }))
  io.stdout.write(`${JSON.stringify({
    schemaVersion: 1, kind: 'OptOutList', mode: modeOf(governance), authoritative: false, authority, governance: governance.label,
    evaluatedAt: formatInstant(io.now), useKnown: reported, optOuts, invalid: governance.refused,
  })}\n`)
}
