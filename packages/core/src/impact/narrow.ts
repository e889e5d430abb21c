/** The narrowest declaration that still covers what was meant: every pattern replaced by the names that were found, where that is fewer. */
import { controlPatterns } from '../control/patterns.ts'
import type { OptOut } from '../document/schema.ts'
import type { HexDigest } from '../model/digest.ts'
import type { Finding } from '../model/finding.ts'
import { isLiteral } from '../pattern/index.ts'
import { controlOf } from '../control/tools.ts'
import type { SimulatedOptOut } from './report.ts'

/** Entries one list may have in a suggestion: more is no list that anybody reads. */
const mostEntries = 50

/** What was meant, gathered over all runs. */
export interface Meant {
  readonly findings: number
  /** A set is undefined where a finding lacked the attribute, or there are too many to name. */
  readonly controls: ReadonlySet<string> | undefined
  readonly paths: ReadonlySet<string> | undefined
  readonly resources: ReadonlySet<string> | undefined
  readonly images: ReadonlySet<string> | undefined
  readonly fingerprints: ReadonlySet<HexDigest> | undefined
  readonly environments: ReadonlySet<string>
  readonly repositories: ReadonlySet<string>
}

type Key = 'paths' | 'resources' | 'images'
const attributes: readonly [Key, (finding: Finding) => string | undefined][] = [
  ['paths', ({ path }) => path], ['resources', ({ resource }) => resource], ['images', ({ image }) => image],
]

/** Gathers what was meant, within bounds. */
export function gatherMeant(): { add(finding: Finding, fingerprint: HexDigest, environment: string | undefined, repository: string | undefined): void; meant(most: number): Meant } {
  const controls = bounded()
  const lists = { paths: bounded(), resources: bounded(), images: bounded() }
  const prints = bounded()
  const environments = new Set<string>()
  const repositories = new Set<string>()
  return {
    add(finding, fingerprint, environment, repository) {
      controls.add(controlOf(finding))
      for (const [key, of] of attributes) lists[key].add(of(finding))
      prints.add(fingerprint)
      if (environment !== undefined) environments.add(environment)
      if (repository !== undefined) repositories.add(repository)
    },
    meant: (most) => ({
      findings: most, controls: controls.set(), paths: lists.paths.set(), resources: lists.resources.set(), images: lists.images.set(),
      fingerprints: prints.set() as ReadonlySet<HexDigest> | undefined, environments, repositories,
    }),
  }
}

function bounded(): { add(value: string | undefined): void; set(): ReadonlySet<string> | undefined } {
  const values = new Set<string>()
  let whole = true
  return {
    add(value) {
      if (value === undefined) whole = false
      else if (values.size <= mostEntries) values.add(value)
    },
    set: () => (whole && values.size > 0 && values.size <= mostEntries ? values : undefined),
  }
}

export interface Narrowed {
  readonly document: OptOut
  readonly keys: NonNullable<SimulatedOptOut['suggestion']>['keys']
}

/**
 * Undefined where nothing can be narrowed. `everywhere`: environments of the workspace, so that naming all of them is not called narrower.
 * `besides`: findings in scope that were not meant; where a narrowed scope would still hold one, the fingerprints are named too.
 */
export function narrowest(document: OptOut, meant: Meant, besides: readonly Finding[]): Narrowed | undefined {
  if (meant.findings === 0) return undefined
  const keys: { key: string; from: string; to: string }[] = []
  const targets: Record<string, readonly string[]> = { ...document.spec.targets }
  const replace = (key: string, found: ReadonlySet<string> | undefined): void => {
    const stated = targets[key]
    if (found === undefined || ![...found].every(nameable)) return
    const wanted = [...found].sort()
    if (stated !== undefined && stated.every(isLiteral) && stated.length <= wanted.length) return
    keys.push({ key: `targets.${key}`, from: written(stated), to: written(wanted) })
    targets[key] = wanted
  }
  const controls = narrowedControls(document.spec.controls, meant.controls)
  if (controls !== undefined) keys.push({ key: 'controls', from: written(document.spec.controls), to: written(controls) })
  replace('repositories', meant.repositories.size === 0 ? undefined : meant.repositories)
  replace('environments', meant.environments.size === 0 ? undefined : meant.environments)
  for (const [key] of attributes) replace(key, meant[key])
  if (mustName(controls ?? document.spec.controls, targets, besides)) replace('fingerprints', meant.fingerprints)
  const limit = document.spec.limits?.findings
  if (limit === undefined || limit > meant.findings) keys.push({ key: 'limits.findings', from: limit === undefined ? 'none' : String(limit), to: String(meant.findings) })
  if (keys.length === 0) return undefined
  const findings = limit === undefined ? meant.findings : Math.min(limit, meant.findings)
  const spec = { ...document.spec, controls: [...(controls ?? document.spec.controls)], targets, limits: { ...document.spec.limits, findings } } as OptOut['spec']
  return { document: { ...document, spec }, keys }
}

/** What a document can say, and a reader can see: no pattern sign, no control, invisible or reordering character. */
const nameable = (name: string): boolean => isLiteral(name) && name.trim() === name && name.length <= 512 && !/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u.test(name)
const written = (list: readonly string[] | undefined): string => (list === undefined ? 'any' : list.join(', '))

/** Patterns become the controls that were found; names stay, but for those that found nothing. */
function narrowedControls(stated: readonly string[], found: ReadonlySet<string> | undefined): readonly string[] | undefined {
  if (found === undefined || stated.every(isLiteral) || ![...found].every(nameable)) return undefined
  // A governed alias is excused under the name that the document gives it: that name stays.
  const patterns = stated.filter((control) => !isLiteral(control)).flatMap(controlPatterns)
  const byPattern = [...found].filter((control) => patterns.some((pattern) => pattern.matches(control)))
  const wanted = [...new Set([...stated.filter(isLiteral), ...byPattern])].sort()
  return wanted.length === 0 ? undefined : wanted
}

/** Whether a finding that was not meant lies in the narrowed scope too. */
function mustName(controls: readonly string[], targets: Readonly<Record<string, readonly string[]>>, besides: readonly Finding[]): boolean {
  return besides.some((finding) => (controls.some((control) => !isLiteral(control)) || controls.includes(controlOf(finding)))
    && attributes.every(([key, of]) => targets[key] === undefined || targets[key].some((each) => !isLiteral(each)) || targets[key].includes(of(finding) ?? '')))
}
