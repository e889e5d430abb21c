/** Annotations of GitHub Actions. GitHub shows ten of a level a step, so the most severe findings come first and the rest are counted. */
import { formatInstant } from '@exeat/core'
import { blockedGroups } from '@exeat/core/run'
import type { Sink } from '../../edge/output.ts'
import { workflowData, workflowProperty } from '../../text/safe.ts'
import { reasonText } from '../../text/reason.ts'
import { plural } from '../../text/wrap.ts'
import { excusedGroups, placeOf } from '../groups.ts'
import { factsText } from './table.ts'
import { authority, type GateResult } from '../result.ts'
import { excusedText, trustText } from '../trust-text.ts'

const shownByGithub = 10

export function writeGithub(result: GateResult, sink: Sink, all: boolean): void {
  const { blocks, decisions, summary, now, facts, preview } = result
  const command = (level: 'error' | 'notice' | 'warning', properties: Readonly<Record<string, string | number | undefined>>, text: string): void => {
    const given = Object.entries(properties).filter(([, value]) => value !== undefined).map(([key, value]) => `${key}=${workflowProperty(String(value))}`)
    sink.write(`::${level}${given.length === 0 ? '' : ` ${given.join(',')}`}::${workflowData(text)}\n`)
  }
  for (const { code, message, hint } of blocks) command('error', { title: code }, `${message}${hint === undefined ? '' : ` (${hint})`}`)
  let left = all ? Infinity : Math.max(shownByGithub - blocks.length, 1)
  let hidden = 0
  for (const group of blockedGroups(decisions)) {
    const shownNow = group.decisions.slice(0, left)
    const why = shownNow.length === 0 ? undefined : whyText(group, now)
    for (const decision of shownNow) {
      command('error', { file: decision.finding.path, line: decision.finding.line, title: `${decision.control} blocked` }, `${decision.finding.title}: ${placeOf(decision)}. ${why ?? ''}`)
    }
    left -= shownNow.length
    hidden += group.decisions.length - shownNow.length
  }
  if (hidden > 0) command('warning', { title: 'exeat' }, `${hidden} more findings block (--all shows them)`)
  for (const { optOut, decisions: found } of excusedGroups(decisions)) {
    command('notice', { file: optOut.origin.file, line: optOut.origin.line, title: `excused by ${optOut.name}` }, `${plural(found.length, 'finding')} until ${formatInstant(optOut.until)}${optOut.unlogged === undefined ? '' : ', unlogged'}: ${optOut.reason}`)
  }
  if (summary.shadow > 0) command('warning', { title: 'shadow opt-outs' }, `${plural(summary.shadow, 'suppression')} came with the reports; they changed nothing`)
  command('notice', { title: `exeat: ${preview === undefined ? '' : 'preview: '}${summary.outcome}` },
    `${summary.blocked} blocked, ${excusedText(summary)}, ${summary.passed} passed. ${trustText(result)}; ${factsText(facts)}; ${authority}`)
}

function whyText(group: ReturnType<typeof blockedGroups>[number], now: GateResult['now']): string {
  const { nearest, wayOut } = group.explain()
  const [first] = nearest
  return [
    ...(first === undefined ? [] : [`nearest: ${reasonText(first.reason, now)}.`]),
    ...(wayOut?.command === undefined ? [] : [`way out: ${wayOut.command}`]),
  ].join(' ')
}
