/**
 * Trivy, `--format json`: schema 2 of images, file systems and repositories, the form of `trivy k8s`, and the list of before 0.20.
 *
 * | of Exeat | of Trivy |
 * |---|---|
 * | rule | `VulnerabilityID`, `ID` of a misconfiguration, `RuleID` of a secret, `Name` of a licence |
 * | severity | `Severity`; `UNKNOWN` is none |
 * | path | `PkgPath`, or `Target` where it is a file |
 * | resource | package URL; `CauseMetadata.Resource` of a misconfiguration; `kind/namespace/name` in the Kubernetes form |
 * | image | the one digest in `RepoDigests`, else `ImageID` |
 * | aliases | `VendorIDs`, `AVDID` |
 * | suppression | `ExperimentalModifiedFindings`; each is a finding as well |
 *
 * Misconfigurations count with `Status` `FAIL`, or none. A report without `Results` is what Trivy writes where it found nothing to scan:
 * taken only with `--input-format`, like the `null` of before 0.20.
 */
import { notesOf, reader } from '../draft.ts'
import type { Notes, Walked } from '../draft.ts'
import { kubernetesName } from '../kubernetes.ts'
import { elements, fault, hasKeys, isList, isObject, listIf, listOrNull, member, numberIf, objectIf, refuse, text, textIf } from '../shape.ts'
import type { Node } from '../shape.ts'
import type { Json, NativeReader } from '../types.ts'
import { addResult } from './result.ts'
import type { Scanned } from './result.ts'

const isLegacy = (value: Json): boolean => isList(value) && value.some((each) => hasKeys(each, 'Target'))
const isKubernetes = (value: Json): boolean =>
  hasKeys(value, 'ClusterName') && ['Resources', 'Vulnerabilities', 'Misconfigurations', 'Findings'].some((key) => hasKeys(value, key))
const isArtifact = (value: Json): boolean => hasKeys(value, 'SchemaVersion', 'ArtifactName', 'ArtifactType')

export const trivy: NativeReader = reader({
  format: 'trivy',
  detect: (value) => isLegacy(value) || isKubernetes(value) || (isArtifact(value) && hasKeys(value, 'Results')),
  doubtful: (value) => value === null || (isArtifact(value) && !hasKeys(value, 'Results')),
  walk(root, folder) {
    const notes = notesOf('trivy', folder)
    if (root.value === null) return [{ tool: 'trivy', notes }]
    if (isList(root.value)) return [readLegacy(root, notes)]
    if (!isObject(root.value)) fault(root, 'an object, a list or null')
    return [isKubernetes(root.value) ? readKubernetes(root, notes) : readArtifact(root, notes)]
  },
})

/** Before 0.20: a list of results, in which null stands for none. */
function readLegacy(root: Node, notes: Notes): Walked {
  if (elements(root).length === 0) refuse(root, 'is an empty list, which Trivy does not write')
  for (const result of elements(root)) addResult(result, { lists: listOrNull }, notes)
  return { tool: 'trivy', notes }
}

function readArtifact(root: Node, notes: Notes): Walked {
  const version = numberIf(root, 'SchemaVersion')
  if (version !== 2) refuse(root, `has the \`SchemaVersion\` ${version ?? 'none'}, expected 2`)
  text(root, 'ArtifactName')
  const kind = text(root, 'ArtifactType')
  const metadata = objectIf(root, 'Metadata')
  const scanned: Scanned = { lists: listIf, image: imageOf(metadata), inImage: kind === 'container_image' }
  for (const result of listIf(root, 'Results')) addResult(result, scanned, notes)
  return { tool: 'trivy', notes, commit: kind === 'repository' && metadata !== undefined ? textIf(metadata, 'Commit') : undefined }
}

/** `Resources` since 0.41, before that lists of resources by what was found; each holds results of its own. */
function readKubernetes(root: Node, notes: Notes): Walked {
  const resources = ['Resources', 'Findings', 'Vulnerabilities', 'Misconfigurations'].flatMap((key) => listIf(root, key))
  let completed = true
  for (const resource of resources) {
    const name = kubernetesName(text(resource, 'Kind'), textIf(resource, 'Namespace'), text(resource, 'Name'))
    const metadata = member(resource, 'Metadata')
    const scanned: Scanned = { lists: listIf, resource: name, inImage: true, image: metadata !== undefined && isObject(metadata.value) ? imageOf(metadata) : undefined }
    if (textIf(resource, 'Error') !== undefined) completed = false
    for (const result of listIf(resource, 'Results')) addResult(result, scanned, notes)
  }
  return { tool: 'trivy', notes, completed }
}

/** The registry's digest names the image wherever it runs; the id of its configuration stands in for an image that was never pushed. */
function imageOf(metadata: Node | undefined): string | undefined {
  if (metadata === undefined) return undefined
  const digests = new Set(listOrNull(metadata, 'RepoDigests').map((each) => (typeof each.value === 'string' ? each.value.split('@')[1] : fault(each, 'text'))))
  const [only] = digests
  if (digests.size > 1) return undefined
  return only ?? textIf(metadata, 'ImageID')
}
