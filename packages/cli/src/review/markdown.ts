/** A reviewed change as a comment on a pull request: whatever documents say is data there, and nothing of it is markup, a mention or a link. */
import type { Problem } from '@exeat/core'
import type { ReviewedOptOut, ReviewedPolicyChange } from '@exeat/core/review'
import { clipped, markdownCode, markdownProse, markdownText, oneLine } from '../text/safe.ts'
import type { ReviewedChange } from './change.ts'
import { keptLine, sinceLines } from './since.ts'
import { isNothing, looseningWords, optOutWords, outcomes, policyWords, quorumWords, scopeWords, windowWords } from './words.ts'

/** By this a comment is found again, to be written over and not beside. */
export const marker = '<!-- exeat review -->'

/** Forges cut comments at 65,536 characters; what does not fit is counted. */
const most = 50

/** `earlier`: the comment that stands there now, to tell what changed since. */
export function reviewMarkdown(reviewed: ReviewedChange, earlier?: string): string {
  const { change, label, review: { outcome, optOuts, policies, governance, problems, warnings }, invalid, unsigned } = reviewed
  const sections = [
    ...invalid.map(problemLine), ...problems.map(problemLine),
    ...optOuts.slice(0, most).map((each) => optOutSection(each, reviewed)), ...beyond(optOuts.length, 'opt-out'), ...policies.slice(0, most).map((each) => policySection(each, reviewed)), ...beyond(policies.length, 'policy'),
    ...(governance.changed.length === 0 ? [] : [`### Governance\n\n${governance.changed.map((each) => markdownCode(each)).join(', ')}: ${markdownText(quorumWords(governance, reviewed))}`]),
    ...warnings.map(problemLine), ...unsigned.slice(0, most).map(problemLine),
  ]
  const words = invalid.length > 0 ? 'may not merge: a document is wrong' : outcomes[outcome]
  return [
    `${marker}\n${keptLine(reviewed)}`, `## ${sign(reviewed)} Exeat: ${isNothing(reviewed) ? 'nothing that is governed changes' : words}`, ...sinceLines(reviewed, earlier), ...sections,
    `<sub>${markdownProse(`\`${change.head.slice(0, 12)}\`, judged by the ${label}`)}</sub>`,
  ].join('\n\n').concat('\n')
}

/** Beside the words, which say the same. */
const sign = ({ review: { outcome }, invalid }: ReviewedChange): string => (invalid.length > 0 ? '❌' : { allowed: '✅', waiting: '⏳', refused: '❌' }[outcome])

const beyond = (count: number, what: string): readonly string[] => (count <= most ? [] : [`… and ${count - most} more of kind ${what}: run \`exeat review\` for all of them`])

const problemLine = ({ code, message, hint, at }: Problem): string =>
  `- **${code}** ${markdownProse(message)}${at === undefined ? '' : ` (${markdownCode(`${at.file}:${at.line}`)})`}${hint === undefined ? '' : `<br>${markdownProse(hint)}`}`

function optOutSection(each: ReviewedOptOut, reviewed: ReviewedChange): string {
  const rows: readonly (readonly [string, string])[] = [
    ['Turns off', scopeWords(each)], ['Window', windowWords(each)], ['Reason', clipped(oneLine(each.optOut.document.spec.reason), 500)], ['Owner', each.optOut.document.spec.owner], ['Approval', quorumWords(each, reviewed)],
  ]
  const table = each.change === 'moved' ? '' : `\n\n| | |\n|---|---|\n${rows.map(([label, text]) => `| ${label} | ${markdownText(oneLine(text))} |`).join('\n')}`
  const told = [...each.problems, ...each.warnings].map(problemLine)
  return `### ${each.problems.length > 0 ? '❌ ' : ''}${markdownCode(each.name)} ${markdownText(optOutWords(each))}${table}${told.length === 0 ? '' : `\n\n${told.join('\n')}`}`
}

function policySection(each: ReviewedPolicyChange, reviewed: ReviewedChange): string {
  const looser = each.loosenings.map((loosening) => `- ${markdownText(oneLine(looseningWords(loosening)))}`)
  return `### Policy ${markdownCode(each.name)} ${markdownText(policyWords(each))}${looser.length === 0 ? '' : `\n\n${looser.join('\n')}`}\n\n${markdownText(quorumWords(each, reviewed))}`
}
