/** Ignore files of one entry a line: Trivy, Semgrep, Gitleaks, and those that are written the same way. */
import type { Found } from '../types.ts'
import type { FileReader } from './index.ts'
import { found } from './found.ts'

interface Line {
  readonly text: string
  readonly offset: number
  /** The comment on the line, or those on the lines right above it. */
  readonly reason?: string
}

function linesOf(text: string): readonly Line[] {
  const lines: Line[] = []
  let above: string[] = []
  for (let at = 0; at < text.length;) {
    const newline = text.indexOf('\n', at)
    const end = newline < 0 ? text.length : newline
    const line = text.slice(at, end).replace(/\r$/, '')
    const entry = line.replace(/(?:^|\s)#.*$/, '').trim()
    const comment = /(?:^|\s)#+\s*(.*)$/.exec(line)?.[1]?.trim()
    if (entry !== '') {
      const reason = comment ?? (above.length === 0 ? undefined : above.join(' '))
      lines.push({ text: entry, offset: at + line.indexOf(entry), ...(reason === undefined || reason === '' ? {} : { reason }) })
    }
    above = entry === '' && comment !== undefined ? [...above.slice(-5), comment] : []
    at = end + 1
  }
  return lines
}

/** `CVE-2018-14618 exp:2026-01-01` (Trivy, "Filtering"). */
export const trivyIgnore: FileReader = (text) => linesOf(text).map(({ text: line, offset, reason }): Found => {
  const [rule = '', ...rest] = line.split(/\s+/)
  const expires = rest.find((word) => word.startsWith('exp:'))?.slice(4)
  return found({ tool: 'trivy', kind: 'ignore-file', mark: '.trivyignore' }, rule, offset, { reason, expires })
})

/** What no scanner needs to read, and everybody leaves out: others' code and what a build makes. */
const usual = /^!|^:include|^\/?(?:\*\*\/)?(?:node_modules|vendor|dist|build|target|\.venv|venv|\.git|\.tox|\.npm|\.yarn|env|\*\.min\.js|__pycache__|\.terraform)\/?(?:\*\*)?$/

export const semgrepIgnore: FileReader = (text) => linesOf(text).filter(({ text: line }) => !usual.test(line))
  .map(({ text: line, offset, reason }) => found({ tool: 'semgrep', kind: 'ignore-file', mark: '.semgrepignore' }, '*', offset, { reason, paths: [line] }))

/** `[commit:]path:rule:line` (Gitleaks, "Fingerprints"). */
export const gitleaksIgnore: FileReader = (text) => linesOf(text).map(({ text: line, offset, reason }) => {
  const parts = line.split(':')
  const shift = /^[0-9a-f]{40}$/.test(parts[0] ?? '') ? 1 : 0
  const rule = parts[shift + 1] ?? '*'
  return found({ tool: 'gitleaks', kind: 'ignore-file', mark: '.gitleaksignore' }, rule, offset, { reason, paths: parts[shift] === undefined ? [] : [parts[shift]] })
})

/** `[bandit]` with `skips` and `exclude`; `[flake8]` with the codes of flake8-bandit. */
export const initialisation: FileReader = (text) => {
  const places = new Map([['bandit', { tool: 'bandit', mark: '.bandit skips' }], ['flake8', { tool: 'ruff', mark: 'flake8 ignore' }]])
  let section = ''
  return linesOf(text.replaceAll(/^;.*$/gm, (line) => ' '.repeat(line.length))).flatMap(({ text: line, offset, reason }): readonly Found[] => {
    section = /^\[([^\]]+)\]$/.exec(line)?.[1]?.trim() ?? section
    const place = places.get(section)
    const [, key = '', value = ''] = /^([\w-]+)\s*[=:]\s*(.*)$/.exec(line) ?? []
    if (place === undefined || !/^(?:skips?|ignore|extend-ignore|exclude|exclude_dirs)$/.test(key)) return []
    if (key.startsWith('exclude')) return section === 'bandit' ? [found({ ...place, kind: 'configuration', mark: '.bandit exclude' }, '*', offset, { reason, paths: value.split(',').map((path) => path.trim()) })] : []
    return value.split(/[\s,]+/).filter((rule) => (section === 'bandit' ? /^B\d{3}$/ : /^S\d+$/).test(rule)).map((rule) => found({ ...place, kind: 'configuration' }, rule, offset, { reason }))
  })
}
