/** Arguments for `semgrep scan`, one a line: `--exclude-rule` takes a rule out of the whole scan, in every file, and knows no end. */
import { heading } from '../text.ts'
import type { NativeForm } from '../types.ts'

export const semgrepForm: NativeForm = {
  name: 'semgrep',
  tool: 'semgrep',
  selfExpiring: false,
  target: ({ rule }) => (/^[A-Za-z0-9_][A-Za-z0-9_.-]*$/u.test(rule) ? { match: { rule }, exact: false } : 'its rule holds a character that a shell could read'),
  render: (rows, context) => [{
    path: 'exeat-semgrep.args',
    content: [...heading(context).map((line) => `# ${line}`), ...rows.map(({ target: { match } }) => `--exclude-rule=${match.rule}`)].map((line) => `${line}\n`).join(''),
  }],
}
