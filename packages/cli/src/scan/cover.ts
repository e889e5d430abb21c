/** Which opt-out of `.exeat/` a suppression lies in the scope of. Whether it is approved, and active in a log, is not asked here. */
import { canonicalTool, compilePattern, controlPatterns, formatInstant, type Instant, type OptOut, type Pattern } from '@exeat/core'
import { ExeatError } from '@exeat/core/error'
import type { ScannedSuppression } from '@exeat/core/wire'
import { readDocuments } from '@exeat/formats'
import { governanceFiles } from '@exeat/git/files'
import type { Hit } from './find.ts'

interface Declared {
  readonly name: string
  readonly from: Instant
  readonly until: Instant
  readonly controls: readonly Pattern[]
  readonly paths?: readonly Pattern[]
  readonly repositories?: readonly string[]
  /** Narrower than a suppression can be: a resource, an image or single findings. */
  readonly narrow: boolean
}

export interface Declarations {
  readonly optOuts: readonly Declared[]
  /** The only source of the workspace, where it has one. */
  readonly source?: string
}

/** What `.exeat/` declares, in the work tree or at a commit; nothing where there is no such folder. @throws {ExeatError} where it is there and cannot be read */
export async function readDeclarations(root: string, commit?: string): Promise<Declarations> {
  let documents
  try {
    documents = (await governanceFiles(root, commit)).files.documents
  } catch (error) {
    if (error instanceof ExeatError && error.problems.every(({ code }) => code === 'GOVERNANCE_MISSING' || code === 'GIT_MISSING')) return { optOuts: [] }
    throw error
  }
  const decoded = documents.flatMap(({ path, bytes }) => readDocuments(bytes, path).documents)
  const sources = decoded.flatMap((each) => (each.ok && each.kind === 'Workspace' ? each.document.spec.sources.map(({ name }) => name) : []))
  const [source, ...others] = sources
  return {
    optOuts: decoded.flatMap((each) => (each.ok && each.kind === 'OptOut' ? [declared(each.document)] : [])),
    ...(source === undefined || others.length > 0 ? {} : { source }),
  }
}

function declared({ metadata: { name }, spec: { controls, targets = {}, window: { from, until } } }: OptOut): Declared {
  return {
    name, from, until, controls: controls.flatMap(controlPatterns),
    ...(targets.paths === undefined ? {} : { paths: targets.paths.flatMap(pathPattern) }),
    ...(targets.repositories === undefined ? {} : { repositories: targets.repositories }),
    narrow: targets.resources !== undefined || targets.images !== undefined || targets.fingerprints !== undefined,
  }
}

function pathPattern(source: string): readonly Pattern[] {
  const answer = compilePattern(source, 'path')
  return answer.ok ? [answer.pattern] : []
}

const rank = { active: 0, 'not-yet': 1, lapsed: 2 } as const

/** The one that covers it, else the one that will or did. A pattern of rules never covers a suppression of all rules unless it is all of them. */
export function coverOf(hit: Hit, { optOuts }: Declarations, repository: string | undefined, now: Instant): ScannedSuppression['optOut'] {
  const control = `${canonicalTool(hit.tool) ?? hit.tool}/${hit.rule}`
  const found = optOuts.filter((each) => reaches(each, control, hit, repository)).map(({ name, from, until }) => {
    const state = from <= now && now < until ? 'active' as const : now < from ? 'not-yet' as const : 'lapsed' as const
    return { name, state, until: formatInstant(until) }
  })
  return found.sort((a, b) => rank[a.state] - rank[b.state] || (a.name < b.name ? -1 : 1))[0]
}

/** What the suppression silences must lie in the scope as a whole: one of an ignore file is about every path unless it names some. */
function reaches({ controls, paths, repositories, narrow }: Declared, control: string, hit: Hit, repository: string | undefined): boolean {
  if (narrow || !controls.some(({ matches }) => matches(control))) return false
  if (repositories !== undefined && (repository === undefined || !repositories.includes(repository))) return false
  if (paths === undefined) return true
  const concerned = hit.paths ?? (hit.kind === 'comment' || hit.kind === 'exemption' ? [hit.path] : undefined)
  return concerned !== undefined && concerned.every((path) => paths.some(({ matches }) => matches(path)))
}
