/** Active opt-outs whose control, repository, environment and path fit a finding: path tables, built once for each repository and environment. */
import type { Facts } from '../model/facts.ts'
import type { Entry } from './entry.ts'
import type { ByControl, Named } from './index-controls.ts'
import { pathList } from './path-list.ts'
import { coversRun } from './scope.ts'
import { parsePath, pathTrie } from './trie.ts'
import type { ParsedPath, PathTrie } from './trie.ts'

/** Calls `each` for every candidate of a finding by its control and path; one that fits in several ways comes several times. */
export type Candidates = (control: string, path: string | undefined, each: (entry: Entry) => void) => void

interface PathTable {
  /** Entries without a path target. */
  readonly anywhere: readonly Entry[]
  readonly byPath: PathTrie<Entry> | undefined
}

/** Places, controls and paths remembered at most: they come from what runs claim and report. */
const mostPlaces = 64
const mostControls = 20_000
const mostPaths = 20_000
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
  const parsed = parsedPaths()
  return (control, path, each) => {
    for (const { anywhere, byPath } of tablesFor(control)) {
      for (const entry of anywhere) each(entry)
      if (path !== undefined) byPath?.match(parsed(path), each)
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

/** Findings share their files. */
function parsedPaths(): (path: string) => ParsedPath {
  const known = new Map<string, ParsedPath>()
  return (path) => {
    let parsed = known.get(path)
    if (parsed === undefined) {
      if (known.size >= mostPaths) known.clear()
      known.set(path, parsed = parsePath(path))
    }
    return parsed
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

/** Up to this many patterns a list is quicker than a trie. */
const mostListed = 32

function pathTable(entries: readonly Entry[]): PathTable {
  const anywhere = entries.filter(({ paths }) => paths === undefined)
  const patterns = entries.flatMap((entry) => (entry.paths ?? []).flatMap(({ alternatives }) => alternatives.map((alternative) => ({ alternative, entry }))))
  if (patterns.length === 0) return { anywhere, byPath: undefined }
  const byPath = patterns.length <= mostListed ? pathList<Entry>() : pathTrie<Entry>()
  for (const { alternative, entry } of patterns) byPath.add(alternative, entry)
  return { anywhere, byPath }
}
