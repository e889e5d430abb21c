/** An opt-out made ready for matching: patterns compiled, repositories resolved to ids. */
import { controlPatterns } from '../control/patterns.ts'
import { compilePattern } from '../pattern/index.ts'
import type { Pattern } from '../pattern/index.ts'
import type { TargetKey } from '../model/decision.ts'
import type { ActiveOptOut, EndedOptOut, OptOutSet, RefusedOptOut, StandingOptOut } from '../model/optout.ts'
import type { Workspace } from '../document/schema.ts'

export type Standing =
  | { readonly status: 'active'; readonly optOut: ActiveOptOut }
  | { readonly status: 'ended'; readonly optOut: EndedOptOut }
  | { readonly status: 'refused'; readonly optOut: RefusedOptOut }

/** An absent target means any. `undefined` in place of a pattern list never occurs: a pattern that does not compile matches nothing. */
export interface Entry {
  readonly standing: Standing
  readonly name: string
  readonly controls: readonly Pattern[]
  /** Ids that the workspace's sources give for the names; a name that is no source matches nothing. */
  readonly repositories?: ReadonlySet<string>
  readonly environments?: ReadonlySet<string>
  /** Compiled when first asked for: most entries are of other repositories and environments than the run's. */
  readonly paths: readonly Pattern[] | undefined
  readonly resources?: readonly Pattern[]
  readonly images?: ReadonlySet<string>
  readonly fingerprints?: ReadonlySet<string>
  /** As the document spells them, for the explanations. */
  readonly written: Readonly<Partial<Record<TargetKey, readonly string[]>>>
}

/** Entries of a set: active ones first, then ended, then refused, each by name, so that the order of documents says nothing. */
export function entriesOf(set: OptOutSet, workspace: Workspace): readonly Entry[] {
  const idOf = new Map(workspace.spec.sources.map((source) => [source.name, source.repositoryId]))
  return [
    ...byName(set.active).map((optOut) => entryOf({ status: 'active', optOut }, idOf)),
    ...byName(set.ended).map((optOut) => entryOf({ status: 'ended', optOut }, idOf)),
    ...byName(set.refused).map((optOut) => entryOf({ status: 'refused', optOut }, idOf)),
  ]
}

function byName<T extends StandingOptOut>(optOuts: readonly T[]): readonly T[] {
  return [...optOuts].sort((a, b) => compare(a.document.metadata.name, b.document.metadata.name) || compare(a.uid, b.uid))
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

function entryOf(standing: Standing, idOf: ReadonlyMap<string, string>): Entry {
  const { metadata, spec } = standing.optOut.document
  const { repositories, environments, paths, resources, images, fingerprints } = spec.targets ?? {}
  let compiledPaths: readonly Pattern[] | undefined
  return {
    standing,
    name: metadata.name,
    controls: spec.controls.flatMap(controlPatterns),
    written: spec.targets ?? {},
    ...(repositories === undefined ? {} : { repositories: new Set(repositories.flatMap((name) => idOf.get(name) ?? [])) }),
    ...(environments === undefined ? {} : { environments: new Set(environments) }),
    get paths() { return paths === undefined ? undefined : compiledPaths ??= compiled(paths, 'path') },
    ...(resources === undefined ? {} : { resources: compiled(resources, 'name') }),
    ...(images === undefined ? {} : { images: new Set(images) }),
    ...(fingerprints === undefined ? {} : { fingerprints: new Set(fingerprints) }),
  }
}

/** Decoded documents hold only patterns that compile; anything else matches nothing, which narrows. */
function compiled(sources: readonly string[], kind: 'name' | 'path'): readonly Pattern[] {
  return sources.flatMap((source) => {
    const answer = compilePattern(source, kind)
    return answer.ok ? [answer.pattern] : []
  })
}
