/** What a job may ask for: what its own token speaks of. */
import type { Workspace } from '@exeat/core'
import type { Wire } from '@exeat/core/wire'
import type { IdentityCode } from '../codes.ts'
import type { Workload } from '../types.ts'
import { refused } from './forge.ts'

/** The bundle of its own repository; a cluster runs what any repository built, and gets the workspace's. @throws {ExeatError} WORKLOAD_OTHER */
export function checkBundle({ repositoryId }: Workload, { audience = '*' }: Wire['bundleQuerySchema']): void {
  if (audience === (repositoryId ?? '*')) return
  throw refused('WORKLOAD_OTHER', `the bundle is asked for \`${audience}\`, and the token is good for \`${repositoryId ?? '*'}\``, repositoryId === undefined ? undefined : `ask for it with audience=${repositoryId}`)
}

type Use = Wire['usesSchema']['uses'][number]
type Result = Wire['usesAnswerSchema']['results'][number]

/**
 * Why a job may not have a use counted, and undefined where it may: uses of its own repository, environment and commit, so that nobody exhausts what others rest
 * on. Each is judged alone, as everywhere: what waited on a runner from an earlier job keeps none of this one's back.
 */
export function useRefusal({ repositoryId, facts, previewOnly, event }: Workload, { uid, point, subject }: Use, { spec }: Workspace): Result | undefined {
  const refusal = (code: IdentityCode, message: string): Result => ({ uid, outcome: 'refused', code, message })
  if (previewOnly) return refusal('WORKLOAD_PREVIEW', `a job that \`${event ?? 'nothing'}\` started is told what would be, and has no use counted`)
  if (repositoryId === undefined) return point.startsWith('gate/') ? refusal('WORKLOAD_OTHER', `a use at \`${point}\` is a job's, and the token is a cluster's`) : undefined
  const environment = facts.environment?.value
  const environments = environment === undefined ? spec.environments.filter(({ proof }) => proof === 'asserted').map(({ name }) => name) : [environment]
  if (!environments.some((each) => point === `gate/${repositoryId}/${each}`)) return refusal('WORKLOAD_OTHER', `a use at \`${point}\` is none of this job's`)
  const commit = facts.commit?.value ?? ''
  return subject === `commit:${commit}` ? undefined : refusal('WORKLOAD_OTHER', `a use for \`${subject}\` is none of this job's, which runs at \`${commit}\``)
}

/** In the order of the request. */
export async function claimedBy(workload: Workload, uses: readonly Use[], workspace: Workspace, claim: (uses: readonly Use[]) => Promise<Wire['usesAnswerSchema']>): Promise<Wire['usesAnswerSchema']> {
  const refusals = uses.map((use) => useRefusal(workload, use, workspace))
  const own = uses.filter((_, i) => refusals[i] === undefined)
  const counted = own.length === 0 ? [] : [...(await claim(own)).results]
  return { results: refusals.flatMap((refusal) => refusal ?? counted.shift() ?? []) }
}
