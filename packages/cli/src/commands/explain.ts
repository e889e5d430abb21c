import type { Command } from 'commander'
import {
  canonicalControl, type ControlExplanation, decide, type Decision, explainControl, type Facts, type Finding, judgeGitOptOuts, type PolicySet, severities, type Severity,
  splitControl, type Subject,
} from '@exeat/core'
import { concerning } from '@exeat/core/run'
import { gitFacts, type Governance } from '@exeat/git'
import type { Io } from '../edge/io.ts'
import { cliError } from '../edge/problem.ts'
import { authority } from '../gate/result.ts'
import { factsText } from '../gate/writers/table.ts'
import { runFacts } from '../governance/facts.ts'
import { cacheFolder, compilePolicies, type GovernanceFlags, governanceOptions, loadGovernance, modeOf, sha256 } from '../governance/load.ts'
import { signedFor } from '../governance/standing.ts'
import { type Shown, type TermRow, termRows } from '../governance/terms.ts'
import { decisionJson } from '../text/json.ts'
import { reasonText } from '../text/reason.ts'
import { oneLine, shown } from '../text/safe.ts'
import { stylesFor } from '../text/style.ts'
import { hanging } from '../text/wrap.ts'

const help = `
Prints the terms on which a control could be opted out of here: the merge of
every policy that covers it, each with the document it comes from, and who may
ask, approve and activate.

Examples:
  exeat explain trivy/CVE-2021-44228 --env staging
  exeat explain trivy/CVE-2021-44228 --env staging --severity critical \\
    --path services/ledger/pom.xml`

interface ExplainFlags extends GovernanceFlags {
  readonly env?: string
  readonly repo?: string
  readonly severity?: string
  readonly path?: string
  readonly format: 'text' | 'json'
}

export function define(command: Command, io: Io, finish: (exit: number) => void): void {
  command
    .argument('<control>', 'as `exeat gate` names it: tool/rule')
    .option('--env <name>', 'environment')
    .option('--severity <severity>', severities.join(', '))
    .option('--repo <name>', 'repository, as the workspace names it')
    .option('--path <path>', 'a file: says what a finding there would get now')
    .addOption(command.createOption('-f, --format <format>', 'how to print it').choices(['text', 'json']).default('text'))
  governanceOptions(command)
  command.addHelpText('after', help)
    .action(async (control: string, flags: ExplainFlags) => {
      await explain(control, flags, io)
      finish(0)
    })
}

interface Page {
  readonly explanation: ControlExplanation
  readonly facts: Facts
  readonly governance: Governance
  readonly now: Decision
  readonly places: ReadonlyMap<string, string>
  readonly io: Io
}

async function explain(given: string, flags: ExplainFlags, io: Io): Promise<void> {
  const control = canonicalControl(given)
  const parts = splitControl(control)
  if (parts === undefined) throw cliError('USAGE', `\`${given}\` is no control`, 'write `tool/rule`, as in `trivy/CVE-2021-44228`')
  const [governance, known] = await Promise.all([loadGovernance(flags, io), gitFacts(io.cwd)])
  const policySet = await compilePolicies(governance)
  const facts = runFacts(flags, governance, known)
  const severity = parseSeverity(flags.severity)
  const explanation = explainControl(policySet, subjectOf(control, severity, facts))
  const finding: Finding = { ...parts, title: '', ...(severity === undefined ? {} : { severity }), ...(flags.path === undefined ? {} : { path: flags.path }) }
  const signed = await signedFor(policySet, governance, governance.optOuts.filter(concerning([finding], policySet)), io.now, { dir: io.cwd, cacheDir: cacheFolder(flags, io) })
  const [now] = decide(policySet, judgeGitOptOuts(policySet, governance.optOuts, io.now, signed?.(io.now).shown), [finding], facts, io.now, { sha256 })
  if (now === undefined) throw new Error('one finding has one decision')
  const page: Page = { explanation, facts, governance, now, places: placesOf(policySet), io }
  if (flags.format === 'json') writeJson(page)
  else writeText(page)
}

function parseSeverity(text: string | undefined): Severity | undefined {
  const severity = severities.find((known) => known === text)
  if (text !== undefined && severity === undefined) throw cliError('USAGE', `\`--severity ${text}\` is no severity`, `say one of ${severities.join(', ')}`)
  return severity
}

