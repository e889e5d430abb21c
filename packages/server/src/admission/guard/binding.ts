/** `ValidatingAdmissionPolicy` and its binding: deleted, not denying any more, or changed in what they are enforced on. */
import { type AdmissionRequest, nameOf } from '../review.ts'
import { at, isObject, same, textAt, textsAt } from './json.ts'
import { type Weakening, weakening } from './weakening.ts'

export function bindingWeakenings(request: AdmissionRequest): readonly Weakening[] {
  const { operation, object, oldObject, kind: { kind } } = request
  const name = nameOf(request)
  const policy = kind === 'ValidatingAdmissionPolicy' ? name : textAt(oldObject ?? object, 'spec', 'policyName') ?? name
  const found = (how: string): readonly Weakening[] => [weakening('kubernetes', policy === '' ? '*' : policy, undefined, `${kind} \`${name}\` ${how}`)]
  if (operation === 'DELETE') return found('is deleted')
  if (operation === 'CREATE') return kind === 'ValidatingAdmissionPolicyBinding' && !denies(object) ? found('does not deny') : []
  if (denies(oldObject) && !denies(object) && kind === 'ValidatingAdmissionPolicyBinding') return found('does not deny any more')
  return same(besidesActions(object), besidesActions(oldObject)) ? [] : found('is changed')
}

const denies = (binding: unknown): boolean => textsAt(binding, 'spec', 'validationActions').includes('Deny')

function besidesActions(object: unknown): unknown {
  const spec = at(object, 'spec')
  return isObject(spec) ? Object.fromEntries(Object.entries(spec).filter(([key]) => key !== 'validationActions')) : spec
}
