/** Labels and annotations by which namespaces and workloads exempt themselves; the words are those that `exeat scan` finds in files. */
import { type AdmissionRequest, nameOf, objectOf } from '../review.ts'
import { namespaceOf } from '../subject.ts'
import { at, isObject, textAt } from './json.ts'
import { type Weakening, weakening } from './weakening.ts'

interface Mark {
  readonly tool: string
  readonly key: RegExp
  /** Whether the value takes a control away, where the one before it did not or less so. */
  readonly exempts: (value: string, before: string | undefined) => boolean
}

const levels = ['privileged', 'baseline', 'restricted']
const rank = (value: string | undefined): number => levels.indexOf(value ?? '')
const differs = (value: string, before: string | undefined): boolean => value !== before

const marks: readonly Mark[] = [
  { tool: 'gatekeeper', key: /^admission\.gatekeeper\.sh\/ignore$/, exempts: differs },
  // An unknown level counts as privileged: Kubernetes takes it so (k8s.io/pod-security-admission, api.PolicyToEvaluate).
  { tool: 'pod-security', key: /^pod-security\.kubernetes\.io\/enforce$/, exempts: (value, before) => value !== before && (before === undefined ? rank(value) <= 0 : rank(value) < rank(before)) },
  { tool: 'polaris', key: /^polaris\.fairwinds\.com\/(?:[\w-]+-)?exempt$/, exempts: (value, before) => value === 'true' && differs(value, before) },
  { tool: 'kube-linter', key: /^(?:ignore-check\.)?kube-linter\.io\//, exempts: differs },
  { tool: 'kube-score', key: /^kube-score\/(?:ignore|skip)$/, exempts: differs },
  { tool: 'checkov', key: /^(?:checkov|bridgecrew)\.io\/skip\d*$/, exempts: differs },
  { tool: 'terrascan', key: /^(?:runterrascan\.io|terrascan)\/skip$/, exempts: differs },
]

export function labelWeakenings(request: AdmissionRequest): readonly Weakening[] {
  const { operation, kind: { kind }, oldObject } = request
  if (operation === 'DELETE') return []
  const old = operation === 'UPDATE' ? marksOf(oldObject) : new Map<string, string>()
  const next = marksOf(objectOf(request))
  const place = namespaceOf(request)
  const name = nameOf(request)
  const resource = kind === 'Namespace' ? `*/${name}/*` : `${kind}/${place === '' ? '' : `${place}/`}${name}`
  const set = [...next].flatMap(([key, value]) => marks.filter((mark) => mark.key.test(key) && mark.exempts(value, old.get(key)))
    .map(({ tool }) => weakening(tool, '*', name === '' ? undefined : resource, `${kind} \`${name}\` exempts itself: \`${key}: ${value.slice(0, 64)}\``)))
  const removed = old.has(podSecurity) && !next.has(podSecurity) && rank(old.get(podSecurity)) > 0
  return removed ? [...set, weakening('pod-security', '*', name === '' ? undefined : resource, `${kind} \`${name}\` loses \`${podSecurity}\``)] : set
}

const podSecurity = 'pod-security.kubernetes.io/enforce'

/** Of the object and of the pods that it makes. Labels win over annotations of the same key: both exempt, and one is enough to be asked about. */
function marksOf(object: unknown): ReadonlyMap<string, string> {
  const places = [['metadata'], ['spec', 'template', 'metadata'], ['spec', 'jobTemplate', 'spec', 'template', 'metadata']]
  const found = new Map<string, string>()
  for (const place of places) {
    for (const part of ['annotations', 'labels']) {
      const values = at(object, ...place, part)
      for (const key of isObject(values) ? Object.keys(values) : []) found.set(key, textAt(values, key) ?? '')
    }
  }
  return found
}
