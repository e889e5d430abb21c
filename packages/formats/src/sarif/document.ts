import type { ExcusedBy, Finding, Report, Severity } from '@exeat/core'
import { suppressionOf } from './suppression.ts'
import type { SarifSuppression, SuppressionTrust } from './suppression.ts'

/** A native report and what was decided of it. */
export interface DecidedReport {
  readonly report: Report
  /** By the finding's index in the report. */
  readonly excused: ReadonlyMap<number, ExcusedBy>
  /** Fingerprints of design §4 by the finding's index; those that are missing are left out. */
  readonly fingerprints: ReadonlyMap<number, string>
  readonly trust?: SuppressionTrust
}

/** The part of a SARIF 2.1.0 log that Exeat writes. */
export interface SarifLog {
  readonly $schema: string
  readonly version: '2.1.0'
  readonly runs: readonly SarifRun[]
}

export interface SarifRun {
  readonly tool: { readonly driver: { readonly name: string; readonly rules: readonly SarifRule[] } }
  readonly invocations: readonly [{ readonly executionSuccessful: boolean }]
  readonly results: readonly SarifResult[]
  readonly properties?: { readonly exeat: { readonly commit: string } }
}

export interface SarifRule {
  readonly id: string
  readonly shortDescription: { readonly text: string }
  readonly properties?: { readonly 'security-severity'?: string; readonly tags?: readonly string[] }
}

export interface SarifResult {
  readonly ruleId: string
  readonly ruleIndex: number
  readonly level: 'error' | 'warning' | 'note' | 'none'
  readonly message: { readonly text: string }
  readonly locations?: readonly SarifLocation[]
  readonly partialFingerprints?: { readonly 'exeat/v1': string }
  readonly suppressions?: readonly SarifSuppression[]
  readonly properties?: { readonly exeat: { readonly image: string } }
}

export interface SarifLocation {
  readonly physicalLocation?: {
    readonly artifactLocation: { readonly uri: string; readonly uriBaseId: '%SRCROOT%' }
    readonly region?: { readonly startLine: number; readonly snippet?: { readonly text: string } }
  }
  readonly logicalLocations?: readonly [{ readonly fullyQualifiedName: string; readonly kind: 'resource' }]
}

const levels = { critical: 'error', high: 'error', medium: 'warning', low: 'note', info: 'none' } as const satisfies Record<Severity, string>

/** A score inside the band that the reader, as other consumers of SARIF, takes each severity from. */
const scores: Readonly<Record<Severity, string>> = { critical: '9.5', high: '8.0', medium: '5.5', low: '2.0', info: '0.0' }

/** SARIF 2.1.0 for reports that came in another format: a run each, the excused findings with their suppressions. */
export function toSarif(decided: readonly DecidedReport[]): SarifLog {
  return {
    $schema: 'https://json.schemastore.org/sarif-2.1.0.json',
    version: '2.1.0',
    runs: decided.map(runOf),
  }
}

function runOf({ report, excused, fingerprints, trust }: DecidedReport): SarifRun {
  const rules = rulesOf(report.findings)
  return {
    tool: { driver: { name: report.tool, rules: [...rules.values()].map(({ rule }) => rule) } },
    invocations: [{ executionSuccessful: report.completed }],
    results: report.findings.map((finding, index) => {
      const excusedBy = excused.get(index)
      const fingerprint = fingerprints.get(index)
      return {
        ...resultOf(finding, rules.get(finding.rule)?.index ?? -1),
        ...(fingerprint === undefined ? {} : { partialFingerprints: { 'exeat/v1': fingerprint } }),
        // §3.27.23: where one result has the array, an absent one elsewhere would mean that nobody looked.
        ...(excused.size === 0 ? {} : { suppressions: excusedBy === undefined ? [] : [suppressionOf(excusedBy, trust)] }),
      }
    }),
    ...(report.commit === undefined ? {} : { properties: { exeat: { commit: report.commit } } }),
  }
}

/** A description for each rule id; with a score only where all findings of the rule are equally severe, as it speaks for all of them. */
function rulesOf(findings: readonly Finding[]): Map<string, { readonly index: number; readonly rule: SarifRule }> {
  const groups = new Map<string, { title: string; severities: Set<Severity | undefined>; aliases: Set<string> }>()
  for (const { rule, title, severity, aliases } of findings) {
    const group = groups.get(rule) ?? { title, severities: new Set(), aliases: new Set() }
    groups.set(rule, group)
    group.severities.add(severity)
    for (const alias of aliases ?? []) group.aliases.add(alias)
  }
  return new Map([...groups].map(([id, { title, severities, aliases }], index) => {
    const [severity] = severities
    const properties = {
      ...(severities.size === 1 && severity !== undefined ? { 'security-severity': scores[severity] } : {}),
      ...(aliases.size === 0 ? {} : { tags: [...aliases].toSorted() }),
    }
    const rule = { id, shortDescription: { text: title === '' ? id : title }, ...(Object.keys(properties).length === 0 ? {} : { properties }) }
    return [id, { index, rule }]
  }))
}

function resultOf(finding: Finding, ruleIndex: number): SarifResult {
  const location = locationOf(finding)
  return {
    ruleId: finding.rule,
    ruleIndex,
    // A finding of unknown severity is shown as one that needs a look, never as harmless.
    level: finding.severity === undefined ? 'warning' : levels[finding.severity],
    message: { text: [finding.message, finding.title].find((text) => text !== undefined && text !== '') ?? finding.rule },
    ...(location === undefined ? {} : { locations: [location] }),
    ...(finding.image === undefined ? {} : { properties: { exeat: { image: finding.image } } }),
  }
}

function locationOf({ path, line, snippet, resource }: Finding): SarifLocation | undefined {
  if (path === undefined && resource === undefined) return undefined
  const region = line === undefined ? undefined : { startLine: line, ...(snippet === undefined ? {} : { snippet: { text: snippet } }) }
  return {
    ...(path === undefined ? {} : {
      physicalLocation: { artifactLocation: { uri: uriOf(path), uriBaseId: '%SRCROOT%' }, ...(region === undefined ? {} : { region }) },
    }),
    ...(resource === undefined ? {} : { logicalLocations: [{ fullyQualifiedName: resource, kind: 'resource' }] }),
  }
}

/** RFC 3986: a path of a repository as a relative reference. */
const uriOf = (path: string): string => path.toWellFormed().split('/').map(encodeURIComponent).join('/')
