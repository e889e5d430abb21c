import type { OptOut, Workspace } from '@exeat/core'

/**
 * The repository id that goes into an opt-out's uid: the forge's id that its one target repository resolves to, so that a repository that
 * is deleted and made anew under its name does not inherit what was approved. Where it names several repositories or none, the JSON list
 * of their ids in code unit order (`["1001","1002"]`, `[]`). Every name must be a source of the workspace.
 */
export function repositoryIdOf(optOut: OptOut, workspace: Workspace): string {
  const ids = new Map(workspace.spec.sources.map(({ name, repositoryId }) => [name, repositoryId]))
  const named = new Set((optOut.spec.targets?.repositories ?? []).flatMap((name) => ids.get(name) ?? []))
  const [first, ...others] = [...named].sort()
  return first !== undefined && others.length === 0 ? first : JSON.stringify(first === undefined ? [] : [first, ...others])
}
