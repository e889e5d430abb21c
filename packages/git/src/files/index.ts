/** Governance in two steps: its files as bytes, and what they say. The second touches neither git nor disk, and can run where nothing else can. */
import type { Sha256 } from '@exeat/core'
import { compileGovernance } from '../compile.ts'
import { toGovernance } from '../compiled.ts'
import { type Files, readTree } from '../objects.ts'
import { shown } from '../problem.ts'
import { resolveProtectedRef } from '../ref.ts'
import type { Governance } from '../types.ts'
import { readWorktree, worktreeRoot } from '../worktree.ts'

export type { Files } from '../objects.ts'

export interface LabelledFiles {
  readonly files: Files
  /** For people: where they stand. */
  readonly label: string
  /** That they were read of; absent: of the work tree. */
  readonly commit?: string
}

/** `ref`: a branch or a commit id; absent: the work tree. @throws {ExeatError} every reason why they cannot be read */
export async function governanceFiles(dir: string, ref?: string): Promise<LabelledFiles> {
  if (ref === undefined) {
    const root = await worktreeRoot(dir)
    return { files: await readWorktree(root), label: `work tree \`${shown(root)}\`, committed or not` }
  }
  const resolved = await resolveProtectedRef(dir, { ref, allowCommit: true })
  return { files: await readTree(dir, resolved.tree), label: `\`${shown(ref)}\` at ${resolved.commit.slice(0, 12)}`, commit: resolved.commit }
}

/** @throws {ExeatError} with all that is wrong in them */
export const governanceOf = (files: Files, sha256: Sha256): Omit<Governance, 'source' | 'label' | 'cache'> => toGovernance(compileGovernance(files, sha256))
