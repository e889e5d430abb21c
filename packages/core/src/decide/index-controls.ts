/** Which opt-outs name a control: exact names and what stands before a wildcard by hash, each distinct control once. */
import { isLiteral } from '../pattern/index.ts'
import { matchesWildcard } from '../pattern/wildcard.ts'
import type { Entry } from './entry.ts'

/** The entries that name controls by one and the same pattern. */
export interface Named {
  /** A pattern without braces. */
  readonly pattern: string
  readonly entries: readonly Entry[]
}

/** Those whose pattern matches a control: exact names first, then those with the most characters before a wildcard. An entry may be in several. */
export type ByControl = (control: string) => readonly Named[]

interface Tables {
  readonly exact: ReadonlyMap<string, Named>
  /** Patterns with wildcards, by what stands before the first: `trivy/CVE-2021-` for `trivy/CVE-2021-*`. */
  readonly byPrefix: ReadonlyMap<string, readonly Wild[]>
  /** Lengths of the prefixes, longest first. */
  readonly lengths: readonly number[]
}

interface Wild {
  readonly named: Named
  /** What stands behind the last wildcard, which most controls that do not match lack. */
  readonly suffix: string
}

/** Controls remembered at most: they come from reports. */
const mostRemembered = 20_000

/** `same`: the control and those that governed aliases make the same. */
export function indexControls(entries: readonly Entry[], same: (control: string) => readonly string[]): ByControl {
  const tables = tablesOf(entries)
  const known = new Map<string, readonly Named[]>()
  return (control) => {
    let found = known.get(control)
    if (found === undefined) {
      if (known.size >= mostRemembered) known.clear()
      found = find(tables, same(control))
      known.set(control, found)
    }
    return found
  }
}

function tablesOf(entries: readonly Entry[]): Tables {
  const byPattern = new Map<string, Entry[]>()
  for (const entry of entries) {
    for (const { alternatives } of entry.controls) for (const alternative of alternatives) file(byPattern, alternative, entry)
  }
  const exact = new Map<string, Named>()
  const byPrefix = new Map<string, Wild[]>()
  for (const [pattern, named] of byPattern) {
    const group = { pattern, entries: named }
    if (isLiteral(pattern)) exact.set(pattern, group)
    else push(byPrefix, pattern.slice(0, pattern.search(/[*?]/)), { named: group, suffix: pattern.replace(/^.*[*?]/su, '') })
  }
  for (const groups of byPrefix.values()) groups.sort((a, b) => (a.named.pattern < b.named.pattern ? -1 : 1))
  return { exact, byPrefix, lengths: [...new Set([...byPrefix.keys()].map((prefix) => prefix.length))].sort((a, b) => b - a) }
}

function push(table: Map<string, Wild[]>, key: string, group: Wild): void {
  const groups = table.get(key)
  if (groups === undefined) table.set(key, [group])
  else groups.push(group)
}

function file(byPattern: Map<string, Entry[]>, pattern: string, entry: Entry): void {
  const named = byPattern.get(pattern)
  if (named === undefined) byPattern.set(pattern, [entry])
  else if (named.at(-1) !== entry) named.push(entry)
}

function find({ exact, byPrefix, lengths }: Tables, controls: readonly string[]): readonly Named[] {
  const names = [...controls].sort()
  const found = new Set<Named>()
  for (const name of names) {
    const named = exact.get(name)
    if (named !== undefined) found.add(named)
  }
  for (const length of lengths) {
    for (const name of names) {
      if (name.length < length) continue
      for (const { named, suffix } of byPrefix.get(name.slice(0, length)) ?? []) {
        if (name.endsWith(suffix) && matchesWildcard(named.pattern, name)) found.add(named)
      }
    }
  }
  return [...found]
}
