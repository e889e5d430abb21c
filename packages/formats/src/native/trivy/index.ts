/**
 * `.trivyignore.yaml`. Entries match by id, by path (a pattern) and by package URL; an unknown key would widen an entry, so none is written.
 * `expired_at` is an instant that still counts (expiry-inclusive), so it is the millisecond before the end.
 */
import type { Finding } from '@exeat/core'
import { Scalar } from 'yaml'
import { lastInstant, lastMillisecond, notLiteral, oneLine, versioned, yamlFile } from '../text.ts'
import type { NativeForm, Row, Target } from '../types.ts'

const sections = ['vulnerabilities', 'misconfigurations'] as const

const isVulnerability = (rule: string): boolean => /^(?:CVE-\d{4}-\d+|GHSA(?:-[0-9a-z]{4}){3}|[A-Z][A-Z0-9]*SA-[\w:.-]+|TEMP-[\w-]+)$/u.test(rule)
const isCheck = (rule: string): boolean => /^(?:AVD-[A-Z]+-\d+|(?:AWS|AZU|GCP|DS|KSV|KCV|GIT|OCI|NIF|DIG|CVE)-?\d+)$/u.test(rule)

function target({ rule, path, resource }: Finding): Target | string {
  const section = isVulnerability(rule) ? 'vulnerabilities' : isCheck(rule) ? 'misconfigurations' : undefined
  if (section === undefined) return 'the id does not tell whether it is of a vulnerability or of a misconfiguration'
  const pattern = path === undefined ? undefined : notLiteral(path)
  if (pattern !== undefined) return pattern
  if (section === 'misconfigurations') return path === undefined ? 'it has no path' : { match: { rule, path }, exact: false, detail: section }
  const purl = versioned(resource) ? resource : undefined
  if (path === undefined && purl === undefined) return 'it has neither a path nor a package URL with a version'
  return {
    match: { rule, ...(path === undefined ? {} : { path }), ...(purl === undefined ? {} : { resource: purl }) },
    exact: purl !== undefined && (path !== undefined || ofDistribution(purl)), detail: section,
  }
}

/** Unquoted, as the tool's own examples have it. */
function plain(text: string): Scalar {
  const scalar = new Scalar(text)
  scalar.type = 'PLAIN'
  return scalar
}

/** Packages of a distribution lie in no file of their own. */
const ofDistribution = (purl: string): boolean => /^pkg:(?:apk|alpm|deb|rpm)\//u.test(purl)

const entry = ({ target: { match: { rule, path, resource } }, excuse: { by }, ends }: Row): object => ({
  id: rule,
  ...(path === undefined ? {} : { paths: [path] }),
  ...(resource === undefined ? {} : { purls: [resource] }),
  expired_at: plain(lastInstant(ends)),
  statement: oneLine(`${by.name}: ${by.reason}`),
})

export const trivyForm: NativeForm = {
  name: 'trivy',
  tool: 'trivy',
  selfExpiring: true,
  last: lastMillisecond,
  target,
  render(rows, context) {
    const value = Object.fromEntries(sections.map((section) => [section, rows.filter(({ target: { detail } }) => detail === section).map(entry)]))
    return [{ path: '.trivyignore.yaml', content: yamlFile(value, context) }]
  },
}
