/** The part of TOML that scanners' configurations use: sections, and keys with strings, booleans and lists of strings. */
import type { Found } from '../types.ts'
import { found } from './found.ts'
import type { FileReader } from './index.ts'

interface Section {
  readonly name: string
  readonly offset: number
  readonly keys: ReadonlyMap<string, { readonly values: readonly string[]; readonly offset: number }>
}

const quoted = /'''([^]*?)'''|"""([^]*?)"""|"((?:[^"\\\n]|\\.)*)"|'([^'\n]*)'/g
const stringsOf = (text: string): readonly string[] => Array.from(text.matchAll(quoted), (match) => match.slice(1).find((group) => group !== undefined) ?? '')

/** Lines that belong to the section's value before them (a list over several lines) are read with it. */
function sectionsOf(text: string): readonly Section[] {
  const sections: { name: string; offset: number; keys: Map<string, { values: readonly string[]; offset: number }> }[] = [{ name: '', offset: 0, keys: new Map() }]
  for (let at = 0; at < text.length;) {
    const newline = text.indexOf('\n', at)
    const end = newline < 0 ? text.length : newline
    const line = text.slice(at, end)
    const header = /^\s*\[\[?\s*([\w."'-]+)\s*\]\]?\s*(?:#.*)?\r?$/.exec(line)
    const pair = /^\s*(["']?[\w.*/-]+["']?)\s*=\s*/.exec(line)
    let next = end + 1
    if (header !== null) sections.push({ name: header[1] ?? '', offset: at + line.indexOf('['), keys: new Map() })
    else if (pair !== null) {
      const from = at + pair[0].length
      const value = text.startsWith('[', from) ? text.slice(from, listEnd(text, from)) : /^(?:'''|""")/.test(text.slice(from, from + 3)) ? (/^(?:'''[^]*?'''|"""[^]*?""")/.exec(text.slice(from, from + 20_000))?.[0] ?? '') : text.slice(from, end)
      const strings = stringsOf(value)
      sections.at(-1)?.keys.set((pair[1] ?? '').replaceAll(/["']/g, ''), { values: strings.length === 0 && !value.startsWith('[') ? [value.replace(/\s*#.*$/, '').trim()] : strings, offset: at })
      next = Math.max(next, from + value.length + 1)
    }
    at = next
  }
  return sections
}

function listEnd(text: string, from: number): number {
  const pattern = /'''[^]*?'''|"""[^]*?"""|"(?:[^"\\\n]|\\.)*"|'[^'\n]*'|#[^\n]*|[[\]]/g
  pattern.lastIndex = from
  let depth = 0
  for (let match = pattern.exec(text); match !== null; match = pattern.exec(text)) {
    if (match[0] === '[') depth += 1
    else if (match[0] === ']') depth -= 1
    if (depth === 0) return match.index + 1
  }
  return text.length
}

/** `[allowlist]`, `[[allowlists]]` and those of a rule; a rule that is disabled (Gitleaks, "Configuration"). */
export const gitleaksConfig: FileReader = (text) => {
  const place = { tool: 'gitleaks', kind: 'configuration', mark: 'gitleaks allowlist' } as const
  let rule = '*'
  return sectionsOf(text).flatMap(({ name, offset, keys }): readonly Found[] => {
    if (name === 'rules') rule = keys.get('id')?.values[0] ?? '*'
    const disabled = keys.get('disabledRules')
    if (disabled !== undefined) return disabled.values.map((id) => found({ ...place, mark: 'disabledRules' }, id, disabled.offset))
    if (!/(?:^|\.)allow-?lists?$/.test(name)) return []
    const targets = keys.get('targetRules')?.values ?? []
    const own = name.startsWith('rules.') ? [rule] : targets.length > 0 ? targets : ['*']
    return own.map((id) => found(place, id, offset, { reason: keys.get('description')?.values[0], paths: keys.get('paths')?.values }))
  })
}

/** `[[IgnoredVulns]]` and `[[PackageOverrides]]` (OSV-Scanner, "Configuration"). */
export const osvScanner: FileReader = (text) => sectionsOf(text).flatMap(({ name, offset, keys }): readonly Found[] => {
  const one = (key: string): string | undefined => keys.get(key)?.values[0]
  const [reason, place] = [one('reason'), { tool: 'osv-scanner', kind: 'ignore-file' } as const]
  if (name === 'IgnoredVulns') return [found({ ...place, mark: 'IgnoredVulns' }, one('id') ?? '*', offset, { reason, expires: one('ignoreUntil') })]
  const ignores = name === 'PackageOverrides' && [one('ignore'), one('vulnerability.ignore')].includes('true')
  return ignores ? [found({ ...place, mark: 'PackageOverrides' }, one('name') ?? '*', offset, { reason, expires: one('effectiveUntil') })] : []
})

/** Bandit's `skips`, and what Ruff is told to ignore of flake8-bandit. */
export const pyproject: FileReader = (text) => sectionsOf(text).flatMap(({ name, keys }): readonly Found[] => {
  const rules = (key: string, place: { readonly tool: string; readonly mark: string }, shape: RegExp, paths?: readonly string[]): readonly Found[] => {
    const stated = keys.get(key)
    return (stated?.values ?? []).filter((rule) => shape.test(rule)).map((rule) => found({ ...place, kind: 'configuration' }, rule, stated?.offset ?? 0, { paths }))
  }
  if (name === 'tool.bandit') return rules('skips', { tool: 'bandit', mark: 'bandit skips' }, /^B\d{3}$/)
  const ruff = { tool: 'ruff', mark: 'ruff ignore' }
  if (/^(?:tool\.ruff(?:\.lint)?|lint)$/.test(name)) return [...rules('ignore', ruff, /^S\d*$/), ...rules('extend-ignore', ruff, /^S\d*$/)]
  if (/^(?:tool\.ruff\.)?(?:lint\.)?(?:extend-)?per-file-ignores$/.test(name)) return [...keys.keys()].flatMap((path) => rules(path, { ...ruff, mark: 'ruff per-file-ignores' }, /^S\d*$/, [path]))
  return []
})
