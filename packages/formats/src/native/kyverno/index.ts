/** `PolicyException` (`kyverno.io/v2`): a policy and its rule for one object by kind, namespace and name, which take wildcards. It knows no end. */
import type { Finding } from '@exeat/core'
import { stringify } from 'yaml'
import { heading, oneLine } from '../text.ts'
import type { NativeForm, Row, Target } from '../types.ts'

/** RFC 1123 subdomains, which hold no wildcard. */
const name = /^[a-z0-9](?:[-a-z0-9.]*[a-z0-9])?$/u
const kind = /^[A-Z][A-Za-z0-9]*$/u

function target({ rule, path, resource }: Finding): Target | string {
  const [policy = '', named = '', ...rest] = rule.split('/')
  if (rest.length > 0 || !name.test(policy) || !name.test(named)) return 'its rule is not a policy and the name of a rule'
  const parts = resource?.split('/') ?? []
  const [ofKind = '', namespace = '', object = ''] = parts
  if (parts.length !== 3 || !kind.test(ofKind) || !name.test(namespace) || !name.test(object)) return 'its resource is not a kind, a namespace and a name'
  return { match: { rule, ...(resource === undefined ? {} : { resource }) }, exact: path === undefined }
}

function exception({ target: { match: { rule, resource = '' } }, excuse: { by }, findings }: Row): object {
  const [policyName, ruleName] = rule.split('/')
  const [ofKind, namespace, object] = resource.split('/')
  return {
    apiVersion: 'kyverno.io/v2', kind: 'PolicyException',
    metadata: { name: `exeat-${findings[0]?.fingerprint.slice(0, 16) ?? ''}`, namespace, annotations: { 'exeat.dev/opt-out': by.name, 'exeat.dev/reason': oneLine(by.reason) } },
    spec: { exceptions: [{ policyName, ruleNames: [ruleName] }], match: { any: [{ resources: { kinds: [ofKind], namespaces: [namespace], names: [object] } }] } },
  }
}

export const kyvernoForm: NativeForm = {
  name: 'kyverno',
  tool: 'kyverno',
  selfExpiring: false,
  target,
  render: (rows, context) => [{
    path: 'exeat-exceptions.yaml',
    content: [heading(context).map((line) => `# ${line}\n`).join(''), ...rows.map((row) => stringify(exception(row), { lineWidth: 0, defaultStringType: 'QUOTE_DOUBLE', defaultKeyType: 'PLAIN' }))].join('---\n'),
  }],
}
