/** A grant judged by what governed when it was written, as the server will judge it when it is entered. */
import { branchStoodAt } from '@exeat/git'
import type { Problem } from '@exeat/core'
import { judgeOffline, type OfflineFiles, type SignedOfflineGrant } from '@exeat/verify/offline'
import type { Io } from '../edge/io.ts'
import { cliProblem } from '../edge/problem.ts'
import { governedAt } from '../governance/signed.ts'
import { sshDeps } from '../ssh/crypto.ts'

/**
 * Undefined where it holds. A grant names a commit that cannot hold it, so that no change brings along the keys, groups or policies that vouch for it. `tip`: of the
 * protected branch.
 */
export async function refusedThen(files: OfflineFiles, { grant: { governance: { commit } } }: SignedOfflineGrant, tip: string, io: Io): Promise<Problem | undefined> {
  const then = await branchStoodAt(io.cwd, tip, commit) ? await governedAt(commit, { dir: io.cwd }) : undefined
  if (then === undefined) {
    return cliProblem('OFFLINE_UNKNOWN', `it was prepared by the commit \`${commit.slice(0, 12)}\`, where the protected branch never stood as far as this clone shows`, 'in a pipeline check the branch out with its whole history (`fetch-depth: 0`)')
  }
  const judged = judgeOffline(files, then, undefined, sshDeps)
  return judged.ok ? undefined : { ...judged.problem, message: `by what governed at \`${commit.slice(0, 12)}\`, where it was prepared, it does not hold: ${judged.problem.message}` }
}
