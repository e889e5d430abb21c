/** Labels and annotations that take an object out of a control. */
import type { Observation } from '@exeat/core'
import { at, known, shownAt } from '../read.ts'
import { type Change, objectThing } from './change.ts'

interface Mark {
  /** Of the control. */
  readonly control: string
  readonly on: (key: string, value: string) => boolean
}

/** Each key stands for itself alone. */
const markings: readonly Mark[] = [
  { control: 'gatekeeper/*', on: (key) => key === 'admission.gatekeeper.sh/ignore' },
  { control: 'kubernetes/pod-security', on: (key, value) => key === 'pod-security.kubernetes.io/enforce' && value === 'privileged' },
  { control: 'kubernetes/image-policy', on: (key, value) => /^(?:alpha\.)?image-policy\.k8s\.io\/break-glass$/.test(key) && value === 'true' },
  { control: 'kubernetes/break-glass', on: (key, value) => key.endsWith('/break-glass') && !/^(?:alpha\.)?image-policy\.k8s\.io\//.test(key) && value !== 'false' && value !== '' },
]

const kinds: Readonly<Record<string, string>> = { namespaces: 'Namespace', pods: 'Pod', deployments: 'Deployment', statefulsets: 'StatefulSet', daemonsets: 'DaemonSet', jobs: 'Job', cronjobs: 'CronJob' }

export function marks(change: Change): readonly Observation[] {
  const { verb, common, object, whole, resource, namespace, name } = change
  const written = ['labels', 'annotations'].flatMap((key) => {
    const found = at(object, 'metadata', key)
    return typeof found === 'object' && found !== null && !Array.isArray(found) ? Object.entries(found).flatMap(([label, value]) => (typeof value === 'string' ? [[label, value] as const] : [])) : []
  })
  const kind = kinds[resource] ?? shownAt(object, 'kind')
  return markings.flatMap((mark): readonly Observation[] => {
    const thing = objectThing(change, mark.control)
    const found = verb === 'deleted' ? undefined : written.find(([key, value]) => mark.on(key, value))
    if (found !== undefined) {
      const reason = shownAt({ key: found[0] }, 'key')
      const place = kind === undefined ? undefined : `${kind}/${namespace === undefined ? '' : `${namespace}/`}${name}`
      return [known<Observation>({ ...common, change: 'opened', what: 'exemption.marked', thing, content: found[0], control: mark.control, resource: place !== undefined && place.length <= 512 ? place : undefined, reason })]
    }
    // A patch says nothing of what it does not touch.
    return verb === 'deleted' || (verb === 'changed' && whole) ? [{ ...common, change: 'closed', what: 'exemption.unmarked', thing }] : []
  })
}
