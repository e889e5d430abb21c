/** A job summary or a comment. Nothing from a report is markup in it. */
import { formatInstant } from '@exeat/core'
import { blockedGroups } from '@exeat/core/run'
import type { Sink } from '../../edge/output.ts'
import { markdownCode, markdownText } from '../../text/safe.ts'
import { reasonText } from '../../text/reason.ts'
import { plural } from '../../text/wrap.ts'
import { excusedGroups, placeOf, termsText } from '../groups.ts'
import { factsText } from './table.ts'
import { authority, type GateResult } from '../result.ts'
import { trustText } from '../trust-text.ts'

const mostControls = 50

export function writeMarkdown(result: GateResult, sink: Sink, all: boolean): void {
  const { summary, preview, now } = result
  sink.write(`## Exeat: ${summary.outcome}\n\n`)
  if (preview !== undefined) sink.write(`**Preview** of ${formatInstant(now)}; no use, no suppression. Today: ${preview.summary.outcome}.\n\n`)
  sink.write(`| findings | blocked | excused | passed | shadow opt-outs |\n|---:|---:|---:|---:|---:|\n| ${summary.findings} | ${summary.blocked} | ${summary.excused}${summary.unlogged === undefined ? '' : ` (${summary.unlogged} unlogged)`} | ${summary.passed} | ${summary.shadow} |\n\n`)
  blocksAndFindings(result, sink, all)
  excused(result, sink)
  sink.write(`<sub>${markdownText(`${trustText(result)}; ${factsText(result.facts)}; ${authority}`)}</sub>\n`)
}

function blocksAndFindings({ blocks, decisions, now, summary }: GateResult, sink: Sink, all: boolean): void {
  for (const { code, message, hint } of blocks) sink.write(`- **${code}** ${markdownText(message)}${hint === undefined ? '' : ` (${markdownText(hint)})`}\n`)
  if (blocks.length > 0) sink.write('\n')
  if (summary.blocked === 0) return
  const groups = blockedGroups(decisions)
  const shown = all ? groups : groups.slice(0, mostControls)
  sink.write('### Blocked\n\n| control | severity | findings | first place | nearest opt-out | way out |\n|---|---|---:|---|---|---|\n')
  for (const group of shown) {
    const { nearest, wayOut } = group.explain()
    const [first] = group.decisions
    const [miss] = nearest
    const way = wayOut === undefined ? '' : wayOut.possible ? markdownText(termsText(wayOut)) : markdownText(`not possible: ${wayOut.because?.message ?? ''}`)
    sink.write(`| ${markdownCode(group.control)} | ${group.severity ?? 'unknown'} | ${group.decisions.length} | ${first === undefined ? '' : markdownCode(placeOf(first))} `
      + `| ${miss === undefined ? 'none' : markdownText(reasonText(miss.reason, now))} | ${way}${wayOut?.command === undefined ? '' : ` ${markdownCode(wayOut.command)}`} |\n`)
  }
  if (groups.length > shown.length) sink.write(`\n… and ${plural(groups.length - shown.length, 'more control')} (\`--all\`)\n`)
  sink.write('\n')
}

function excused({ decisions, summary }: GateResult, sink: Sink): void {
  if (summary.excused === 0) return
  sink.write('### Excused (not passed)\n\n| opt-out | findings | until | owner | reason | evidence |\n|---|---:|---|---|---|---|\n')
  for (const { optOut, decisions: found } of excusedGroups(decisions)) {
    sink.write(`| ${markdownCode(optOut.name)} | ${found.length} | ${formatInstant(optOut.until)} | ${markdownText(optOut.owner)} | ${markdownText(optOut.reason)} | ${optOut.evidence}${optOut.unlogged === undefined ? '' : ', **unlogged**'} |\n`)
  }
  sink.write('\n')
}
