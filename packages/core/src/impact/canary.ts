/** Canary probes: findings that nobody reported, one step beside one that the change excuses. What excuses such a neighbour would excuse a real one. */
import { controlOf } from '../control/tools.ts'
import type { Decider } from '../decide/decide.ts'
import type { Facts } from '../model/facts.ts'
import type { Finding } from '../model/finding.ts'
import type { Instant } from '../model/instant.ts'
import type { Sha256 } from '../model/digest.ts'
import type { OptOut, Workspace } from '../document/schema.ts'
import type { SimulatedOptOut } from './report.ts'

export interface Probe {
  readonly kind: SimulatedOptOut['canaries'][number]['kind']
  readonly finding: Finding
  readonly facts: Facts
}

/** A name that no rule, file or version has by chance. */
const mark = 'exeat-canary'

/** Neighbours of one finding: each differs from it in one thing alone, and is none that the opt-out names in full, as that was meant. */
export function neighbours(finding: Finding, facts: Facts, workspace: Workspace, { controls, targets = {} }: OptOut['spec']): readonly Probe[] {
  const meant: Readonly<Record<Probe['kind'], (probe: Probe) => boolean | undefined>> = {
    rule: (probe) => controls.includes(controlOf(probe.finding)),
    path: (probe) => targets.paths?.includes(probe.finding.path ?? ''),
    version: (probe) => targets.resources?.includes(probe.finding.resource ?? ''),
    environment: (probe) => targets.environments?.includes(probe.facts.environment?.value ?? ''),
    repository: (probe) => targets.repositories?.includes(probe.facts.repository?.value.name ?? ''),
    second: () => false,
  }
  return every(finding, facts, workspace).filter((probe) => meant[probe.kind](probe) !== true)
}

function every(finding: Finding, facts: Facts, workspace: Workspace): readonly Probe[] {
  const { path, resource } = finding
  const version = resource === undefined ? undefined : nextVersion(resource)
  return [
    ...otherRules(finding.rule).map((rule): Probe => ({ kind: 'rule', finding: { ...finding, rule }, facts })),
    { kind: 'second', finding: { ...finding, message: `${finding.message ?? finding.title} ${mark}`, snippet: `${finding.snippet ?? ''} ${mark}` }, facts },
    ...(path === undefined ? [] : nextPaths(path).map((each): Probe => ({ kind: 'path', finding: { ...finding, path: each }, facts }))),
    ...(version === undefined ? [] : [{ kind: 'version', finding: { ...finding, resource: version }, facts } satisfies Probe]),
    ...workspace.spec.environments.filter(({ name }) => name !== facts.environment?.value).map(({ name }): Probe =>
      ({ kind: 'environment', finding, facts: { ...facts, environment: { value: name, provenance: 'verified', from: 'simulation' } } })),
    ...workspace.spec.sources.filter(({ repositoryId }) => repositoryId !== facts.repository?.value.id).map(({ name, repositoryId }): Probe =>
      ({ kind: 'repository', finding, facts: { ...facts, repository: { value: { name, id: repositoryId }, provenance: 'verified', from: 'simulation' } } })),
  ]
}

/** Of the same family, so that a pattern of the family finds them: the next number, and a name in place of the last one. */
const otherRules = (rule: string): readonly string[] => (!/\d$/.test(rule) ? [`${rule}-${mark}`]
  : [rule.replace(/\d+$/, (digits) => String(Number(digits.slice(-9)) + 1).padStart(digits.length, '0')), rule.replace(/\d+$/, mark)])

/** A file beside it, one in a folder beside its own, and the same name at the root. */
function nextPaths(path: string): readonly string[] {
  const segments = path.split('/')
  const file = segments.pop() ?? ''
  const dot = file.lastIndexOf('.')
  const sibling = [...segments, dot > 0 ? `${mark}${file.slice(dot)}` : mark].join('/')
  const cousin = segments.length === 0 ? `${mark}/${file}` : [...segments.slice(0, -1), mark, file].join('/')
  return [...new Set([sibling, cousin, file])].filter((each) => each !== path && each !== '')
}

/** The package URL with the last number of its version raised; undefined where it has none. */
function nextVersion(resource: string): string | undefined {
  const at = resource.lastIndexOf('@')
  if (!resource.startsWith('pkg:') || at < 0) return undefined
  const end = resource.slice(at).search(/[?#]/)
  const version = end < 0 ? resource.slice(at + 1) : resource.slice(at + 1, at + end)
  const raised = version.replace(/(\d+)(?=\D*$)/, (digits) => String(Number(digits.slice(-9)) + 1))
  return raised === version ? undefined : `${resource.slice(0, at + 1)}${raised}${end < 0 ? '' : resource.slice(at + end)}`
}

/** Whether the change excuses a probe that was not excused without it. Each is a run of its own, so that no ceiling hides it. */
export function slips({ finding, facts }: Probe, optOut: string, before: Decider, after: Decider, at: Instant, sha256: Sha256): boolean {
  const [then] = after([finding], facts, at, { sha256 })
  if (then?.outcome !== 'excused' || then.optOut?.name !== optOut) return false
  return before([finding], facts, at, { sha256 })[0]?.outcome !== 'excused'
}
