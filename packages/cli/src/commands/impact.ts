import type { Command } from 'commander'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { type Finding, type HexDigest, controlOf, type StandingOptOut } from '@exeat/core'
import { declaredFindings, type Impact, impactDigest } from '@exeat/core/impact'
import { nearest } from '@exeat/core/text'
import { gitFacts, type Governance } from '@exeat/git'
import type { Io } from '../edge/io.ts'
import { writeOutput } from '../edge/output.ts'
import { cliError, systemReason } from '../edge/problem.ts'
import { closeInputs, readInputs } from '../gate/reports.ts'
import { runFacts } from '../governance/facts.ts'
import { authorOptions, compilePolicies, type GovernanceFlags, loadAuthored, modeOf, sha256 } from '../governance/load.ts'
import { clipped, shown } from '../text/safe.ts'
import { plural } from '../text/wrap.ts'

const help = `
Measures which findings of the given reports an opt-out declares: by control and
targets alone, whatever its window says. With --write the set is recorded under
.exeat/impacts/, named by its digest; where the terms require an impact (the
default) the opt-out then excuses these findings and no others. Commit it
together with the opt-out.

Examples:
  exeat impact log4j-hotfix trivy.sarif
  exeat impact log4j-hotfix trivy.sarif --write`

interface ImpactFlags extends GovernanceFlags {
  readonly env?: string
  readonly repo?: string
  readonly inputFormat?: string
  readonly write?: boolean
  readonly format: 'text' | 'json'
}

export function define(command: Command, io: Io, finish: (exit: number) => void): void {
  command
    .argument('<name>', 'the opt-out')
    .argument('<reports...>', 'report files, or - for standard input')
    .option('--env <name>', 'environment that the reports are of; default: the only one that the opt-out names')
    .option('--repo <name>', 'repository that the reports are of')
    .option('--input-format <format>', 'what the reports are; default: told by their content')
    .option('--write', 'record it under .exeat/impacts/')
    .addOption(command.createOption('-f, --format <format>', 'how to print it').choices(['text', 'json']).default('text'))
  authorOptions(command)
  command.addHelpText('after', help)
    .action(async (name: string, reports: readonly string[], flags: ImpactFlags) => {
      await impact(name, reports, flags, io)
      finish(0)
    })
}

interface Covered {
  readonly finding: Finding
  readonly fingerprint: HexDigest
}

async function impact(name: string, reports: readonly string[], flags: ImpactFlags, io: Io): Promise<void> {
  const governance = await loadAuthored(flags, io)
  const optOut = find(name, governance)
  const policySet = await compilePolicies(governance)
  const known = await gitFacts(io.cwd)
  const [only, ...others] = optOut.document.spec.targets?.environments ?? []
  const env = flags.env ?? (others.length === 0 ? only : undefined)
  const facts = runFacts({ ...flags, ...(env === undefined ? {} : { env }) }, governance, known)
  const inputs = await readInputs(reports, flags.inputFormat, io)
  closeInputs(inputs)
  const findings = inputs.flatMap((input) => input.reports).flatMap((report) => report.findings)
  const covered = declaredFindings(optOut, findings, facts, policySet, sha256)
  if (covered.length === 0) {
    throw cliError('IMPACT_EMPTY', `opt-out \`${name}\` covers none of the ${findings.length} findings in the reports`, 'compare its controls and targets with what `exeat gate` prints', optOut.origin)
  }
  const document: Impact = { schemaVersion: 1, kind: 'Impact', optOut: optOut.digest, fingerprints: [...new Set(covered.map(({ fingerprint }) => fingerprint))].sort() }
  const path = `.exeat/impacts/${impactDigest(document, sha256)}.json`
  if (flags.write === true) record(document, path, governance, io)
  if (flags.format === 'json') writeJson(name, document, path, covered, flags, governance, io)
  else writeText(name, path, covered, findings.length, flags, io)
}

function find(name: string, { optOuts }: Governance): StandingOptOut {
  const found = optOuts.filter(({ document }) => document.metadata.name === name)
  const [first] = found
  if (first !== undefined && found.length === 1) return first
  const meant = nearest(name, optOuts.map(({ document }) => document.metadata.name))
  throw cliError('OPTOUT_UNKNOWN', first === undefined ? `no opt-out \`${name}\` stands` : `${found.length} opt-outs are named \`${name}\``,
    meant === undefined ? '`exeat list` names those that do; `exeat lint` says what is wrong with others' : `did you mean \`${meant}\`?`)
}

function record(document: Impact, path: string, { source }: Governance, io: Io): void {
  if (source.kind !== 'worktree') throw cliError('USAGE', '`--write` and `--ref` exclude each other: it writes into the work tree', 'leave `--ref` out')
  try {
    mkdirSync(join(source.root, '.exeat', 'impacts'), { recursive: true })
  } catch (cause) {
    throw cliError('OUTPUT_FAILED', `\`.exeat/impacts\` cannot be made: ${systemReason(cause)}`)
  }
  writeOutput(io, join(source.root, path), (sink) => { sink.write(`${JSON.stringify(document, undefined, 1)}\n`) })
}

const mostShown = 50

function writeText(name: string, path: string, covered: readonly Covered[], total: number, flags: ImpactFlags, io: Io): void {
  io.stdout.write(`opt-out ${shown(name)} covers ${covered.length} of ${plural(total, 'finding')}:\n\n`)
  for (const { finding, fingerprint } of covered.slice(0, mostShown)) {
    const place = finding.path === undefined ? finding.resource ?? '' : `${finding.path}${finding.line === undefined ? '' : `:${finding.line}`}`
    io.stdout.write(`  ${fingerprint.slice(0, 12)}  ${clipped(controlOf(finding), 40)}  ${clipped(place, 80)}\n`)
  }
  if (covered.length > mostShown) io.stdout.write(`  … and ${covered.length - mostShown} more (--format json)\n`)
  io.stdout.write(flags.write === true ? `\nwrote ${path}\ncommit it together with the opt-out: a change of either voids it\n` : `\n--write would record it as ${path}\n`)
}

function writeJson(name: string, impactDocument: Impact, path: string, covered: readonly Covered[], flags: ImpactFlags, governance: Governance, io: Io): void {
  io.stdout.write(`${JSON.stringify({
    schemaVersion: 1, kind: 'ImpactResult', mode: modeOf(governance), authoritative: false, governance: governance.label,
    optOut: name, written: flags.write === true, path, impact: impactDocument, findings: covered,
  })}\n`)
}
