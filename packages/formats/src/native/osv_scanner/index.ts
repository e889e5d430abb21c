/**
 * `osv-scanner.toml`, for `--config`: entries match by id alone, in everything that is scanned. `ignoreUntil` is an offset date-time, as a bare
 * date would be read in the time zone of the machine; it no longer counts at the instant itself.
 */
import { formatInstant } from '@exeat/core'
import { heading, oneLine, tomlString } from '../text.ts'
import type { NativeForm, Row } from '../types.ts'

const entry = ({ target: { match }, excuse: { by }, ends }: Row): string => [
  '[[IgnoredVulns]]', `id = ${tomlString(match.rule)}`, `ignoreUntil = ${formatInstant(ends)}`, `reason = ${tomlString(oneLine(`${by.name}: ${by.reason}`))}`,
].map((line) => `${line}\n`).join('')

export const osvScannerForm: NativeForm = {
  name: 'osv-scanner',
  tool: 'osv-scanner',
  selfExpiring: true,
  target: ({ rule }) => (/^[A-Z][A-Z0-9]*-[\w.:-]+$/u.test(rule) ? { match: { rule }, exact: false } : 'it is no vulnerability, and only those have entries with an end'),
  render: (rows, context) => [{ path: 'osv-scanner.toml', content: [heading(context).map((line) => `# ${line}\n`).join(''), ...rows.map(entry)].join('\n') }],
}
