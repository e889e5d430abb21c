import { severities, type Severity } from '@exeat/core'
import type { RawResult } from './result.ts'
import type { Component, Descriptor, DescriptorReference, Invocation, Run } from './shapes.ts'

/** A result's rule, as far as the report tells. */
export interface FoundRule {
  readonly id: string
  readonly component: Component | undefined
  readonly descriptor: Descriptor | undefined
  /** The result points to a description that the report does not hold. */
  readonly dangling: boolean
}

/** Id of a result that names no rule: it cannot be taken for a real one. */
export const noRule = '(none)'

export interface Rules {
  ruleOf(result: RawResult): FoundRule
  /** Undefined where the report does not say: unknown, never low. */
  severityOf(result: RawResult, rule: FoundRule): Severity | undefined
  /** CVE, GHSA and CWE ids that the rule or the result names beside the rule's own id. */
  aliasesOf(result: RawResult, rule: FoundRule): readonly string[] | undefined
}

export function rulesOf(run: Run): Rules {
  const driver = run.tool?.driver
  const extensions = run.tool?.extensions ?? []
  const taxonomies = run.taxonomies ?? []
  const find = finder()
  const ruleAliases = new Map<Descriptor, readonly string[]>()

  const componentOf = (reference: DescriptorReference['toolComponent'], among: readonly (Component | undefined)[]): Component | undefined => {
    if (reference === undefined) return undefined
    const { index, guid, name } = reference
    if (index !== undefined && index >= 0) return among[index]
    if (guid === undefined && name === undefined) return driver
    return [driver, ...among].find((each) => each !== undefined && ((guid !== undefined && each.guid === guid) || (guid === undefined && name !== undefined && each.name === name)))
  }

  const ruleOf = (result: RawResult): FoundRule => {
    const reference = result.rule
    const component = reference?.toolComponent === undefined ? driver : componentOf(reference.toolComponent, extensions)
    const index = result.ruleIndex ?? reference?.index
    const wanted = result.ruleId ?? reference?.id
    const descriptor = component === undefined ? undefined : find(component, wanted, index, reference?.guid)
    const id = wanted ?? descriptor?.id ?? noRule
    const pointed = component === undefined || (index !== undefined && index >= 0) || reference?.guid !== undefined
    return { id: id === '' ? noRule : id, component, descriptor, dangling: descriptor === undefined && pointed }
  }

  const namesOf = (references: readonly DescriptorReference[]): string[] => references.flatMap((reference) => {
    const taxonomy = componentOf(reference.toolComponent, taxonomies)
    const id = reference.id ?? (reference.index === undefined ? undefined : taxonomy?.taxa?.[reference.index]?.id)
    return publicId(id, taxonomy?.name ?? reference.toolComponent?.name)
  })

  const aliasesOfRule = (descriptor: Descriptor): readonly string[] => {
    const known = ruleAliases.get(descriptor)
    if (known !== undefined) return known
    const targets = (descriptor.relationships ?? []).flatMap((each) => (each.target === undefined ? [] : [each.target]))
    const tags = (descriptor.properties?.tags ?? []).flatMap((tag) => publicId(tag.slice(tag.lastIndexOf('/') + 1), undefined))
    const aliases = distinct([...namesOf(targets), ...tags], descriptor.id)
    ruleAliases.set(descriptor, aliases)
    return aliases
  }

  return {
    ruleOf,
    severityOf: (result, rule) => severityOf(result, rule, overrideOf(result, rule, run.invocations ?? [])),
    aliasesOf(result, rule) {
      const ofRule = rule.descriptor === undefined ? [] : aliasesOfRule(rule.descriptor)
      const all = result.taxa === undefined ? ofRule : distinct([...namesOf(result.taxa), ...ofRule], rule.id)
      return all.length === 0 ? undefined : all
    },
  }
}

type Finder = (component: Component, id: string | undefined, index: number | undefined, guid: string | undefined) => Descriptor | undefined

