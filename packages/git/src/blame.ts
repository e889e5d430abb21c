/** Who last wrote a line, and when: as commits say themselves. */
import type { Instant } from '@exeat/core'
import { filtersOff, readSettings } from './facts.ts'
import type { GitInput } from './run.ts'
import { runGit } from './run.ts'

export interface Blamed {
  readonly author: string
  readonly commit: string
  /** When it was written, by the author's clock. */
  readonly at: Instant
}

/** Configuration under which blame runs nothing but git, whatever the repository's own says. @throws {ExeatError} as `runGit` */
export const blameConfig = async (dir: string): Promise<NonNullable<GitInput['config']>> =>
  [...filtersOff(await readSettings(dir)), ['blame.ignoreRevsFile', ''], ['log.mailmap', 'false']]

/** Most lines asked for by number; with more the whole file is blamed. */
const mostRanges = 200

/**
 * By line, 1-based, of the file as it lies in the work tree; lines that no commit holds yet are left out. Empty where git cannot tell: the file
 * is new, or the history is damaged.
 * @throws {ExeatError} GIT_MISSING, GIT_TIMEOUT, GIT_FAILED
 */
export async function blameLines(root: string, path: string, lines: readonly number[], config: NonNullable<GitInput['config']>): Promise<ReadonlyMap<number, Blamed>> {
  const wanted = [...new Set(lines)]
  const ranges = wanted.length > mostRanges ? [] : wanted.flatMap((line) => ['-L', `${line},${line}`])
  const answer = await runGit(root, ['--literal-pathspecs', 'blame', '--porcelain', '--no-textconv', ...ranges, '--', path], { config, maxBytes: 128 * 1024 * 1024, patience: 20_000 })
  return answer.exit === 0 ? parseBlame(answer.stdout.toString('utf8'), new Set(wanted)) : new Map()
}

/** Porcelain: `<id> <line then> <line now> [<count>]`, what is known of the commit where it is new, then a tab and the line. */
function parseBlame(output: string, wanted: ReadonlySet<number>): ReadonlyMap<number, Blamed> {
  const commits = new Map<string, { author: string; at: number }>()
  const blamed = new Map<number, Blamed>()
  let [id, line] = ['', 0]
  for (const text of output.split('\n')) {
    const head = /^([0-9a-f]{40}|[0-9a-f]{64}) \d+ (\d+)(?: \d+)?$/.exec(text)
    if (head !== null) {
      [id, line] = [head[1] ?? '', Number(head[2])]
      if (!commits.has(id)) commits.set(id, { author: '', at: 0 })
      continue
    }
    const commit = commits.get(id)
    if (commit === undefined) continue
    if (text.startsWith('author ')) commit.author = text.slice(7)
    else if (text.startsWith('author-time ')) commit.at = Number(text.slice(12)) * 1000
    else if (text.startsWith('\t') && wanted.has(line) && !/^0+$/.test(id) && Number.isSafeInteger(commit.at)) {
      blamed.set(line, { author: commit.author, commit: id, at: commit.at as Instant })
    }
  }
  return blamed
}
