/** What reports that are Kubernetes resources share. */
import { fault, isList, isObject, list, ownValue, refuse } from './shape.ts'
import type { Node } from './shape.ts'
import type { Json } from './types.ts'

/** `kind/namespace/name`, without the namespace for what has none. */
export const kubernetesName = (kind: string, namespace: string | undefined, name: string): string =>
  (namespace === undefined ? `${kind}/${name}` : `${kind}/${namespace}/${name}`)

/** Elements of a list of resources: of any kind (`List`), or of one (`VulnerabilityReportList`). */
export function itemsOf(value: Json): readonly Json[] {
  const items = ownValue(value, 'items')
  return isList(items) ? items : []
}

/** What `kubectl get … -o json` prints for nothing: it does not say of which kind. */
export const isEmptyList = (value: Json): boolean =>
  ownValue(value, 'apiVersion') === 'v1' && ownValue(value, 'kind') === 'List' && isList(ownValue(value, 'items')) && itemsOf(value).length === 0

/** The resource itself, or those of a list; `isReport` tells an empty list of the kind from one of any other. */
export function resourcesOf(root: Node, isReport: (value: Json) => boolean): readonly Node[] {
  if (!isObject(root.value)) fault(root, 'an object')
  if (ownValue(root.value, 'items') === undefined) return [root]
  const items = list(root, 'items')
  return items.length > 0 || isReport(root.value) || isEmptyList(root.value) ? items : refuse(root, 'is an empty list of another kind')
}
