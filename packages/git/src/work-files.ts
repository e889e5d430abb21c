/** The files of a work tree as git knows them. */
import { ExeatError } from '@exeat/core/error'
import { gitFailure } from './diagnose.ts'
import { gitError } from './problem.ts'
import { runGit } from './run.ts'
import { worktreeRoot } from './worktree.ts'

const maxBytes = 512 * 1024 * 1024

/** Top folder of the work tree around `dir`; undefined where there is no repository, no git, or none that may be used. */
export async function topFolder(dir: string): Promise<string | undefined> {
  try {
    const inside = await runGit(dir, ['rev-parse', '--is-inside-work-tree'])
    return inside.exit === 0 && inside.stdout.toString('utf8').trim() === 'true' ? await worktreeRoot(dir) : undefined
  } catch (error) {
    if (error instanceof ExeatError) return undefined
    throw error
  }
}

/**
 * Paths under `dir` from the top of the repository: tracked ones, and new ones that no `.gitignore` names. Sorted, each once.
 * @throws {ExeatError} as `runGit`
 */
export async function workFiles(dir: string): Promise<readonly string[]> {
  const answer = await runGit(dir, ['ls-files', '-z', '--cached', '--others', '--exclude-standard', '--full-name'], { maxBytes, tooMuch: gitError('GIT_FAILED', `the names of the files have more than ${maxBytes} bytes`) })
  if (answer.exit !== 0) throw gitFailure(dir, answer)
  return [...new Set(answer.stdout.toString('utf8').split('\0'))].filter((path) => path !== '').sort()
}
