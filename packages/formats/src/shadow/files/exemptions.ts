/** Exemptions from policies of Kubernetes: labels, annotations, exceptions, exclusions, and policies that only warn. */
import { at, type Branch, entriesOf, entryAt, itemsOf, textOf, textsOf, treesOf } from '../tree.ts'
import type { Found } from '../types.ts'
import { found } from './found.ts'
import type { FileReader } from './index.ts'

/** Some word of each; a YAML file without them is no exemption. */
export const exemptionHints = /checkov\.io\/skip|bridgecrew\.io\/skip|kube-linter\.io\/|kube-score\/(?:ignore|skip)|polaris\.fairwinds\.com\/|terrascan\/skip|runterrascan\.io\/skip|admission\.gatekeeper\.sh\/ignore|pod-security\.kubernetes\.io\/enforce|PolicyException|excludedNamespaces|enforcementAction|kyverno\.io|validationActions/

const exemption = (tool: string, mark: string) => ({ tool, mark, kind: 'exemption' }) as const

/** Keys that stand for nothing else, so that they are found in templates too, which are no YAML. Comments never begin with a key. */
const keys = /^([ \t]*(?:- )?["']?)((?:checkov\.io|bridgecrew\.io)\/skip\d*|ignore-check\.kube-linter\.io\/[\w-]+|kube-linter\.io\/ignore-all|kube-score\/(?:ignore|skip)|polaris\.fairwinds\.com\/(?:[\w-]+-)?exempt|(?:runterrascan\.io|terrascan)\/skip|admission\.gatekeeper\.sh\/ignore|pod-security\.kubernetes\.io\/enforce)["']?[ \t]*:[ \t]*(.*)$/gm

function ofKey(key: string, written: string, offset: number): readonly Found[] {
  const value = written.replace(/\s+#.*$/, '').trim().replace(/^(["'])(.*)\1$/, '$2')
  if (/^(?:checkov|bridgecrew)\.io/.test(key)) {
    const [, rule = '', reason] = /^([A-Z][\w]*)\s*(?:=\s*(.*))?$/.exec(value) ?? []
    return rule === '' ? [] : [found(exemption('checkov', key.replace(/\d+$/, '')), rule, offset, { reason })]
  }
  if (key.startsWith('ignore-check.kube-linter.io/')) return [found(exemption('kube-linter', 'ignore-check.kube-linter.io'), key.slice(28), offset, { reason: value })]
  if (key === 'kube-linter.io/ignore-all') return [found(exemption('kube-linter', key), '*', offset, { reason: value })]
  if (key.startsWith('kube-score/')) return value.split(',').map((rule) => found(exemption('kube-score', key), rule.trim() || '*', offset))
  if (key.startsWith('polaris')) {
    const rule = /\/([\w-]+)-exempt$/.exec(key)?.[1] ?? '*'
    return value === 'true' ? [found(exemption('polaris', 'polaris exempt'), rule, offset)] : []
  }
  if (key.endsWith('terrascan.io/skip') || key === 'terrascan/skip') return [found(exemption('terrascan', key), /AC_\w+|accurics[\w.]+/.exec(value)?.[0] ?? '*', offset)]
  if (key === 'pod-security.kubernetes.io/enforce') return value === 'privileged' ? [found(exemption('pod-security', key), '*', offset)] : []
  return [found(exemption('gatekeeper', key), '*', offset, value === 'true' || value === '' ? {} : { reason: value })]
}

export const exemptions: FileReader = (text, path) => [
  ...Array.from(text.matchAll(keys)).flatMap((match) => ofKey(match[2] ?? '', match[3] ?? '', match.index + (match[1]?.length ?? 0))),
  ...(treesOf(path, text) ?? []).flatMap(ofObject),
]

function ofObject(root: Branch): readonly Found[] {
  const [api, kind] = [textOf(at(root, 'apiVersion')) ?? '', textOf(at(root, 'kind')) ?? '']
  if (kind === 'List') return itemsOf(at(root, 'items')).flatMap(ofObject)
  if (kind === 'PolicyException' && /(?:^|\.)kyverno\.io\//.test(api)) return policyException(root)
  if (/(?:^|\.)kyverno\.io\//.test(api) && kind.endsWith('Policy')) return kyvernoPolicy(root)
  if (api.startsWith('constraints.gatekeeper.sh/')) return constraint(root, kind)
  if (kind === 'Config' && api.startsWith('config.gatekeeper.sh/')) return gatekeeperConfig(root)
  return kind === 'ValidatingAdmissionPolicyBinding' ? binding(root) : []
}

const reasonIn = (root: Branch): string | undefined => entriesOf(at(root, 'metadata', 'annotations')).flatMap(({ key, value }) => (/reason|justification|description/i.test(key) ? textOf(value) ?? [] : []))[0]

/** `exceptions` of kyverno.io/v2, `policyRefs` of policies.kyverno.io. */
function policyException(root: Branch): readonly Found[] {
  const place = exemption('kyverno', 'PolicyException')
  const extra = { reason: reasonIn(root), expires: textOf(at(root, 'metadata', 'labels', 'cleanup.kyverno.io/ttl')) }
  const named = itemsOf(at(root, 'spec', 'exceptions')).flatMap((item) => {
    const policy = textOf(at(item, 'policyName')) ?? '*'
    const rules = textsOf(at(item, 'ruleNames'))
    return (rules.length === 0 ? ['*'] : rules).map((rule) => found(place, `${policy}/${rule}`, item.offset, extra))
  })
  return [...named, ...itemsOf(at(root, 'spec', 'policyRefs')).map((item) => found(place, textOf(at(item, 'name')) ?? '*', item.offset, extra))]
}

function kyvernoPolicy(root: Branch): readonly Found[] {
  const name = textOf(at(root, 'metadata', 'name')) ?? '*'
  const action = entryAt(at(root, 'spec'), 'validationFailureAction')
  const soft = action !== undefined && textOf(action.value)?.toLowerCase() === 'audit' ? [found(exemption('kyverno', 'validationFailureAction: Audit'), name, action.offset)] : []
  const rules = itemsOf(at(root, 'spec', 'rules')).flatMap((rule): readonly Found[] => {
    const label = `${name}/${textOf(at(rule, 'name')) ?? '*'}`
    const exclude = entryAt(rule, 'exclude')
    const failure = entryAt(at(rule, 'validate'), 'failureAction')
    return [
      ...(exclude === undefined ? [] : [found(exemption('kyverno', 'exclude'), label, exclude.offset)]),
      ...(failure !== undefined && textOf(failure.value)?.toLowerCase() === 'audit' ? [found(exemption('kyverno', 'failureAction: Audit'), label, failure.offset)] : []),
    ]
  })
  return [...soft, ...rules]
}

function constraint(root: Branch, kind: string): readonly Found[] {
  const label = `${kind}/${textOf(at(root, 'metadata', 'name')) ?? '*'}`
  const spec = at(root, 'spec')
  const action = entryAt(spec, 'enforcementAction')
  const excluded = entryAt(at(spec, 'match'), 'excludedNamespaces')
  return [
    ...(action !== undefined && ['dryrun', 'warn'].includes(textOf(action.value) ?? '') ? [found(exemption('gatekeeper', `enforcementAction: ${textOf(action.value) ?? ''}`), label, action.offset)] : []),
    ...(excluded === undefined ? [] : textsOf(excluded.value).map((namespace) => found(exemption('gatekeeper', `excludedNamespaces: ${namespace}`), label, excluded.offset))),
  ]
}

const gatekeeperConfig = (root: Branch): readonly Found[] => itemsOf(at(root, 'spec', 'match')).flatMap((match) => {
  const excluded = entryAt(match, 'excludedNamespaces')
  return excluded === undefined ? [] : textsOf(excluded.value).map((namespace) => found(exemption('gatekeeper', `excludedNamespaces: ${namespace}`), '*', excluded.offset))
})

function binding(root: Branch): readonly Found[] {
  const actions = entryAt(at(root, 'spec'), 'validationActions')
  const stated = textsOf(actions?.value)
  return actions === undefined || stated.length === 0 || stated.includes('Deny') ? [] : [found(exemption('kubernetes', `validationActions: ${stated.join(', ')}`), textOf(at(root, 'spec', 'policyName')) ?? '*', actions.offset)]
}
