/**
 * OSV-Scanner, `--format json`.
 *
 * | of Exeat | of OSV-Scanner |
 * |---|---|
 * | rule | `id` of a vulnerability; the licence of `license_violations` |
 * | severity | `database_specific.severity`, else the CVSS band of its group's `max_severity` |
 * | path | `source.path` |
 * | resource | package URL from name, version and ecosystem |
 * | aliases | `aliases` |
 *
 * What its configuration ignores it does not write. Without a vulnerability it writes an empty list of results: where nothing else says
 * that it was OSV-Scanner, taken only with `--input-format`.
 */
import type { Severity } from '@exeat/core'
import { cvssBand, notesOf, reader, severityOf } from '../draft.ts'
import type { Notes } from '../draft.ts'
import { packageUrl } from '../purl.ts'
import { hasKeys, isList, list, listIf, listOrNull, member, object, objectIf, ownValue, text, textIf, textsIf } from '../shape.ts'
import type { Node } from '../shape.ts'
import type { Json, NativeReader } from '../types.ts'

const resultsOf = (value: Json): readonly Json[] | undefined => {
  const results = ownValue(value, 'results')
  return isList(results) ? results : undefined
}

export const osvScanner: NativeReader = reader({
  format: 'osv-scanner',
  detect: (value) => resultsOf(value)?.some((each) => hasKeys(each, 'source', 'packages')) === true ||
    (resultsOf(value)?.length === 0 && hasKeys(value, 'experimental_config')),
  doubtful: (value) => resultsOf(value)?.length === 0 && Object.keys(value ?? {}).length === 1,
  walk(root, folder) {
    const notes = notesOf('osv-scanner', folder)
    for (const result of list(root, 'results')) {
      const path = text(object(result, 'source'), 'path')
      for (const each of list(result, 'packages')) addPackage(each, path, notes)
    }
    return [{ tool: 'osv-scanner', notes }]
  },
})

function addPackage(node: Node, path: string, notes: Notes): void {
  const named = object(node, 'package')
  const [name, version, ecosystem] = [textIf(named, 'name'), textIf(named, 'version'), textIf(named, 'ecosystem')]
  const resource = packageUrl(ecosystem, name, version)
  const message = name === undefined ? textIf(named, 'commit') : [name, version].filter((each) => each !== undefined).join(' ')
  const scores = scoresOf(node)
  for (const each of listIf(node, 'vulnerabilities')) {
    const id = text(each, 'id')
    notes.add({
      rule: id,
      severity: statedSeverity(each) ?? scores.get(id),
      title: textIf(each, 'summary'),
      message,
      path,
      resource,
      aliases: textsIf(each, 'aliases'),
    })
  }
  for (const licence of textsIf(node, 'license_violations')) notes.add({ rule: licence, title: `licence ${licence} is not allowed`, message, path, resource })
}

/** Each database has words of its own; those of GitHub are the ones that are told. */
function statedSeverity(vulnerability: Node): Severity | undefined {
  const specific = objectIf(vulnerability, 'database_specific')
  const severity = specific === undefined ? undefined : member(specific, 'severity')
  return typeof severity?.value === 'string' ? severityOf(severity.value) : undefined
}

/** Groups are vulnerabilities that are one and the same; `max_severity` is the highest score among them. */
function scoresOf(node: Node): ReadonlyMap<string, Severity | undefined> {
  return new Map(listOrNull(node, 'groups').flatMap((group) => {
    const score = textIf(group, 'max_severity')
    return textsIf(group, 'ids').map((id) => [id, score === undefined ? undefined : cvssBand(Number(score))] as const)
  }))
}
