/** What governs a run: documents at the protected ref, or of the work tree for authors, and the policies compiled from them. */
import type { Option } from 'commander'
import { compileWithEngines, type PolicySet, type Sha256 } from '@exeat/core'
import { ExeatError } from '@exeat/core/error'
import { cacheDirectory, type Governance, type ReadAtRef, readGovernance } from '@exeat/git'
import { inCi, type Io } from '../edge/io.ts'
import { cliError } from '../edge/problem.ts'

/** Loaded when something is hashed: most runs hash nothing, and the module is a twentieth of a small one. */
export const sha256: Sha256 = (bytes) => process.getBuiltinModule('node:crypto').createHash('sha256').update(bytes).digest()

export interface GovernanceFlags {
  readonly ref?: string
  readonly worktree?: boolean
  /** False: `--no-cache`. */
  readonly cache?: boolean
}

/** Options of commands that decide nothing: they read the work tree unless told otherwise, in a pipeline too. */
export function authorOptions(command: Optioned): void {
  command.option('--ref <ref>', 'read the documents of this branch')
  command.option('--worktree', 'read the files as they lie here (the default)')
}

/** @throws {ExeatError} USAGE, and every reason why governance cannot be read */
export async function loadAuthored(flags: GovernanceFlags, io: Io): Promise<Governance> {
  if (flags.ref === undefined) return readGovernance({ dir: io.cwd, sha256, worktree: true })
  refuseBoth(flags)
  return readGovernance({ dir: io.cwd, sha256, ref: flags.ref })
}

function refuseBoth({ ref, worktree }: GovernanceFlags): void {
  if (ref !== undefined && worktree === true) throw cliError('USAGE', '`--worktree` and `--ref` exclude each other', 'leave one of them out')
}

interface Optioned {
  option(flags: string, description: string): unknown
  addOption(option: Option): unknown
}

/** The options that say where governance is read from. */
export function governanceOptions(command: Optioned): void {
  command.option('--ref <ref>', 'branch that governs; default: what refs/remotes/origin/HEAD points at')
  command.option('--worktree', 'read .exeat/ as it lies here, for authors; refused where CI is set')
  command.option('--no-cache', 'compile the documents anew')
}

/** @throws {ExeatError} FLAG_IN_CI, USAGE, and every reason why governance cannot be read */
export async function loadGovernance(flags: GovernanceFlags, io: Io, { allowCommit }: Pick<ReadAtRef, 'allowCommit'> = {}): Promise<Governance> {
  if (flags.worktree === true) {
    if (inCi(io)) throw cliError('FLAG_IN_CI', '`--worktree` is refused where `CI` is set: a change would judge itself', 'leave it out; `--ref` names the branch that governs')
    refuseBoth(flags)
    return readGovernance({ dir: io.cwd, sha256, worktree: true })
  }
  const cacheDir = cacheFolder(flags, io)
  return readGovernance({
    dir: io.cwd, sha256,
    ...(flags.ref === undefined ? {} : { ref: flags.ref }),
    ...(allowCommit === undefined ? {} : { allowCommit }),
    ...(cacheDir === undefined ? {} : { cacheDir }),
  })
}

/** Undefined: nothing is cached. */
export const cacheFolder = ({ cache }: GovernanceFlags, { env, platform }: Io): string | undefined => (cache === false ? undefined : cacheDirectory(env, platform))

/** @throws {ExeatError} with every problem of the policies */
export async function compilePolicies(governance: Governance): Promise<PolicySet> {
  const answer = await compileWithEngines(governance)
  if (!answer.ok) throw new ExeatError(answer.problems)
  return answer.set
}

export const modeOf = (governance: Governance): 'git' | 'worktree' => (governance.source.kind === 'worktree' ? 'worktree' : 'git')
