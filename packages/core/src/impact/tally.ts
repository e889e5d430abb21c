/** Counts by name that stay small however many names a report brings. */

/** Names kept apart, and names shown. */
const mostNames = 10_000
const mostShown = 50

export interface Tally {
  add(name: string | undefined): void
  result(): { readonly top: { readonly name: string; readonly findings: number }[]; readonly others: number }
}

/** Findings without a name are counted under `-`; beyond the bound they are counted together. */
export function tally(): Tally {
  const counts = new Map<string, number>()
  let beyond = 0
  return {
    add(name = '-') {
      const known = counts.get(name)
      if (known === undefined && counts.size >= mostNames) beyond++
      else counts.set(name, (known ?? 0) + 1)
    },
    result() {
      const sorted = [...counts].sort(([a, left], [b, right]) => right - left || (a < b ? -1 : 1)).map(([name, findings]) => ({ name, findings }))
      return { top: sorted.slice(0, mostShown), others: sorted.slice(mostShown).reduce((sum, { findings }) => sum + findings, beyond) }
    },
  }
}
