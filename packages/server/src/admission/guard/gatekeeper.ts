/** Gatekeeper's constraints (their match, and how they are enforced) and its `Config`. */
import { type AdmissionRequest, nameOf } from '../review.ts'
import { at, listAt, same, textAt, textsAt, within } from './json.ts'
import { type Weakening, weakening } from './weakening.ts'

/** A constraint and its template: their deletion, and any change of what they enforce on whom but a list of exclusions that only got shorter. */
export function constraintWeakenings(request: AdmissionRequest): readonly Weakening[] {
  const { operation, object, oldObject, kind: { kind } } = request
  const name = nameOf(request)
  const found = (resource: string | undefined, message: string): Weakening => weakening('gatekeeper', kind === 'ConstraintTemplate' ? '*' : name === '' ? '*' : name, resource, message)
  if (operation === 'DELETE') return [found(undefined, `${kind} \`${name}\` is deleted`)]
  if (kind === 'ConstraintTemplate') return operation === 'UPDATE' && !same(at(object, 'spec'), at(oldObject, 'spec')) ? [found(undefined, `ConstraintTemplate \`${name}\` is changed`)] : []
  const before = operation === 'UPDATE' ? oldObject : undefined
  return [...enforcement(object, before, found), ...exclusions(object, before, found), ...(before === undefined || before === null ? [] : otherwise(object, before, found))]
}

type Found = (resource: string | undefined, message: string) => Weakening

/** Gatekeeper takes an absent action for `deny`. With `scoped`, each scope has actions of its own. */
const denies = (constraint: unknown): boolean => {
  const action = textAt(constraint, 'spec', 'enforcementAction') ?? 'deny'
  return action === 'deny' || (action === 'scoped' && listAt(constraint, 'spec', 'scopedEnforcementActions')
    .some((scope) => textAt(scope, 'action') === 'deny' && listAt(scope, 'enforcementPoints').some((point) => ['*', 'validation.gatekeeper.sh'].includes(textAt(point, 'name') ?? ''))))
}

const enforcement = (next: unknown, before: unknown, found: Found): readonly Weakening[] =>
  (denies(next) || (before !== undefined && !denies(before)) ? [] : [found(undefined, `the constraint does not deny any more: \`enforcementAction: ${textAt(next, 'spec', 'enforcementAction') ?? 'deny'}\``)])

/** Each namespace that is newly excluded; a pattern stands for no namespace in particular. */
function exclusions(next: unknown, before: unknown, found: Found): readonly Weakening[] {
  const old = textsAt(before, 'spec', 'match', 'excludedNamespaces')
  return textsAt(next, 'spec', 'match', 'excludedNamespaces').filter((each) => !old.includes(each))
    .map((namespace) => found(/^[a-z0-9](?:[-a-z0-9]*[a-z0-9])?$/.test(namespace) ? `*/${namespace}/*` : undefined, `the constraint excludes namespace \`${namespace}\``))
}

/** What else of a standing constraint says whom and what it is enforced on. Gatekeeper reads an absent member as no restriction. */
function otherwise(next: unknown, before: unknown, found: Found): readonly Weakening[] {
  const match = (key: string): Weakening[] => (same(at(next, 'spec', 'match', key), at(before, 'spec', 'match', key)) || at(next, 'spec', 'match', key) === undefined ? [] : [found(undefined, `the constraint's \`match.${key}\` is changed`)])
  const parameters = same(at(next, 'spec', 'parameters'), at(before, 'spec', 'parameters')) ? [] : [found(undefined, 'the constraint\'s `parameters` are changed')]
  return [...['kinds', 'namespaces', 'labelSelector', 'namespaceSelector', 'scope', 'name', 'source'].flatMap(match), ...parameters]
}

/** `spec.match` of the `Config` takes namespaces out of every constraint. */
export function configWeakenings({ operation, object, oldObject }: AdmissionRequest): readonly Weakening[] {
  if (operation === 'DELETE') return []
  const before = operation === 'UPDATE' ? listAt(oldObject, 'spec', 'match') : []
  const next = listAt(object, 'spec', 'match')
  if (within(next, before)) return []
  return next.filter((entry) => !within([entry], before)).flatMap((entry) => {
    const old = before.filter((each) => same(textsAt(each, 'processes'), textsAt(entry, 'processes'))).flatMap((each) => textsAt(each, 'excludedNamespaces'))
    const namespaces = textsAt(entry, 'excludedNamespaces').filter((each) => !old.includes(each))
    return namespaces.map((namespace) => weakening('gatekeeper', '*', /^[a-z0-9](?:[-a-z0-9]*[a-z0-9])?$/.test(namespace) ? `*/${namespace}/*` : undefined, `Gatekeeper's Config excludes namespace \`${namespace}\` from every constraint`))
  })
}

