/** What a push would do to the branches of the repository that it goes to. */
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
