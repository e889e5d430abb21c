/**
 * Kubescape, `--format json` (version 2 of its format).
 *
 * | of Exeat | of Kubescape |
 * |---|---|
 * | rule | `controlID` |
 * | severity | `scoreFactor` of the control: 9 is critical, 7 high, 4 medium, 1 low |
 * | path | `source.relativePath` of the resource |
 * | resource | `kind/namespace/name` of the resource |
 * | suppression | a control that an exception lets pass (`subStatus` `w/exceptions`, `excluded`); each is a finding as well |
 */
import type { Severity } from '@exeat/core'
import { notesOf, reader, cvssBand } from '../draft.ts'
import type { Draft } from '../draft.ts'
import { kubernetesName } from '../kubernetes.ts'
import { entries, fault, hasKeys, isObject, list, listIf, listOrNull, member, numberIf, object, objectIf, refuse, text, textIf } from '../shape.ts'
import type { Node } from '../shape.ts'
import type { NativeReader } from '../types.ts'

export const kubescape: NativeReader = reader({
  format: 'kubescape',
  detect: (value) => hasKeys(value, 'summaryDetails') && (hasKeys(value, 'results') || hasKeys(value, 'clusterName')),
  walk(root, folder) {
    const notes = notesOf('kubescape', folder)
    const summary = object(root, 'summaryDetails')
    const severities = new Map(entries(object(summary, 'controls')).map(([id, control]) => [id, severityOf(control)]))
    const resources = new Map(listOrNull(root, 'resources').map((resource) => [text(resource, 'resourceID'), resource]))
    for (const result of listIf(root, 'results')) {
      const id = text(result, 'resourceID')
      for (const control of list(result, 'controls')) {
        const judged = judge(control)
        if (judged === 'passed') continue
        const found = draft(control, id, resources.get(id), severities.get(text(control, 'controlID')))
        if (judged === 'excepted') notes.addSuppressed(found, 'exceptions', undefined)
        else notes.add(found)
      }
    }
    if (notes.findings.length === 0 && failedResources(summary) > 0) refuse(root, 'counts failed resources and lists none')
    return [{ tool: 'kubescape', notes }]
  },
})

/** The words of its status; what is none of them might be a failure. */
function judge(control: Node): 'failed' | 'excepted' | 'passed' {
  const status = member(control, 'status') ?? fault(control, 'an object with a `status`')
  const word = (isObject(status.value) ? text(status, 'status') : text(control, 'status')).toLowerCase()
  const detail = isObject(status.value) ? textIf(status, 'subStatus') : undefined
  if (word === 'failed') return 'failed'
  if (word === 'excluded' || detail === 'w/exceptions') return 'excepted'
  return word === 'passed' || word === 'skipped' || word === 'irrelevant' ? 'passed' : refuse(status, 'is an unknown status')
}

const severityOf = (control: Node): Severity | undefined => cvssBand(numberIf(control, 'scoreFactor'))

function draft(control: Node, id: string, resource: Node | undefined, severity: Severity | undefined): Draft {
  const source = resource === undefined ? undefined : objectIf(resource, 'source')
  return {
    rule: text(control, 'controlID'),
    severity,
    title: textIf(control, 'name'),
    message: pathsOf(control),
    path: source === undefined ? undefined : textIf(source, 'relativePath'),
    resource: (resource === undefined ? undefined : nameOf(resource)) ?? id,
  }
}

function nameOf(resource: Node): string | undefined {
  const object = objectIf(resource, 'object')
  if (object === undefined || !hasKeys(object.value, 'kind')) return undefined
  const metadata = objectIf(object, 'metadata')
  const name = metadata === undefined ? textIf(object, 'name') : textIf(metadata, 'name')
  if (name === undefined) return undefined
  return kubernetesName(text(object, 'kind'), metadata === undefined ? textIf(object, 'namespace') : textIf(metadata, 'namespace'), name)
}

/** The places in the object that its rules objected to. */
function pathsOf(control: Node): string | undefined {
  const places = listOrNull(control, 'rules').flatMap((rule) => listOrNull(rule, 'paths').flatMap((path) => textIf(path, 'failedPath') ?? []))
  return places.length === 0 ? undefined : places.join(', ')
}

function failedResources(summary: Node): number {
  const counters = objectIf(summary, 'ResourceCounters')
  return counters === undefined ? 0 : numberIf(counters, 'failedResources') ?? 0
}
