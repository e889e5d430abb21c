/**
 * `PolicyException` of Kyverno. `kyverno.io`: policies and rules, for what `match` says. `policies.kyverno.io`: policies in CEL, for what conditions say.
 * An update is allowed where each of its exceptions stood before and its scope is the same; a deletion always.
 */
import { type AdmissionRequest, objectOf } from '../review.ts'
import { at, isObject, listAt, same, textAt, textsAt, within } from './json.ts'
import { type Weakening, weakening } from './weakening.ts'

export function exceptionWeakenings(request: AdmissionRequest): readonly Weakening[] {
  const { operation, object, oldObject } = request
  if (operation === 'DELETE') return []
  if (operation === 'UPDATE' && narrows(object, oldObject)) return []
  const exception = objectOf(request)
  const name = textAt(exception, 'metadata', 'name') ?? 'unnamed'
  const resources = resourcesOf(exception)
  return rulesOf(exception).flatMap((rule) => resources.map((resource) => weakening('kyverno', rule, resource,
    `PolicyException \`${name}\` takes ${resource === undefined ? 'what it matches' : `\`${resource}\``} out of \`${rule}\``)))
}

/** Everything but the list of exceptions must stay as it was: a match that changed may be wider however it reads. */
function narrows(next: unknown, before: unknown): boolean {
  const [a, b] = [at(next, 'spec'), at(before, 'spec')]
  if (!isObject(a) || !isObject(b)) return false
  const lists = ['exceptions', 'policyRefs']
  const rest = (spec: Readonly<Record<string, unknown>>) => Object.fromEntries(Object.entries(spec).filter(([key]) => !lists.includes(key)))
  return same(rest(a), rest(b)) && lists.every((key) => within(rulesIn(a, key), rulesIn(b, key)))
}

function rulesIn(spec: unknown, key: string): readonly string[] {
  if (key === 'policyRefs') return listAt(spec, key).map((ref) => `${textAt(ref, 'kind') ?? '*'} ${textAt(ref, 'name') ?? '*'}`)
  return listAt(spec, key).flatMap((each) => {
    const policy = textAt(each, 'policyName') ?? '*'
    const rules = textsAt(each, 'ruleNames')
    return (rules.length === 0 ? ['*'] : rules).map((rule) => `${policy}/${rule}`)
  })
}

/** An exception that names nothing that can be read is taken for one from everything. */
function rulesOf(exception: unknown): readonly string[] {
  const spec = at(exception, 'spec')
  const rules = [...rulesIn(spec, 'exceptions'), ...listAt(spec, 'policyRefs').map((ref) => textAt(ref, 'name') ?? '*')]
  return rules.length === 0 ? ['*'] : [...new Set(rules)]
}

const literalKind = /^[A-Z][A-Za-z0-9]*$/
const literalName = /^[a-z0-9](?:[-a-z0-9.]*[a-z0-9])?$/
/** Objects that one exception may list, and still be read as a list of objects. */
const mostObjects = 100

/**
 * The objects, where it names them by kind, namespace and name and by nothing else; undefined for any other scope: an opt-out that names
 * resources does not cover it. What `match` adds besides (selectors, subjects) could only narrow, but is not read.
 */
function resourcesOf(exception: unknown): readonly (string | undefined)[] {
  const match = at(exception, 'spec', 'match')
  const keys = isObject(match) ? Object.keys(match) : []
  const entries = keys.length === 1 && (keys[0] === 'any' || keys[0] === 'all') ? listAt(match, keys[0]) : []
  if (entries.length === 0 || (keys[0] === 'all' && entries.length > 1)) return [undefined]
  const resources = entries.flatMap((entry): readonly (string | undefined)[] => {
    const [kinds, namespaces, names] = ['kinds', 'namespaces', 'names'].map((key) => textsAt(entry, 'resources', key)) as [readonly string[], readonly string[], readonly string[]]
    const named = kinds.every((each) => literalKind.test(each)) && [...namespaces, ...names].every((each) => literalName.test(each))
    const count = kinds.length * namespaces.length * names.length
    if (!named || count === 0 || count > mostObjects) return [undefined]
    return kinds.flatMap((kind) => namespaces.flatMap((namespace) => names.map((name) => `${kind}/${namespace}/${name}`)))
  })
  return [...new Set(resources)]
}
