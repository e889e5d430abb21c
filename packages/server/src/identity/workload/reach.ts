/** What a job may ask for: what its own token speaks of. */
import type { Workspace } from '@exeat/core'
import type { Wire } from '@exeat/core/wire'
import type { Workload } from '../types.ts'
import { refused } from './forge.ts'

/** The bundle of its own repository; a cluster runs what any repository built, and gets the workspace's. @throws {ExeatError} WORKLOAD_OTHER */
export function checkBundle({ repositoryId }: Workload, { audience = '*' }: Wire['bundleQuerySchema']): void {
  if (audience === (repositoryId ?? '*')) return
  throw refused('WORKLOAD_OTHER', `the bundle is asked for \`${audience}\`, and the token is good for \`${repositoryId ?? '*'}\``, repositoryId === undefined ? undefined : `ask for it with audience=${repositoryId}`)
}

/**
 * Uses of its own repository, environment and commit: nobody exhausts what others rest on.
 * @throws {ExeatError} WORKLOAD_OTHER, WORKLOAD_PREVIEW
 */
export function checkUses({ repositoryId, facts, previewOnly, event }: Workload, uses: Wire['usesSchema']['uses'], { spec }: Workspace): void {
  if (previewOnly) throw refused('WORKLOAD_PREVIEW', `a job that \`${event ?? 'nothing'}\` started is told what would be, and counts no use`)
  const environment = facts.environment?.value
  const asserted = spec.environments.filter(({ proof }) => proof === 'asserted').map(({ name }) => name)
  const points = repositoryId === undefined ? undefined : new Set((environment === undefined ? asserted : [environment]).map((each) => `gate/${repositoryId}/${each}`))
  for (const { point, subject } of uses) {
    if (points === undefined ? point.startsWith('gate/') : !points.has(point)) throw refused('WORKLOAD_OTHER', `a use at \`${point.slice(0, 200)}\` is none of this job's`)
    if (points !== undefined && subject !== `commit:${facts.commit?.value ?? ''}`) throw refused('WORKLOAD_OTHER', `a use for \`${subject.slice(0, 200)}\` is none of this job's, which runs at ${facts.commit?.value ?? 'no commit'}`)
  }
}
