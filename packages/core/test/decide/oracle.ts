/** The decision once more, by the plainest loop and by regular expressions instead of the index: what `decide` must agree with. */
import { fingerprints } from '../../src/finding/index.ts'
import type { Facts, Finding, Instant, OptOutSet } from '../../src/model/index.ts'
import type { PolicySet } from '../../src/policy/types.ts'
import { reference } from '../pattern/reference.ts'
import { sha256 } from './build.ts'

const some = (patterns: readonly string[] | undefined, kind: 'name' | 'path', value: string | undefined): boolean =>
  patterns === undefined || (value !== undefined && patterns.some((pattern) => reference(pattern, kind).test(value)))

/** Name of the opt-out that excuses each finding, or undefined. Facts must be proven, thresholds are not looked at. */
export function oracle(set: PolicySet, optOuts: OptOutSet, findings: readonly Finding[], facts: Facts, now: Instant): readonly (string | undefined)[] {
  const print = fingerprints(findings, facts.repository?.value.id ?? '', sha256)
  const ids = new Map(set.workspace.spec.sources.map(({ name, repositoryId }) => [name, repositoryId]))
  const answer: (string | undefined)[] = findings.map(() => undefined)
  const byPreference = [...optOuts.active].sort((a, b) =>
    b.document.spec.window.until - a.document.spec.window.until || (a.document.metadata.name < b.document.metadata.name ? -1 : 1))
  for (const optOut of byPreference) {
    const { metadata, spec: { controls, targets = {}, window, limits } } = optOut.document
    const matches = findings.flatMap((finding, index) => {
      if (finding.tool === 'homemade') return []
      const control = `${finding.tool}/${finding.rule}`
      const inScope = controls.some((pattern) => set.sameControls(control).some((name) => reference(pattern, 'name').test(name)))
        && (targets.repositories === undefined || targets.repositories.some((name) => ids.get(name) === facts.repository?.value.id && facts.repository !== undefined))
        && (targets.environments === undefined || (facts.environment !== undefined && targets.environments.includes(facts.environment.value)))
        && some(targets.paths, 'path', finding.path) && some(targets.resources, 'name', finding.resource)
        && (targets.images === undefined || (finding.image !== undefined && targets.images.includes(finding.image)))
        && (targets.fingerprints === undefined || targets.fingerprints.includes(print(index)))
      if (!inScope || !(window.from <= now && now < window.until)) return []
      const terms = set.termsFor({
        control, ...(facts.environment === undefined ? {} : { environment: facts.environment.value }),
        ...(finding.severity === undefined ? {} : { severity: finding.severity }),
        ...(facts.repository === undefined ? {} : { repository: facts.repository.value.name }),
      })
      if (terms.kind === 'refused' || set.unmet(terms.terms, optOut, optOut.met).length > 0) return []
      if (terms.terms.requires.impact.value && !optOut.impact?.has(print(index))) return []
      return [index]
    })
    const limit = limits?.findings ?? Infinity
    const ordered = matches.sort((a, b) =>
      Number(optOut.impact?.has(print(b)) ?? false) - Number(optOut.impact?.has(print(a)) ?? false) || (print(a) < print(b) ? -1 : 1))
    const granted = ordered.length <= limit ? ordered : optOut.impact === undefined ? [] : ordered.slice(0, limit)
    for (const index of granted) answer[index] ??= metadata.name
  }
  return answer
}