/** By index where it agrees with the id, by GUID, by id, and by the parents of a hierarchical id: `CA1000/1` is a `CA1000` (§3.27.5). */
function finder(): Finder {
  const byId = new Map<Component, Map<string, Descriptor>>()
  const idsOf = (component: Component): Map<string, Descriptor> => {
    const known = byId.get(component)
    if (known !== undefined) return known
    const ids = new Map<string, Descriptor>()
    for (const rule of component.rules ?? []) {
      if (rule?.id === undefined) continue
      const twin = ids.get(rule.id)
      // Ids need not be unique (§3.49.3): a result that does not say which of them it breaks is judged by the severest.
      if (twin === undefined || weightOf(rule) > weightOf(twin)) ids.set(rule.id, rule)
    }
    byId.set(component, ids)
    return ids
  }
  return (component, id, index, guid) => {
    const pointed = index === undefined || index < 0 ? undefined : component.rules?.[index]
    if (pointed !== undefined && (id === undefined || pointed.id === undefined || id === pointed.id || id.startsWith(`${pointed.id}/`))) return pointed
    const named = guid === undefined ? undefined : component.rules?.find((rule) => rule?.guid === guid)
    if (named !== undefined || id === undefined) return named
    const ids = idsOf(component)
    for (let end = id.length; end > 0; end = id.lastIndexOf('/', end - 1)) {
      const found = ids.get(id.slice(0, end))
      if (found !== undefined) return found
    }
    return undefined
  }
}

/** `89` of a taxonomy named CWE is `CWE-89`; anything that is no CVE, GHSA or CWE id is none. */
function publicId(id: string | undefined, taxonomy: string | undefined): string[] {
  if (id === undefined) return []
  const whole = /^\d+$/u.test(id) && taxonomy?.toUpperCase() === 'CWE' ? `CWE-${id}` : id
  const weakness = /^CWE-0*(\d+)(?:\D.*)?$/isu.exec(whole)
  if (weakness !== null) return [`CWE-${weakness[1]}`]
  if (/^CVE-\d{4}-\d{4,}$/iu.test(whole)) return [whole.toUpperCase()]
  return /^GHSA(?:-[0-9a-z]{4}){3}$/iu.test(whole) ? [`GHSA${whole.slice(4).toLowerCase()}`] : []
}

const distinct = (names: readonly string[], own: string | undefined): readonly string[] => [...new Set(names)].filter((name) => name !== own).toSorted()

/** §3.20.5. A run of one invocation needs no `provenance` to say which. */
function overrideOf(result: RawResult, rule: FoundRule, invocations: readonly (Invocation | undefined)[]): string | undefined {
  const index = result.invocation
  const invocation = index !== undefined && index >= 0 ? invocations[index] : invocations.length === 1 ? invocations[0] : undefined
  const overrides = invocation?.ruleConfigurationOverrides
  if (overrides === undefined) return undefined
  const matches = (reference: DescriptorReference | undefined): boolean => {
    if (reference === undefined || rule.descriptor === undefined) return reference?.id === rule.id
    if (reference.guid !== undefined && rule.descriptor.guid !== undefined) return reference.guid === rule.descriptor.guid
    return reference.id === undefined
      ? reference.index !== undefined && rule.component?.rules?.[reference.index] === rule.descriptor
      : reference.id === rule.id || reference.id === rule.descriptor.id
  }
  return overrides.findLast((override) => matches(override.descriptor))?.configuration?.level
}

const levels: ReadonlyMap<string, Severity> = new Map([['error', 'high'], ['warning', 'medium'], ['note', 'low'], ['none', 'info']])

/**
 * `security-severity` of the rule by the bands of CVSS, else the level by §3.27.10. A result of kind `open` or `review` has no level
 * of its own by that section; it is judged by what its rule would say if it failed, or doubt would pass as harmless.
 */
function severityOf(result: RawResult, rule: FoundRule, override: string | undefined): Severity | undefined {
  const scored = banded(rule.descriptor?.properties?.['security-severity'])
  if (scored !== undefined) return scored
  const fails = result.kind === undefined || result.kind === 'fail'
  const own = fails || result.level !== 'none' ? result.level : undefined
  const stated = own ?? override ?? rule.descriptor?.defaultConfiguration?.level
  if (stated !== undefined) return levels.get(stated)
  return rule.dangling ? undefined : 'medium'
}

/** Of two rules with one id, the heavier is the severer, by what they say of themselves. */
const weightOf = ({ properties, defaultConfiguration }: Descriptor): number =>
  severities.indexOf(banded(properties?.['security-severity']) ?? levels.get(defaultConfiguration?.level ?? '') ?? 'medium')

function banded(written: string | undefined): Severity | undefined {
  if (written === undefined || !/^\d+(?:\.\d+)?$/u.test(written)) return undefined
  const score = Number(written)
  if (score >= 9) return 'critical'
  if (score >= 7) return 'high'
  if (score >= 4) return 'medium'
  return score > 0 ? 'low' : 'info'
}
