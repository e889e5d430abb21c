/**
 * Reports of the Trivy operator, as `kubectl get … -o json` prints them: one resource or a list of them.
 *
 * | of Exeat | of the operator |
 * |---|---|
 * | rule | `vulnerabilityID`, `checkID`, `ruleID` of a secret |
 * | severity | `severity`; `UNKNOWN` is none |
 * | resource | `kind/namespace/name` of the object that was judged |
 * | path | `target` of a secret |
 * | image | `report.artifact.digest` |
 *
 * Checks count unless `success` is true. The operator writes no suppressions.
 */
import { notesOf, reader, severityOf } from '../draft.ts'
import type { Notes } from '../draft.ts'
import { isEmptyList, itemsOf, kubernetesName, resourcesOf } from '../kubernetes.ts'
import { fault, flagIf, list, listOrNull, numberIf, object, objectIf, ownValue, refuse, text, textIf } from '../shape.ts'
import type { Node } from '../shape.ts'
import type { Json, NativeReader } from '../types.ts'

type Add = (report: Node, resource: string, notes: Notes) => void

const kinds: ReadonlyMap<string, Add> = new Map<string, Add>([
  ['VulnerabilityReport', addVulnerabilities], ['ClusterVulnerabilityReport', addVulnerabilities],
  ['ConfigAuditReport', addChecks], ['ClusterConfigAuditReport', addChecks],
  ['InfraAssessmentReport', addChecks], ['ClusterInfraAssessmentReport', addChecks],
  ['RbacAssessmentReport', addChecks], ['ClusterRbacAssessmentReport', addChecks],
  ['ExposedSecretReport', addSecrets],
])

const isReport = (value: Json | undefined): boolean => {
  const version = ownValue(value, 'apiVersion')
  return typeof version === 'string' && version.startsWith('aquasecurity.github.io/')
}

export const trivyOperator: NativeReader = reader({
  format: 'trivy-operator',
  detect: (value) => isReport(value) || itemsOf(value).some(isReport),
  doubtful: isEmptyList,
  walk(root, folder) {
    const notes = notesOf('trivy', folder)
    for (const resource of resourcesOf(root, isReport)) addReport(resource, notes)
    return [{ tool: 'trivy', notes }]
  },
})

function addReport(resource: Node, notes: Notes): void {
  const kind = text(resource, 'kind')
  const add = kinds.get(kind) ?? refuse(resource, `is no report that is read; known: ${[...kinds.keys()].join(', ')}`)
  add(object(resource, 'report'), judged(object(resource, 'metadata')), notes)
}

/** The object that was judged: named by labels, or by the owner of the report. */
function judged(metadata: Node): string {
  const labels = objectIf(metadata, 'labels')
  const label = (name: string): string | undefined => (labels === undefined ? undefined : textIf(labels, `trivy-operator.resource.${name}`))
  const [kind, name] = [label('kind'), label('name')]
  const namespace = label('namespace') ?? textIf(metadata, 'namespace')
  if (kind !== undefined && name !== undefined) return kubernetesName(kind, namespace, name)
  const [owner] = listOrNull(metadata, 'ownerReferences')
  return owner === undefined ? kubernetesName('Report', namespace, text(metadata, 'name')) : kubernetesName(text(owner, 'kind'), namespace, text(owner, 'name'))
}

function imageOf(report: Node): string | undefined {
  const artifact = objectIf(report, 'artifact')
  return artifact === undefined ? undefined : textIf(artifact, 'digest')
}

function addVulnerabilities(report: Node, resource: string, notes: Notes): void {
  const image = imageOf(report)
  for (const each of list(report, 'vulnerabilities')) {
    const version = textIf(each, 'installedVersion')
    const name = text(each, 'resource')
    notes.add({
      rule: text(each, 'vulnerabilityID'),
      severity: severityOf(textIf(each, 'severity')),
      title: textIf(each, 'title'),
      message: version === undefined ? name : `${name} ${version}`,
      resource,
      image,
    })
  }
}

function addChecks(report: Node, resource: string, notes: Notes): void {
  for (const each of list(report, 'checks')) {
    if (flagIf(each, 'success') === true) continue
    const messages = listOrNull(each, 'messages').map((message) => (typeof message.value === 'string' ? message.value : fault(message, 'text')))
    notes.add({
      rule: text(each, 'checkID'),
      severity: severityOf(textIf(each, 'severity')),
      title: textIf(each, 'title'),
      message: messages.length === 0 ? textIf(each, 'description') : messages.join('\n'),
      resource,
    })
  }
}

function addSecrets(report: Node, resource: string, notes: Notes): void {
  const image = imageOf(report)
  for (const each of list(report, 'secrets')) {
    notes.add({
      rule: text(each, 'ruleID'),
      severity: severityOf(textIf(each, 'severity')),
      title: textIf(each, 'title'),
      // The operator has masked it.
      snippet: textIf(each, 'match'),
      path: textIf(each, 'target'),
      line: numberIf(each, 'startLine'),
      resource,
      image,
    })
  }
}
