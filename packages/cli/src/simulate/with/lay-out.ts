/** The tree that a tool is run over: the head's files, with the settings of the base, what these point at, and nothing by which the tool leaves findings out. */
import { readFileSync, statSync } from 'node:fs'
import { isAbsolute, join } from 'node:path'
import { copyTree, differingPaths } from '@exeat/git/tree'
import type { Io } from '../../edge/io.ts'
import { cliError, systemReason } from '../../edge/problem.ts'
import type { Engine } from './engines.ts'

export interface Layout {
  /** Ids of commits. */
  readonly head: string
  readonly base: string
  readonly targets: readonly string[]
  /** Folder of policies at the base, for tools that take one. */
  readonly policies: string
}

const limits = { files: 100_000, bytes: 1024 * 1024 * 1024 }

/**
 * Writes it into the empty folder `copy`, and answers the settings that the head changes: they count in neither run.
 * @throws {ExeatError} USAGE, SIMULATION_TOOL, TREE_TOO_LARGE, and what git gets wrong
 */
export async function layOut(engine: Engine, { head, base, targets, policies }: Layout, copy: string, io: Io): Promise<readonly string[]> {
  for (const path of [...targets, policies]) {
    if (!isWithin(path)) throw cliError('USAGE', `\`${path}\` is no path within the tree`, 'name it as git does')
  }
  const ignored = (path: string): boolean => lies(path, engine.ignores) || (engine.place === 'policy' && isWritten(path, policies))
  const stated = [...engine.settings, ...(engine.place === 'policy' ? [policies] : [])]
  await copyTree(io.cwd, base, copy, (path) => lies(path, stated) && !ignored(path), limits)
  const pointed = engine.settings.flatMap((name) => pointersIn(join(copy, name), engine)).filter((path) => isWithin(path) && !lies(path, stated))
  const ofBase = (path: string): boolean => lies(path, [...stated, ...pointed]) && !ignored(path)
  try {
    await copyTree(io.cwd, base, copy, (path) => ofBase(path) && !lies(path, stated), limits)
    await copyTree(io.cwd, head, copy, (path) => !ofBase(path) && !ignored(path), limits)
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && /^E(?:EXIST|ISDIR|NOTDIR)$/.test(String(error.code)))) throw error
    throw cliError('SIMULATION_TOOL', `the head has a file where the settings of \`${engine.name}\` at the base have a folder, or the other way round: ${systemReason(error)}`, 'move one of them')
  }
  return differingPaths(io.cwd, base, head, (path) => ofBase(path) || ignored(path))
}

/** The path itself, or below it: a folder of a file's name hides the file. */
const lies = (path: string, among: readonly string[]): boolean => among.some((each) => path === each || path.startsWith(`${each}/`))

/** What an earlier export wrote beside the policies. */
const isWritten = (path: string, policies: string): boolean => path.startsWith(`${policies}/`) && /^exeat(?:-[\w.]+)?\.rego$/.test(path.slice(policies.length + 1))

const isWithin = (path: string): boolean => path !== '' && !isAbsolute(path) && !path.startsWith('-') && !path.split('/').includes('..')

/** @throws {ExeatError} SIMULATION_TOOL where the tool could not read them either */
function pointersIn(file: string, { name, pointers }: Engine): readonly string[] {
  if (pointers === undefined || statSync(file, { throwIfNoEntry: false })?.isFile() !== true) return []
  try {
    return pointers(readFileSync(file, 'utf8')).map((path) => path.replace(/^(?:\.\/+)+/, '').replace(/\/+$/, ''))
  } catch {
    throw cliError('SIMULATION_TOOL', `the settings of \`${name}\` at the base cannot be read`, 'mend them')
  }
}
