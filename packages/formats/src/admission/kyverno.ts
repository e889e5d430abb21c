/**
 * Denials of Kyverno. For `ClusterPolicy` and `Policy` (pkg/webhooks/utils/block.go): a heading that names the object, and YAML of policy, rule and message.
 * For policies in CEL (pkg/webhooks/resource/vpol, ivpol): `Policy NAME failed: MESSAGE` for each, joined by `; `.
 */
import { isMap, isScalar } from 'yaml'
import type { Pair } from 'yaml'
import { parseYaml } from '../yaml/parse.ts'
import { sourceOf } from '../yaml/source.ts'
import { type Denial, type DenialAnswer, type DenialReader, type DenialReason, type DeniedObject, misread } from './types.ts'

/** Of an object: a DNS subdomain (RFC 1123). */
const name = /^[a-z0-9](?:[-a-z0-9.]*[a-z0-9])?$/u
const heading = /^\s*resource (\S*) was blocked due to the following policies[ \t]*\n\s*\n/u

export const kyvernoDenial: DenialReader = (denial, object) => {
  if (/^\s*resource /u.test(denial.message)) return blockedByRules(denial, object)
  if (/^Policy \S+ (?:failed|error): /u.test(denial.message)) return blockedByCel(denial)
  return misread('it is not written as Kyverno writes denials')
}

function blockedByRules({ message }: Denial, { kind, namespace, name: object }: DeniedObject): DenialAnswer {
  const [head, about] = heading.exec(message) ?? []
  if (head === undefined) return misread('it does not begin as Kyverno\'s denials do')
  const asked = `${kind}/${namespace}/${object}`
  if (about !== asked) return misread(`it is about \`${about}\`, and the request about \`${asked}\``)
  const documents = parseYaml(sourceOf('denial', message.slice(head.length)))
  if ('problems' in documents) return misread('what follows its heading is no YAML')
  const [document, ...more] = documents
  if (more.length > 0 || document === undefined || !isMap(document.contents)) return misread('what follows its heading is no list of policies')
  const policies = pairsOf(document.contents.items)
  if (policies === undefined) return misread('a policy is named twice, or has no name')
  const reasons: DenialReason[] = []
  for (const [policy, rules] of policies) {
    const byRule = isMap(rules) ? pairsOf(rules.items) : undefined
    if (!name.test(policy) || byRule === undefined || byRule.length === 0) return misread(`what it says of \`${policy}\` is no list of rules`)
    for (const [rule, said] of byRule) {
      if (!isScalar(said) || typeof said.value !== 'string' || rule === '' || /[/\s]/u.test(rule)) return misread(`what it says of \`${policy}\` is no rule and its message`)
      reasons.push({ rule: `${policy}/${rule}`, message: said.value })
    }
  }
  return reasons.length === 0 ? misread('it names no rule') : { ok: true, reasons }
}

/** Undefined where a key is none, stands twice, or carries an anchor or a tag, which Kyverno never writes. */
function pairsOf(items: readonly Pair<unknown, unknown>[]): readonly (readonly [string, unknown])[] | undefined {
  const found = new Map<string, unknown>()
  for (const { key, value } of items) {
    if (!isScalar(key) || typeof key.value !== 'string' || found.has(key.value) || marked(key) || marked(value)) return undefined
    found.set(key.value, value)
  }
  return [...found]
}

const marked = (node: unknown): boolean => typeof node === 'object' && node !== null && (('anchor' in node && node.anchor !== undefined) || ('tag' in node && typeof node.tag === 'string'))

/**
 * Every reason begins at the start or after `; `, so a message that imitates one can only add a reason that must be excused too.
 * An error is a policy that could not be evaluated: it is never excused.
 */
function blockedByCel({ message }: Denial): DenialAnswer {
  const reasons: DenialReason[] = []
  const starts = [...message.matchAll(/(?:^|; )Policy (\S+) (failed|error): /gu)]
  for (const [i, start] of starts.entries()) {
    const [whole, policy = '', outcome] = start
    if (!name.test(policy)) return misread(`\`${policy}\` is no name of a policy`)
    if (outcome === 'error') return misread(`policy \`${policy}\` could not be evaluated`)
    reasons.push({ rule: policy, message: message.slice(start.index + whole.length, starts[i + 1]?.index) })
  }
  return reasons.length === 0 ? misread('it names no policy') : { ok: true, reasons }
}
