/** JUnit XML as Jenkins and GitLab read it: a suite a tool, a case a finding; blocked fails, excused is skipped with its reason. */
import type { Decision } from '@exeat/core'
import type { Sink } from '../../edge/output.ts'
import { xmlText } from '../../text/safe.ts'
import { reasonHint, reasonText } from '../../text/reason.ts'
import { placeOf } from '../groups.ts'
import { factsText } from './table.ts'
import { authority, type GateResult } from '../result.ts'
import { trustText } from '../trust-text.ts'

export function writeJunit(result: GateResult, sink: Sink): void {
  const { summary, decisions, blocks } = result
  const failures = summary.blocked + blocks.length
  sink.write(`<?xml version="1.0" encoding="UTF-8"?>\n<testsuites name="exeat" tests="${decisions.length + blocks.length}" failures="${failures}" skipped="${summary.excused}">\n`)
  runSuite(result, sink)
  for (const [tool, found] of Map.groupBy(decisions, ({ finding }) => finding.tool)) toolSuite(tool, found, result, sink)
  sink.write('</testsuites>\n')
}

function runSuite(result: GateResult, sink: Sink): void {
  const { blocks, mode, log, unlogged, governance, evidence, facts, preview } = result
  sink.write(`  <testsuite name="exeat: the run" tests="${blocks.length}" failures="${blocks.length}" skipped="0">\n    <properties>\n`)
  const properties = { mode, authoritative: 'false', authority, governance: governance.label, evidence, ...(log === undefined ? {} : { trust: trustText(result), logOrigin: log.origin, logSize: String(log.size) }), ...(unlogged === undefined ? {} : { trust: trustText(result), unlogged: 'true' }), facts: factsText(facts), ...(preview === undefined ? {} : { preview: 'true' }) }
  for (const [name, value] of Object.entries(properties)) sink.write(`      <property name="${name}" value="${xmlText(value)}"/>\n`)
  sink.write('    </properties>\n')
  for (const { code, message, hint } of blocks) {
    sink.write(`    <testcase classname="exeat.run" name="${code}"><failure type="${code}" message="${xmlText(message)}">${xmlText(hint ?? message)}</failure></testcase>\n`)
  }
  sink.write('  </testsuite>\n')
}

function toolSuite(tool: string, decisions: readonly Decision[], { now }: GateResult, sink: Sink): void {
  const count = (outcome: Decision['outcome']): number => decisions.filter((decision) => decision.outcome === outcome).length
  sink.write(`  <testsuite name="${xmlText(tool)}" tests="${decisions.length}" failures="${count('blocked')}" skipped="${count('excused')}">\n`)
  for (const decision of decisions) {
    const { control, outcome, finding, reasons } = decision
    const file = finding.path === undefined ? '' : ` file="${xmlText(finding.path)}"`
    const told = reasons.map((reason) => reasonText(reason, now)).join('; ')
    sink.write(`    <testcase classname="${xmlText(control)}" name="${xmlText(`${control} ${placeOf(decision)}`)}"${file}>`)
    if (outcome === 'blocked') sink.write(`<failure type="${xmlText(reasons[0]?.code ?? 'BLOCKED')}" message="${xmlText(told)}">${xmlText(blockedText(decision, now))}</failure>`)
    else if (outcome === 'excused') sink.write(`<skipped message="${xmlText(`excused: ${told}`)}"/>`)
    sink.write('</testcase>\n')
  }
  sink.write('  </testsuite>\n')
}

function blockedText({ finding, nearest, wayOut }: Decision, now: GateResult['now']): string {
  const hints = nearest.flatMap(({ reason }) => reasonHint(reason, now) ?? [])
  return [finding.title, ...hints, ...(wayOut?.command === undefined ? [] : [`way out: ${wayOut.command}`])].join(' | ')
}
