/** The repositories that an opt-out names, as the forge numbers them: what a uid and an envelope are made with. */
import type { OptOut, Workspace } from '../document/schema.ts'

/** Ids of the repositories that it names, each once, in code unit order. Every name must be a source of the workspace; others are left out. */
export function repositoryIdsOf(optOut: OptOut, workspace: Workspace): readonly string[] {
  const ids = new Map(workspace.spec.sources.map(({ name, repositoryId }) => [name, repositoryId]))
  return [...new Set((optOut.spec.targets?.repositories ?? []).flatMap((name) => ids.get(name) ?? []))].sort()
}

/**
 * The repository id that goes into an opt-out's uid: the forge's id that its one target repository resolves to, so that a repository that
 * is deleted and made anew under its name does not inherit what was approved. Where it names several repositories or none, the JSON list
 * of their ids in code unit order (`["1001","1002"]`, `[]`).
 */
export function repositoryIdOf(optOut: OptOut, workspace: Workspace): string {
  const [first, ...others] = repositoryIdsOf(optOut, workspace)
  return first !== undefined && others.length === 0 ? first : JSON.stringify(first === undefined ? [] : [first, ...others])
}
