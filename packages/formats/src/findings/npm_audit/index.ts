/**
 * `npm audit --json` of npm 7 and later (`auditReportVersion` 2).
 *
 * | of Exeat | of npm |
 * |---|---|
 * | rule | GHSA id in an advisory's `url`, else its `source` |
 * | severity | `severity` of the advisory |
 * | resource | package URL of the package, without a version: npm states only a range |
 * | message | the range |
 *
 * One finding for each advisory of a package. A package that is vulnerable only through others has none of its own: it names them in
 * `via`, and each must lead to an advisory in the same report. npm knows no suppressions.
 */
import { notesOf, reader, severityOf } from '../draft.ts'
import type { Draft } from '../draft.ts'
import { packageUrl } from '../purl.ts'
import { entries, hasKeys, isObject, list, member, numberIf, object, objectIf, refuse, text, textIf } from '../shape.ts'
import type { Node } from '../shape.ts'
import type { NativeReader } from '../types.ts'

export const npmAudit: NativeReader = reader({
  format: 'npm-audit',
  detect: (value) => hasKeys(value, 'auditReportVersion'),
  walk(root, folder) {
    const notes = notesOf('npm-audit', folder)
    const version = numberIf(root, 'auditReportVersion')
    if (version !== 2) refuse(root, `has the \`auditReportVersion\` ${version ?? 'none'}, expected 2`)
    const packages = entries(object(root, 'vulnerabilities')).map(([, each]) => each)
    const vias = new Map(packages.map((each) => [text(each, 'name'), list(each, 'via')]))
    for (const via of [...vias.values()].flat()) if (typeof via.value !== 'string') notes.add(draft(via))
    for (const each of packages) if (!leadsToAdvisory(text(each, 'name'), vias)) refuse(each, 'leads to no advisory')
    const counted = countOf(root)
    if (counted !== undefined && packages.length < counted) refuse(root, `lists ${packages.length} packages where its metadata counts ${counted}`)
    return [{ tool: 'npm-audit', notes }]
  },
})

function draft(via: Node): Draft {
  const name = text(via, 'name')
  return {
    rule: /GHSA(?:-[0-9a-z]{4}){3}/u.exec(textIf(via, 'url') ?? '')?.[0] ?? sourceOf(via),
    severity: severityOf(textIf(via, 'severity')),
    title: textIf(via, 'title'),
    message: `${name} ${textIf(via, 'range') ?? ''}`.trim(),
    resource: packageUrl('npm', name, undefined),
  }
}

function sourceOf(via: Node): string {
  const source = member(via, 'source')?.value
  return typeof source === 'number' || (typeof source === 'string' && source !== '') ? String(source) : refuse(via, 'names no advisory')
}

function leadsToAdvisory(name: string, vias: ReadonlyMap<string, readonly Node[]>): boolean {
  const seen = new Set([name])
  for (const each of seen) {
    for (const via of vias.get(each) ?? []) {
      if (isObject(via.value)) return true
      if (typeof via.value === 'string') seen.add(via.value)
    }
  }
  return false
}

function countOf(root: Node): number | undefined {
  const metadata = objectIf(root, 'metadata')
  const counts = metadata === undefined ? undefined : objectIf(metadata, 'vulnerabilities')
  return counts === undefined ? undefined : numberIf(counts, 'total')
}
