/** Objects of a push, which git keeps apart from the repository's until the pre-receive hook has spoken (git-receive-pack(1), "Quarantine Environment"). */
import { lstatSync, realpathSync } from 'node:fs'
import { delimiter, dirname, isAbsolute, resolve } from 'node:path'
import { gitFailure } from './diagnose.ts'
import { gitError, shown } from './problem.ts'
import { runGit, withObjects } from './run.ts'

/**
 * Runs something during which pushed objects are found besides the repository's own. Where no variable names any (an `update` hook, or none at all), it just runs.
 * @throws {ExeatError} QUARANTINE_REFUSED where what the variables name is no folder that git made in this repository; whatever `work` throws
 */
export async function inQuarantine<T>(dir: string, env: NodeJS.ProcessEnv, work: () => Promise<T>): Promise<T> {
  const { GIT_QUARANTINE_PATH: quarantine, GIT_OBJECT_DIRECTORY: written } = env
  if (quarantine === undefined && written === undefined) return work()
  const objects = await objectsOf(dir)
  if (quarantine === undefined || written === undefined || !isFolderOf(quarantine, objects) || realpathSync(quarantine) !== realOf(written)) {
    throw gitError('QUARANTINE_REFUSED', `\`GIT_QUARANTINE_PATH\` is \`${shown(quarantine ?? '')}\` and \`GIT_OBJECT_DIRECTORY\` \`${shown(written ?? '')}\`, neither a folder of pushed objects in \`${shown(objects)}\``,
      'call it from the pre-receive hook itself, with the variables that git gives it')
  }
  // The repository's own objects are named anew: what else the variable says is nobody's promise.
  return withObjects({ GIT_QUARANTINE_PATH: quarantine, GIT_OBJECT_DIRECTORY: quarantine, GIT_ALTERNATE_OBJECT_DIRECTORIES: quoted(objects) }, work)
}

async function objectsOf(dir: string): Promise<string> {
  const answer = await runGit(dir, ['rev-parse', '--git-path', 'objects'])
  if (answer.exit !== 0) throw gitFailure(dir, answer)
  return realpathSync(resolve(dir, answer.stdout.toString('utf8').replace(/\n$/, '')))
}

/** Git makes `tmp_objdir-incoming-XXXXXX`, before 2.36 `incoming-XXXXXX`, right in the folder of objects. */
function isFolderOf(path: string, objects: string): boolean {
  if (!isAbsolute(path)) return false
  const folder = realOf(path)
  return folder !== undefined && dirname(folder) === objects && /\/(?:tmp_objdir-)?incoming-[^/]+$/.test(folder) && lstatSync(path).isDirectory()
}

function realOf(path: string): string | undefined {
  try {
    return realpathSync(path)
  } catch {
    return undefined
  }
}

/** As git reads a list of folders: one that holds the separator stands in quotation marks, as a string of C. */
const quoted = (path: string): string => (path.includes(delimiter) || path.startsWith('"') ? `"${path.replaceAll(/["\\]/g, (character) => `\\${character}`)}"` : path)
