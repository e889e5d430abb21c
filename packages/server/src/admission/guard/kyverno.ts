/** Kyverno's own policies: deleted, or changed in anything that says what they enforce. What stands beside it (annotations, status) is free. */
import { type AdmissionRequest, nameOf } from '../review.ts'
import { at, isObject, same, textAt } from './json.ts'
import { type Weakening, weakening } from './weakening.ts'

/**
 * A spec cannot be told looser from tighter in general, so any change but one from Audit to Enforce is for an opt-out of the whole policy to cover.
 * Whoever rolls policies out by a pipeline exempts its service account by the webhook's own `matchConditions` (docs/kubernetes.md).
 */
export function kyvernoPolicyWeakenings(request: AdmissionRequest): readonly Weakening[] {
  const { operation, object, oldObject, kind: { kind } } = request
  if (operation === 'CREATE') return []
  const name = nameOf(request)
  const found = (how: string): readonly Weakening[] => [weakening('kyverno', name === '' ? '*' : `${name}/*`, undefined, `${kind} \`${name}\` is ${how}`)]
  if (operation === 'DELETE') return found('deleted')
  const [next, before] = [at(object, 'spec'), at(oldObject, 'spec')]
  if (same(next, before) || onlyEnforced(next, before)) return []
  return found('changed')
}

function onlyEnforced(next: unknown, before: unknown): boolean {
  const action = 'validationFailureAction'
  if (!isObject(next) || !isObject(before) || textAt(next, action)?.toLowerCase() !== 'enforce') return false
  return same({ ...next, [action]: '' }, { ...before, [action]: '' })
}
