/** Quorums count distinct people (rule 10): one person fills one place, whatever groups they are in. */

export interface Approval {
  readonly groups: readonly string[]
  readonly count: number
}

/**
 * True if every entry can be filled at once by different people, each in one of the entry's groups.
 * `people`: the groups of each person who approved, one item a person. Bipartite matching by augmenting paths (Kuhn).
 */
export function quorumMet(entries: readonly Approval[], people: readonly (readonly string[])[]): boolean {
  const wanted = entries.reduce((sum, entry) => sum + entry.count, 0)
  if (!(wanted <= people.length)) return false
  const places = entries.flatMap((entry) => Array.from({ length: entry.count }, () => new Set(entry.groups)))
  const placeOf = new Map<number, number>()
  return places.every((_, place) => fill(place, places, people, placeOf, new Set()))
}

/** Seats somebody at `place`, moving people already seated where that frees one. */
function fill(
  place: number, places: readonly ReadonlySet<string>[], people: readonly (readonly string[])[],
  placeOf: Map<number, number>, tried: Set<number>,
): boolean {
  for (const [person, groups] of people.entries()) {
    if (tried.has(person) || !groups.some((group) => places[place]?.has(group))) continue
    tried.add(person)
    const taken = placeOf.get(person)
    if (taken !== undefined && !fill(taken, places, people, placeOf, tried)) continue
    placeOf.set(person, place)
    return true
  }
  return false
}
