/** Who wrote each suppression and when: one `git blame` a file, a few at a time. */
import { blameConfig, type Blamed, blameLines } from '@exeat/git/scan'
import type { Hit } from './find.ts'

/** Files blamed at once, and in a run that did not ask for more: each costs a start of git and a walk through its history. */
const atOnce = 4
const mostUnasked = 300

export interface Blame {
  readonly of: (hit: Hit) => Blamed | undefined
  /** Files that were not asked about. */
  readonly left: number
}

/** `all`: every file, however many. @throws {ExeatError} as `runGit` */
export async function blameHits(root: string, hits: readonly Hit[], all: boolean, progress: (done: number, all: number) => void): Promise<Blame> {
  const byPath = [...Map.groupBy(hits, ({ path }) => path)]
  const asked = all ? byPath : byPath.slice(0, mostUnasked)
  const known = new Map<string, ReadonlyMap<number, Blamed>>()
  if (asked.length === 0) return { of: () => undefined, left: 0 }
  const config = await blameConfig(root)
  let next = 0
  const worker = async (): Promise<void> => {
    for (let entry = asked[next++]; entry !== undefined; entry = asked[next++]) {
      const [path, group] = entry
      // oxlint-disable-next-line no-await-in-loop -- a bound on how many run at once
      known.set(path, await blameLines(root, path, group.map(({ line }) => line), config))
      progress(known.size, asked.length)
    }
  }
  await Promise.all(Array.from({ length: atOnce }, worker))
  return { of: ({ path, line }) => known.get(path)?.get(line), left: byPath.length - asked.length }
}
