import { governanceSource } from '../governance/index.ts'
import type { DataPaths } from '../config/folder.ts'
import type { GovernanceSource } from '../ports/governance.ts'

export interface GovernedBy {
  readonly repository: string
  readonly ref?: string
  readonly now: () => number
}

export function sourceOf({ repository, ref, now }: GovernedBy, { mirror }: DataPaths): GovernanceSource {
  return governanceSource({ repository, ...(ref === undefined ? {} : { ref }), mirrorDir: mirror, now })
}

/**
 * The id of the workspace at the protected ref of a repository.
 * @throws {ExeatError} whatever the git reader says
 */
export async function workspaceOf(by: GovernedBy, paths: DataPaths): Promise<string> {
  const { governance } = await sourceOf(by, paths).current({ fresh: true })
  return governance.workspace.document.spec.id
}
