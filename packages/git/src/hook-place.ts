/** Where git looks for hooks. */
import { isAbsolute, resolve } from 'node:path'
import { gitFailure } from './diagnose.ts'
import { runGit } from './run.ts'

export interface HookPlace {
  /** Absolute; links in the way to the repository are resolved, the folder itself may be one. */
  readonly folder: string
  /** The repository's own folder, shared by its work trees. */
  readonly gitDir: string
  /** Top of the work tree; absent in a bare repository. */
  readonly top?: string
  /** `core.hooksPath` as it is set. */
  readonly hooksPath?: string
}

/** @throws {ExeatError} as `runGit`, REPOSITORY_MISSING, REPOSITORY_UNTRUSTED */
export async function hookPlace(dir: string): Promise<HookPlace> {
  const bare = await answered(dir, 'rev-parse', '--is-bare-repository')
  const gitDir = await answered(dir, 'rev-parse', '--path-format=absolute', '--git-common-dir')
  const top = bare === 'true' ? undefined : await answered(dir, 'rev-parse', '--show-toplevel')
  const hooksPath = await hooksPathOf(dir)
  const folder = hooksPath === undefined ? `${gitDir}/hooks` : isAbsolute(hooksPath) ? hooksPath : resolve(top ?? gitDir, hooksPath)
  return { folder, gitDir, ...(top === undefined ? {} : { top }), ...(hooksPath === undefined ? {} : { hooksPath }) }
}

async function answered(dir: string, ...args: readonly string[]): Promise<string> {
  const answer = await runGit(dir, args)
  if (answer.exit !== 0) throw gitFailure(dir, answer)
  return answer.stdout.toString('utf8').replace(/\n$/, '')
}

/** The last that a file says: every start of git here has one on its command line that switches hooks off. */
async function hooksPathOf(dir: string): Promise<string | undefined> {
  const answer = await runGit(dir, ['config', '-z', '--show-scope', '--type=path', '--get-all', 'core.hooksPath'])
  if (answer.exit > 1) throw gitFailure(dir, answer)
  const words = answer.stdout.toString('utf8').split('\0')
  let last: string | undefined
  for (let at = 0; at + 1 < words.length; at += 2) if (words[at] !== 'command') last = words[at + 1]
  return last === '' ? undefined : last
}
