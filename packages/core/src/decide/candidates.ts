/** Active opt-outs whose control, repository, environment and path fit a finding: path tables, built once for each repository and environment. */
import { controlOf } from '../control/tools.ts'
import type { Facts } from '../model/facts.ts'
import type { Finding } from '../model/finding.ts'
import type { Entry } from './entry.ts'
import type { ByControl, Named } from './index-controls.ts'
import { coversRun } from './scope.ts'
import { parsePath, pathTrie } from './trie.ts'
import type { PathTrie } from './trie.ts'

/** Calls `each` for every candidate; one that fits in several ways comes several times. */
export type Candidates = (finding: Finding, each: (entry: Entry) => void) => void

interface PathTable {
  /** Entries without a path target. */
  readonly anywhere: readonly Entry[]
  readonly byPath: PathTrie<Entry> | undefined
}

/** Places and controls remembered at most: both come from what runs claim and report. */
const mostPlaces = 64
const mostControls = 20_000
/** From this many entries on, a pattern's table is shared by all controls that it matches; smaller ones are joined into one of the control's own. */
const worthSharing = 8

export function rememberedCandidates(byControl: ByControl): (facts: Facts) => Candidates {
  const known = new Map<string, Candidates>()
  return (facts) => {
    const key = JSON.stringify([facts.repository?.value.id, facts.environment?.value])
    let found = known.get(key)
    if (found === undefined) {
      if (known.size >= mostPlaces) known.clear()
      known.set(key, found = candidates(byControl, facts))
    }
    return found
  }
}

function candidates(byControl: ByControl, facts: Facts): Candidates {
  const tablesFor = rememberedTables(byControl, facts)
  return (finding, each) => {
    const tables = tablesFor(controlOf(finding))
    if (tables.length === 0) return
    const path = finding.path === undefined ? undefined : parsePath(finding.path)
    for (const { anywhere, byPath } of tables) {
      for (const entry of anywhere) each(entry)
      if (path !== undefined) byPath?.match(path, each)
    }
  }
}

function rememberedTables(byControl: ByControl, facts: Facts): (control: string) => readonly PathTable[] {
  const eligibleOf = remembered((named: Named) => named.entries.filter((entry) => entry.standing.status === 'active' && coversRun(entry, facts)))
  const sharedOf = remembered((named: Named) => pathTable(eligibleOf(named)))
  const known = new Map<string, readonly PathTable[]>()
  return (control) => {
    let tables = known.get(control)
    if (tables === undefined) {
      if (known.size >= mostControls) known.clear()
      const named = byControl(control).filter((each) => eligibleOf(each).length > 0)
      const small = named.flatMap((each) => (eligibleOf(each).length < worthSharing ? eligibleOf(each) : []))
      const shared = named.filter((each) => eligibleOf(each).length >= worthSharing).map(sharedOf)
      known.set(control, tables = small.length === 0 ? shared : [pathTable(small), ...shared])
    }
    return tables
  }
}

function remembered<K extends object, V>(make: (key: K) => V): (key: K) => V {
  const known = new Map<K, V>()
  return (key) => {
    let value = known.get(key)
    if (value === undefined) known.set(key, value = make(key))
    return value
  }
}

function pathTable(entries: readonly Entry[]): PathTable {
  let byPath: PathTrie<Entry> | undefined
  for (const entry of entries) {
    for (const { alternatives } of entry.paths ?? []) for (const alternative of alternatives) (byPath ??= pathTrie()).add(alternative, entry)
  }
  return { anywhere: entries.filter(({ paths }) => paths === undefined), byPath }
}
