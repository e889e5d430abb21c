import type { Command } from 'commander'
import type { Governance } from '@exeat/git'
import type { Io } from '../edge/io.ts'
import { cliError } from '../edge/problem.ts'
import { type CaseResult, runCases, untouched } from '../governance/cases.ts'
import { authorOptions, compilePolicies, type GovernanceFlags, loadAuthored, modeOf } from '../governance/load.ts'
import { shown, xmlText } from '../text/safe.ts'
import { stylesFor } from '../text/style.ts'
import { plural } from '../text/wrap.ts'

const help = `
Runs the cases of every OptOutTest document: given these facts, opt-outs,
finding and instant, the policies must answer so. Reads the files as they lie
here; --ref reads those of a branch instead.

Examples:
  exeat test
  exeat test --format junit > exeat-tests.xml

Exit codes: 0 all cases pass, 3 one fails or there is none.`

interface TestFlags extends GovernanceFlags {
  readonly format: 'text' | 'json' | 'junit'
}

export function define(command: Command, io: Io, finish: (exit: number) => void): void {
  command.addOption(command.createOption('-f, --format <format>', 'how to print it').choices(['text', 'json', 'junit']).default('text'))
  authorOptions(command)
  command.addHelpText('after', help)
    .action(async (flags: TestFlags) => { finish(await test(flags, io)) })
}

async function test(flags: TestFlags, io: Io): Promise<number> {
  const governance = await loadAuthored(flags, io)
  const results = runCases(governance, await compilePolicies(governance))
  if (results.length === 0) throw cliError('TEST_NONE', 'there is no OptOutTest to run', 'write one under `.exeat/tests/`; `exeat init --dry-run` shows an example')
  const uncovered = untouched(governance, results)
  const exit = results.every(({ ok }) => ok) ? 0 : 3
  if (flags.format === 'json') writeJson(results, uncovered, governance, exit, io)
  else if (flags.format === 'junit') writeJunit(results, io)
  else writeText(results, uncovered, governance, io)
  return exit
}

function writeText(results: readonly CaseResult[], uncovered: Governance['policies'], governance: Governance, io: Io): void {
  const styles = stylesFor(io.stdout, io.env)
  const line = (text: string): void => { io.stdout.write(`${text}\n`) }
  for (const { test, name, ok, failures, told, origin } of results) {
    line(`${ok ? styles.good('ok    ') : styles.bad('FAILED')}  ${shown(test)}: ${shown(name)}`)
    if (ok) continue
    for (const failure of failures) line(`        error[TEST_FAILED] ${shown(origin.file)}:${origin.line}:${origin.column}: ${shown(failure)}`)
    for (const reason of told) line(styles.dim(`        because: ${reason}`))
  }
  const failed = results.filter(({ ok }) => !ok).length
  const policies = governance.policies.length
  line('')
  for (const { document, origin } of uncovered) line(styles.warn(`untested  ${shown(document.metadata.name)}  ${shown(origin.file)}:${origin.line}`))
  line(`${failed === 0 ? styles.good(`${results.length} passed`) : styles.bad(`${failed} of ${results.length} failed`)}; ${policies - uncovered.length} of ${plural(policies, 'policy', 'policies')} touched by a case`)
}

function writeJson(results: readonly CaseResult[], uncovered: Governance['policies'], governance: Governance, exit: number, io: Io): void {
  io.stdout.write(`${JSON.stringify({
    schemaVersion: 1, kind: 'TestResult', mode: modeOf(governance), authoritative: false, governance: governance.label, exit, cases: results,
    coverage: { policies: governance.policies.length, untouched: uncovered.map(({ document, origin }) => ({ policy: document.metadata.name, effect: document.spec.effect, origin })) },
  })}\n`)
}

function writeJunit(results: readonly CaseResult[], io: Io): void {
  const failed = results.filter(({ ok }) => !ok).length
  io.stdout.write(`<?xml version="1.0" encoding="UTF-8"?>\n<testsuite name="exeat test" tests="${results.length}" failures="${failed}">\n`)
  for (const { test, name, ok, failures, told, origin } of results) {
    io.stdout.write(`  <testcase classname="${xmlText(test)}" name="${xmlText(name)}" file="${xmlText(origin.file)}">`)
    if (!ok) io.stdout.write(`<failure type="TEST_FAILED" message="${xmlText(failures.join('; '))}">${xmlText(told.join('; '))}</failure>`)
    io.stdout.write('</testcase>\n')
  }
  io.stdout.write('</testsuite>\n')
}
