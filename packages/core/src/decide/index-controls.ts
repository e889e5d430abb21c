/** Which opt-outs name a control: exact names and prefixes by hash, other patterns one by one, each distinct control once. */
import { isLiteral } from '../pattern/index.ts'
import { matchesWildcard } from '../pattern/wildcard.ts'
import type { Entry } from './entry.ts'

/** Entries that name the control, in their order in the set and without repetition. */
export type ByControl = (control: string) => readonly Entry[]

interface Tables {
  readonly exact: Map<string, number[]>
  /** `trivy/CVE-2021-*`: by what stands before its only star, at the end. */
  readonly prefixes: Map<string, number[]>
  readonly globs: { readonly alternative: string; readonly at: number }[]
}

/** Controls remembered at most: they come from reports. */
const mostRemembered = 20_000

/** `same`: the control and those that governed aliases make the same. */
export function indexControls(entries: readonly Entry[], same: (control: string) => readonly string[]): ByControl {
  const tables: Tables = { exact: new Map(), prefixes: new Map(), globs: [] }
  for (const [at, entry] of entries.entries()) {
    for (const { alternatives } of entry.controls) for (const alternative of alternatives) file(tables, alternative, at)
  }
  const lengths = [...new Set([...tables.prefixes.keys()].map((prefix) => prefix.length))]
  const known = new Map<string, readonly Entry[]>()
  return (control) => {
    let found = known.get(control)
    if (found === undefined) {
      const places = new Set<number>()
      for (const name of same(control)) collect(tables, lengths, name, places)
      found = [...places].sort((a, b) => a - b).flatMap((place) => entries[place] ?? [])
      if (known.size >= mostRemembered) known.clear()
      known.set(control, found)
    }
    return found
  }
}

function file(tables: Tables, alternative: string, at: number): void {
  if (isLiteral(alternative)) push(tables.exact, alternative, at)
  else if (alternative.endsWith('*') && isLiteral(alternative.slice(0, -1))) push(tables.prefixes, alternative.slice(0, -1), at)
  else tables.globs.push({ alternative, at })
}

function push(table: Map<string, number[]>, key: string, at: number): void {
  const places = table.get(key)
  if (places === undefined) table.set(key, [at])
  else places.push(at)
}

function collect({ exact, prefixes, globs }: Tables, lengths: readonly number[], control: string, into: Set<number>): void {
  for (const place of exact.get(control) ?? []) into.add(place)
  for (const length of lengths) for (const place of prefixes.get(control.slice(0, length)) ?? []) into.add(place)
  for (const { alternative, at } of globs) if (matchesWildcard(alternative, control)) into.add(at)
}
