/** Who wrote what stands at a commit, and how two commits relate. */
import { addressesOf } from './branch.ts'
import { gitFailure } from './diagnose.ts'
import { gitError, shown } from './problem.ts'
import { runGit } from './run.ts'

/** No signature checks, no external programs, whatever configuration says. */
const config = [['log.showSignature', 'false'], ['log.follow', 'false'], ['diff.renames', 'true']] as const

/**
 * Mail addresses of every author, committer and co-author (`Co-authored-by` trailers) in the history of a file up to a commit, renames followed; in lower
 * case, sorted, each once. Anybody can write any address into a commit: they show who must not approve, never who did.
 * @throws {ExeatError} as `runGit`, and REPOSITORY_DAMAGED where the history is not whole
 */
export async function fileWriters(dir: string, commit: string, file: string): Promise<readonly string[]> {
  const format = '%ae%n%ce%n%(trailers:key=Co-authored-by,valueonly)'
  const [answer, shallow] = await Promise.all([runGit(dir, ['--literal-pathspecs', 'log', '--follow', '--no-textconv', '--no-ext-diff', `--format=${format}`, '--end-of-options', commit, '--', file], { config, maxBytes: 16 * 1024 * 1024 }), runGit(dir, ['rev-parse', '--is-shallow-repository'])])
  if (answer.exit !== 0) throw gitFailure(dir, answer)
  if (shallow.stdout.toString('utf8').trim() !== 'false') {
    throw gitError('REPOSITORY_DAMAGED', `the history of \`${shown(file)}\` is cut off in this clone, so that nobody can tell who wrote it`, 'run `git fetch --unshallow`')
  }
  return addressesOf(answer.stdout.toString('utf8').split('\n'))
}

const mostBytes = 256 * 1024 * 1024

/**
 * Whether a branch whose tip is `tip` ever stood at `commit`: in its first-parent history, so that no commit of a change that was merged counts. False where either
 * is not in this repository, and where a shallow clone does not reach back to it.
 * @throws {ExeatError} as `runGit`
 */
export async function branchStoodAt(dir: string, tip: string, commit: string): Promise<boolean> {
  if (![tip, commit].every((id) => /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/.test(id))) return false
  const answer = await runGit(dir, ['rev-list', '--first-parent', '--end-of-options', tip, '--'], { maxBytes: mostBytes })
  return answer.exit === 0 && answer.stdout.toString('latin1').split('\n').includes(commit)
}

/** Whether `ancestor` is in the history of `commit`; false where either is not in this repository. */
export async function isAncestor(dir: string, ancestor: string, commit: string): Promise<boolean> {
  if (![ancestor, commit].every((id) => /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/.test(id))) return false
  return (await runGit(dir, ['merge-base', '--is-ancestor', ancestor, commit])).exit === 0
}
