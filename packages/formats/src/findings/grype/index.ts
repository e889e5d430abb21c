/**
 * Grype, `-o json`.
 *
 * | of Exeat | of Grype |
 * |---|---|
 * | rule | `vulnerability.id` |
 * | severity | `vulnerability.severity`; `Negligible` is low, `Unknown` none |
 * | path | first of `artifact.locations` |
 * | resource | `artifact.purl` |
 * | image | digest in `source.target.repoDigests`, else `manifestDigest`, else `imageID` |
 * | aliases | ids of `relatedVulnerabilities` |
 * | suppression | `ignoredMatches`; each is a finding as well |
 */
import { notesOf, reader, severityOf } from '../draft.ts'
import type { Draft } from '../draft.ts'
import { fault, isList, isObject, list, listIf, listOrNull, member, object, objectIf, ownValue, refuse, text, textIf } from '../shape.ts'
import type { Node } from '../shape.ts'
import type { NativeReader } from '../types.ts'

export const grype: NativeReader = reader({
  format: 'grype',
  detect: (value) => isList(ownValue(value, 'matches')) && ownValue(ownValue(value, 'descriptor'), 'name') === 'grype',
  walk(root, folder) {
    const notes = notesOf('grype', folder)
    const producer = text(object(root, 'descriptor'), 'name')
    if (producer !== 'grype') refuse(root, 'was not written by Grype')
    const image = imageOf(root)
    for (const match of list(root, 'matches')) notes.add(draft(match, image))
    for (const match of listIf(root, 'ignoredMatches')) notes.addSuppressed(draft(match, image), 'ignoredMatches', reasonOf(match))
    return [{ tool: 'grype', notes }]
  },
})

function draft(match: Node, image: string | undefined): Draft {
  const vulnerability = object(match, 'vulnerability')
  const artifact = object(match, 'artifact')
  const [location] = listOrNull(artifact, 'locations')
  const name = text(artifact, 'name')
  const version = textIf(artifact, 'version')
  const installed = version === undefined ? name : `${name} ${version}`
  return {
    rule: text(vulnerability, 'id'),
    severity: severityOf(textIf(vulnerability, 'severity')),
    title: `${text(vulnerability, 'id')} in ${installed}`,
    message: installed,
    path: location === undefined ? undefined : textIf(location, 'path'),
    resource: textIf(artifact, 'purl'),
    image,
    aliases: listOrNull(match, 'relatedVulnerabilities').map((related) => text(related, 'id')),
  }
}

function reasonOf(match: Node): string | undefined {
  const reasons = listOrNull(match, 'appliedIgnoreRules').flatMap((rule) => textIf(rule, 'reason') ?? [])
  return reasons.length === 0 ? undefined : reasons.join('; ')
}

/** Only images have a `target` that is an object. */
function imageOf(root: Node): string | undefined {
  const source = objectIf(root, 'source')
  const target = source === undefined ? undefined : member(source, 'target')
  if (target === undefined || !isObject(target.value)) return undefined
  const digests = new Set(listOrNull(target, 'repoDigests').map((each) => (typeof each.value === 'string' ? each.value.split('@')[1] : fault(each, 'text'))))
  const [only] = digests
  if (digests.size === 1) return only
  return textIf(target, 'manifestDigest') ?? textIf(target, 'imageID')
}
