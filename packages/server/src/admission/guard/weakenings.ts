/** What a request would take away from a control, as findings that an opt-out must excuse. */
import type { AdmissionRequest } from '../review.ts'
import { bindingWeakenings } from './binding.ts'
import { exceptionWeakenings } from './exception.ts'
import { configWeakenings, constraintWeakenings } from './gatekeeper.ts'
import { kyvernoPolicyWeakenings } from './kyverno.ts'
import { labelWeakenings } from './labels.ts'
import type { Weakening } from './weakening.ts'

const kyvernoGroups: ReadonlySet<string> = new Set(['kyverno.io', 'policies.kyverno.io'])

/** Every one of them, whichever version of its API the request uses: the group decides. */
export function weakenings(request: AdmissionRequest): readonly Weakening[] {
  const { kind: { group, kind }, subResource, operation } = request
  if (operation === 'CONNECT') return []
  // A subresource changes no spec that exempts; but whoever may write the status of a namespace may write its labels too.
  return [...((subResource ?? '') === '' ? ofKind(request, group, kind) : []), ...labelWeakenings(request)]
}

function ofKind(request: AdmissionRequest, group: string, kind: string): readonly Weakening[] {
  if (kyvernoGroups.has(group)) return kind === 'PolicyException' ? exceptionWeakenings(request) : kind.endsWith('Policy') ? kyvernoPolicyWeakenings(request) : []
  if (group === 'constraints.gatekeeper.sh') return constraintWeakenings(request)
  if (group === 'templates.gatekeeper.sh' && kind === 'ConstraintTemplate') return constraintWeakenings(request)
  if (group === 'config.gatekeeper.sh' && kind === 'Config') return configWeakenings(request)
  if (group === 'admissionregistration.k8s.io' && (kind === 'ValidatingAdmissionPolicyBinding' || kind === 'ValidatingAdmissionPolicy')) return bindingWeakenings(request)
  return []
}
