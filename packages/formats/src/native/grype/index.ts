/** `ignore` of `.grype.yaml`: an entry holds where id, package, version and location (a pattern) all do. It knows no end. */
import { PackageURL } from 'packageurl-js'
import type { Finding } from '@exeat/core'
import { notLiteral, oneLine, versioned, yamlFile } from '../text.ts'
import type { NativeForm, Row, Target } from '../types.ts'

/** Types of Grype by the type of a package URL, where the name tells packages apart. Others drop a part of the name. */
const types: ReadonlyMap<string, string> = new Map([
  ['alpm', 'alpm'], ['apk', 'apk'], ['cargo', 'rust-crate'], ['deb', 'deb'], ['gem', 'gem'], ['golang', 'go-module'], ['npm', 'npm'], ['pypi', 'python'], ['rpm', 'rpm'],
])
const ofDistribution: ReadonlySet<string> = new Set(['apk', 'alpm', 'deb', 'rpm'])

function parsed(purl: string): PackageURL | undefined {
  try {
    return PackageURL.fromString(purl)
  } catch {
    return undefined
  }
}

function target({ rule, path, resource }: Finding): Target | string {
  const purl = versioned(resource) ? parsed(resource) : undefined
  if (purl === undefined || resource === undefined) return 'it names no package URL with a version'
  const pattern = path === undefined ? undefined : notLiteral(path)
  if (pattern !== undefined) return pattern
  const exact = types.has(purl.type) && (path !== undefined || ofDistribution.has(purl.type))
  // Where the name is not the whole name, every finding of the rule counts as reached.
  return { match: { rule, ...(types.has(purl.type) ? { resource } : {}), ...(path === undefined ? {} : { path }) }, exact, detail: resource }
}

function entry({ target: { match: { rule, path }, detail = '' }, excuse: { by } }: Row): object {
  const purl = parsed(detail)
  const type = purl === undefined ? undefined : types.get(purl.type)
  const full = purl !== undefined && ['npm', 'golang'].includes(purl.type) && purl.namespace !== undefined && purl.namespace !== null
  return {
    vulnerability: rule,
    reason: oneLine(`${by.name}: ${by.reason}`),
    package: { name: full ? `${purl.namespace}/${purl.name}` : purl?.name, version: purl?.version, ...(type === undefined ? {} : { type }), ...(path === undefined ? {} : { location: path }) },
  }
}

export const grypeForm: NativeForm = {
  name: 'grype',
  tool: 'grype',
  selfExpiring: false,
  target,
  render: (rows, context) => [{ path: '.grype.yaml', content: yamlFile({ ignore: rows.map(entry) }, context) }],
}