const subjectOf = (control: string, severity: Severity | undefined, { environment, repository }: Facts): Subject => ({
  control,
  ...(environment === undefined ? {} : { environment: environment.value }),
  ...(severity === undefined ? {} : { severity }),
  ...(repository === undefined ? {} : { repository: repository.value.name }),
})

const placesOf = (policySet: PolicySet): ReadonlyMap<string, string> =>
  new Map([...policySet.origins].map(([name, { file, line }]) => [name, `${file}:${line}`]))

function writeText({ explanation, facts, governance, now, places, io }: Page): void {
  const { stdout } = io
  const styles = stylesFor(stdout, io.env)
  const width = stdout.columns
  const line = (text = ''): void => { stdout.write(`${text}\n`) }
  const { subject, names, answer, covering } = explanation
  line(styles.bold(shown(subject.control)) + (subject.severity === undefined ? '' : `  ${subject.severity}`))
  if (names.length > 1) line(hanging('  also known as ', names.filter((name) => name !== subject.control).join(', '), width))
  line(styles.dim(hanging('  ', factsText(facts), width)))
  line()
  if (answer.kind === 'refused') {
    line(styles.bad(hanging('NO OPT-OUT  ', oneLine(answer.because.message), width)))
    if (answer.because.hint !== undefined) line(styles.dim(hanging('            hint: ', oneLine(answer.because.hint), width)))
  } else {
    const rows = termRows(answer.terms)
    line(`${styles.good('POSSIBLE')}    an opt-out may exist on these terms:`)
    line()
    for (const row of rows) termLine(row, places, width, styles.dim, line)
    line()
    line(canBeMet(rows, width))
  }
  line()
  line('Policies that cover it:')
  if (covering.length === 0) line('  none')
  for (const { policy, effect, origin, because } of covering) {
    line(`  ${effect === 'forbid' ? styles.bad(effect) : effect}  ${styles.bold(policy)}  ${styles.dim(`${shown(origin.file)}:${origin.line}`)}`)
    for (const reason of because) line(styles.dim(hanging('          ', oneLine(reason), width)))
  }
  line()
  line(`A finding of it here, now: ${now.outcome}`)
  for (const reason of now.reasons) line(hanging('  ', reasonText(reason, io.now), width))
  line()
  line(styles.dim(hanging('trust  ', `${modeOf(governance)} mode, ${shown(governance.label)}; ${authority}`, width)))
}

/** The documents beside the value where the line has room for both, else below it. */
function termLine({ term, value, policies }: TermRow, places: ReadonlyMap<string, string>, width: number, dim: (text: string) => string, line: (text: string) => void): void {
  const documents = policies.map((name) => `${name} ${places.get(name) ?? ''}`.trim()).join(', ')
  const head = `  ${term.padEnd(26)} `
  const text = oneLine(value)
  if (head.length + Math.max(text.length, 16) + 2 + documents.length <= width) {
    line(`${head}${text.padEnd(16)}  ${dim(documents)}`)
    return
  }
  line(hanging(head, text, width))
  line(dim(hanging(' '.repeat(head.length), documents, width)))
}

function canBeMet(rows: readonly TermRow[], width: number): string {
  const needing = (trust: Shown): readonly string[] => [...new Set(rows.filter((row) => row.trust === trust).map(({ term }) => term))]
  const [signed, logged] = [needing('signatures'), needing('log')]
  if (signed.length === 0 && logged.length === 0) return '  Git alone can show that all of it is met.'
  return [
    ...(signed.length === 0 ? [] : [hanging('  ', `${signed.join(', ')}: needs SSH signatures merged into the protected branch, or the log; without them each opt-out under it is refused`, width)]),
    ...(logged.length === 0 ? [] : [hanging('  ', `${logged.join(', ')}: needs the log; in git trust each opt-out under it is refused`, width)]),
  ].join('\n')
}

function writeJson({ explanation: { subject, names, answer, covering }, facts, governance, now, places, io }: Page): void {
  const terms = answer.kind === 'permitted'
    ? { possible: true, terms: termRows(answer.terms).map((row) => ({ ...row, documents: row.policies.map((name) => places.get(name) ?? name) })) }
    : { possible: false, because: answer.because }
  io.stdout.write(`${JSON.stringify({
    schemaVersion: 1, kind: 'Explanation', mode: modeOf(governance), authoritative: false, authority, governance: governance.label, facts,
    subject, names, ...terms, covering, now: decisionJson(now),
  })}\n`)
}
