/** Which suppressions a change adds: those that the commit it parted from did not have, however their lines moved. */
import { baseCommit, baseFiles, baseTexts } from '@exeat/git/scan'
import { isVendored, largest } from './files.ts'
import { findInFile, type Hit } from './find.ts'

export interface Difference {
  readonly tip: string
  readonly mergeBase: string
  readonly added: ReadonlySet<Hit>
}

/** Same tool, rule, mark and line of code. A suppression whose code changed is a new one: nobody looked at what it silences now. */
const keyOf = ({ tool, rule, mark, concerns }: Hit): string => JSON.stringify([tool, rule, mark, concerns])

/**
 * `paths`: the files of the tree now; one that is gone may have been renamed, and what it held is not new elsewhere.
 * @throws {ExeatError} REF_MISSING, HISTORY_CUT_OFF, CHANGE_UNRELATED, and as `runGit`
 */
export async function addedSince(root: string, base: string, hits: readonly Hit[], paths: readonly string[], withVendored: boolean): Promise<Difference> {
  const { tip, mergeBase } = await baseCommit(root, base)
  const before = await baseFiles(root, mergeBase)
  const now = new Set(paths)
  const byPath = Map.groupBy(hits, ({ path }) => path)
  const wanted = [...before.values()].filter(({ path, size }) => size <= largest && (withVendored || !isVendored(path)) && (byPath.has(path) || !now.has(path)))
  const texts = await baseTexts(root, byPath.size === 0 ? [] : wanted)
  const old = (path: string): readonly Hit[] => {
    const id = before.get(path)?.id
    const bytes = id === undefined ? undefined : texts.get(id)
    return bytes === undefined ? [] : findInFile(path, bytes)
  }
  const added: Hit[] = []
  for (const [path, group] of byPath) added.push(...unmatched(group, old(path)))
  const gone = wanted.filter(({ path }) => !now.has(path)).flatMap(({ path }) => old(path))
  return { tip, mergeBase, added: new Set(unmatched(added, gone)) }
}

/** Those that are left when each old one has accounted for one. */
function unmatched(hits: readonly Hit[], old: readonly Hit[]): readonly Hit[] {
  const left = new Map<string, number>()
  for (const hit of old) left.set(keyOf(hit), (left.get(keyOf(hit)) ?? 0) + 1)
  return hits.filter((hit) => {
    const count = left.get(keyOf(hit)) ?? 0
    left.set(keyOf(hit), count - 1)
    return count <= 0
  })
}
