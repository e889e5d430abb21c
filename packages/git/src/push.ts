/** The branch that a change or a push would go to. */
import { gitFailure } from './diagnose.ts'
import { runGit } from './run.ts'

const mostBytes = 64 * 1024 * 1024

/** By name: the branches that other names stand for (symbolic refs), so that a push under another name is known. @throws {ExeatError} as `runGit` */
export async function aliasesOf(dir: string): Promise<ReadonlyMap<string, string>> {
  const answer = await runGit(dir, ['for-each-ref', '--format=%(refname)%00%(symref)'], { maxBytes: mostBytes })
  if (answer.exit !== 0) throw gitFailure(dir, answer)
  const refs = answer.stdout.toString('utf8').split('\n').map((line) => line.split('\0'))
  return new Map(refs.flatMap(([name = '', target = '']): [string, string][] => (target === '' ? [] : [[name, target]])))
}

/** Whether a branch that moves from the one commit to the other keeps all that it had. @throws {ExeatError} as `runGit`, REPOSITORY_DAMAGED where one is not there */
export async function isForward(dir: string, before: string, after: string): Promise<boolean> {
  const answer = await runGit(dir, ['merge-base', '--is-ancestor', before, after])
  if (answer.exit > 1) throw gitFailure(dir, answer)
  return answer.exit === 0
}

const mostCommits = 10_000
/** More would not fit into one start of git. */
const mostPaths = 500

/** Commits at which the branch stood, from its tip back to the last that touched one of these paths: at each of them all these files are the same. @throws {ExeatError} as `runGit` */
export async function unmovedSince(dir: string, tip: string, paths: readonly string[]): Promise<readonly string[]> {
  if (paths.length > mostPaths) return [tip]
  const run = async (...args: readonly string[]): Promise<readonly string[]> => {
    const answer = await runGit(dir, args, { config: [['log.showSignature', 'false'], ['log.follow', 'false']], maxBytes: mostBytes })
    if (answer.exit !== 0) throw gitFailure(dir, answer)
    return answer.stdout.toString('utf8').split('\n').filter((each) => each !== '')
  }
  const touched = await run('log', '--first-parent', '--diff-merges=first-parent', '--max-count=1', '--format=%H', '--end-of-options', tip, '--', ...paths.map((path) => `:(top,literal)${path}`))
  const since = await run('rev-list', '--first-parent', `--max-count=${mostCommits}`, '--end-of-options', tip, ...touched.map((id) => `^${id}`))
  return [...since, ...touched]
}
