/** Exceptions to policies, constraints that no longer refuse, and policies, bindings and webhooks that were deleted. */
import type { Observation } from '@exeat/core'
import type { Json } from '../../findings/types.ts'
import { at, controlNamed, exactAt, known, listAt, wordAt } from '../read.ts'
import { type Change, objectThing } from './change.ts'

const textOf = (value: Json | undefined): string => JSON.stringify(value ?? null)

/** Kyverno's, of policies by rules (`exceptions`) and in CEL (`policyRefs`). */
export function policyException(change: Change): readonly Observation[] {
  const { verb, common, object } = change
  const thing = objectThing(change)
  if (verb === 'deleted') return [{ ...common, change: 'closed', what: 'policy-exception.deleted', thing }]
  const spec = at(object, 'spec')
  return [known<Observation>({
    ...common, change: 'opened', what: `policy-exception.${verb}`, thing, content: spec === undefined ? `${textOf(common.at)}` : textOf(spec), control: excepted(spec, change.whole), resource: change.whole ? exceptedObject(spec) : undefined,
  })]
}

/** Where it names more than one, no single control says all of it. */
function excepted(spec: Json | undefined, whole: boolean): string | undefined {
  const controls = [
    ...listAt(spec, 'exceptions').flatMap((each) => {
      const rules = listAt(each, 'ruleNames')
      return (rules.length === 0 ? ['*'] : rules).map((rule) => ruleOf(exactAt(each, 'policyName'), rule))
    }),
    ...listAt(spec, 'policyRefs').map((each) => ruleOf(exactAt(each, 'name'))),
  ]
  return whole && controls.length === 1 ? controls[0] : undefined
}

/** A policy in another namespace is named `namespace/policy`. */
const ruleOf = (policy: string | undefined, rule?: Json): string | undefined =>
  (policy === undefined || (rule !== undefined && typeof rule !== 'string') ? undefined : controlNamed('kyverno', rule === undefined ? policy : `${policy}/${rule}`))

/** `kind/namespace/name`, where the exception is for one object and nothing else narrows or widens it. */
function exceptedObject(spec: Json | undefined): string | undefined {
  const [only, ...others] = listAt(spec, 'match', 'any')
  if (only === undefined || others.length > 0 || listAt(spec, 'match', 'all').length > 0) return undefined
  const [kind, namespace, name] = ['kinds', 'namespaces', 'names'].map((key) => {
    const named = listAt(only, 'resources', key)
    return named.length === 1 ? exactAt({ only: named[0] ?? null }, 'only') : undefined
  })
  if (kind === undefined || namespace === undefined || name === undefined || /[*?/]/.test(kind + namespace + name)) return undefined
  // No name of Kubernetes is as long.
  return kind.length + namespace.length + name.length > 500 ? undefined : `${kind}/${namespace}/${name}`
}

/** Gatekeeper's: one that only warns, leaves out namespaces, or is gone. Whatever else changed nobody here can compare. */
export function constraint(change: Change): readonly Observation[] {
  const { verb, common, object, resource, name } = change
  const kind = exactAt(object, 'kind') ?? resource
  const control = controlNamed('gatekeeper', `${kind}/${name}`)
  if (verb === 'deleted') return [known<Observation>({ ...common, change: 'opened', what: 'constraint.deleted', thing: objectThing(change, 'deleted'), content: '', control })]
  const spec = at(object, 'spec')
  const action = wordAt(spec, 'enforcementAction') ?? 'deny'
  const excluded = listAt(spec, 'match', 'excludedNamespaces')
  const thing = objectThing(change, 'weak')
  if (change.whole && spec !== undefined && action === 'deny' && excluded.length === 0) return verb === 'changed' ? [{ ...common, change: 'closed', what: 'constraint.enforced', thing }] : []
  const what = !change.whole || spec === undefined ? 'constraint.changed' : action === 'deny' ? 'constraint.excludes' : 'constraint.not-enforced'
  return [known<Observation>({ ...common, change: 'opened', what, thing, content: spec === undefined ? textOf(common.at) : textOf([action, excluded, change.whole ? null : spec]), control })]
}

/** By group and resource: whose deletion takes a control away, and the tool whose it is. */
const guards: Readonly<Record<string, string>> = {
  'kyverno.io/clusterpolicies': 'kyverno', 'kyverno.io/policies': 'kyverno', 'policies.kyverno.io/validatingpolicies': 'kyverno', 'policies.kyverno.io/imagevalidatingpolicies': 'kyverno',
  'templates.gatekeeper.sh/constrainttemplates': 'gatekeeper',
  'admissionregistration.k8s.io/validatingadmissionpolicies': 'kubernetes', 'admissionregistration.k8s.io/validatingadmissionpolicybindings': 'kubernetes', 'admissionregistration.k8s.io/validatingwebhookconfigurations': 'kubernetes',
}

export function removed(change: Change): readonly Observation[] {
  const { verb, common, group, resource, name, object } = change
  const place = `${group}/${resource}`
  const tool = Object.hasOwn(guards, place) ? guards[place] : undefined
  if (tool === undefined) return []
  const control = controlNamed(tool, tool === 'kubernetes' ? `${resource}/${name}` : `${name}/*`)
  if (verb === 'deleted') return [known<Observation>({ ...common, change: 'opened', what: `${resource}.deleted`, thing: objectThing(change, 'deleted'), content: '', control })]
  if (resource !== 'validatingadmissionpolicybindings') return []
  const actions = listAt(object, 'spec', 'validationActions')
  const thing = objectThing(change, 'weak')
  if (change.whole && actions.includes('Deny')) return verb === 'changed' ? [{ ...common, change: 'closed', what: 'binding.enforced', thing }] : []
  return [known<Observation>({ ...common, change: 'opened', what: change.whole && actions.length > 0 ? 'binding.not-enforced' : 'binding.changed', thing, content: actions.length === 0 ? textOf(common.at) : textOf(actions), control })]
}
