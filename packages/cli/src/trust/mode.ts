/** Which trust holds for a run of the gate: what the workspace says, which flags may ask for by name and never change. */
import type { Workspace } from '@exeat/core'
import { cliError } from '../edge/problem.ts'

export const trustModes = ['git', 'log'] as const
export type TrustMode = (typeof trustModes)[number]

/** @throws {ExeatError} USAGE, TRUST_LOOSER, TRUST_UNPINNED */
export function trustMode(flag: string | undefined, { spec: { log } }: Workspace): TrustMode {
  if (flag !== undefined && !trustModes.some((mode) => mode === flag)) throw cliError('USAGE', `\`--trust ${flag}\` is no trust mode`, 'say `git` or `log`')
  if (log === undefined) {
    if (flag !== 'log') return 'git'
    throw cliError('TRUST_UNPINNED', 'the workspace pins no log, so nothing says whose bundle to believe',
      'put what `exeat init --server` printed as `log` under `spec` of the workspace, and merge it into the protected branch')
  }
  if (flag === 'git') throw cliError('TRUST_LOOSER', `the workspace says that opt-outs stand in the log \`${log.origin}\`, and a flag may only tighten`, 'leave `--trust git` out')
  return 'log'
}
