/**
 * `.snyk`. Paths in it are chains of dependencies compared as parts of text, which a finding has none of, so entries are for every path (`*`).
 * `expires` is written in full, as anything else may be read as no end; the instant itself still counts.
 */
import { lastInstant, lastMillisecond, oneLine, yamlFile } from '../text.ts'
import type { NativeForm, Row } from '../types.ts'

/** Compared as text: three fractional digits, always. */
const inFull = (instant: string): string => (instant.includes('.') ? instant : instant.replace('Z', '.000Z'))

const entry = ({ target: { match: { rule } }, excuse: { by }, ends }: Row): readonly [string, readonly object[]] => [
  rule, [{ '*': { reason: oneLine(`${by.name}: ${by.reason}`), expires: inFull(lastInstant(ends)) } }],
]

export const snykForm: NativeForm = {
  name: 'snyk',
  tool: 'snyk',
  selfExpiring: true,
  last: lastMillisecond,
  target: ({ rule }) => (/^(?:SNYK|snyk|npm)[-:][\w:.-]+$/u.test(rule) ? { match: { rule }, exact: false } : 'it is no id of a vulnerability of Snyk'),
  render: (rows, context) => [{ path: '.snyk', content: yamlFile({ version: 'v1.25.0', ignore: Object.fromEntries(rows.map(entry)), patch: {} }, context) }],
}
