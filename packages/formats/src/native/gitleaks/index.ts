/**
 * `.gitleaksignore`: a fingerprint a line, `commit:file:rule:line` or `file:rule:line`, and comments behind `#` at the start of a line. No end.
 * With the commit an entry means one leak for ever; without it whatever stands at that line.
 */
import type { Finding } from '@exeat/core'
import { heading } from '../text.ts'
import type { NativeForm, Target } from '../types.ts'

function target({ rule, path, line, toolFingerprint }: Finding): Target | string {
  if (path === undefined || line === undefined) return 'it has no path or no line'
  // The tool splits at colons, trims each line, takes a backslash for a slash and a leading `#` for a comment.
  if (/[:\\]/u.test(path) || /[:\s]/u.test(rule) || path.trim() !== path || path.startsWith('#')) return 'its path or rule holds a character that the file gives a meaning'
  const place = `${path}:${rule}:${line}`
  const commit = toolFingerprint?.endsWith(`:${place}`) === true ? toolFingerprint.slice(0, -place.length - 1) : ''
  const known = /^[0-9a-f]{40}(?:[0-9a-f]{24})?$/u.test(commit)
  return { match: { rule, path, line }, exact: known, lineBound: true, detail: known ? `${commit}:${place}` : place }
}

export const gitleaksForm: NativeForm = {
  name: 'gitleaks',
  tool: 'gitleaks',
  selfExpiring: false,
  target,
  render: (rows, context) => [{
    path: '.gitleaksignore',
    content: [...heading(context).map((line) => `# ${line}`), ...rows.map(({ target: { detail } }) => detail ?? '')].map((line) => `${line}\n`).join(''),
  }],
}
