/**
 * An element of `spec.match` of Gatekeeper's `Config` (`config.gatekeeper.sh/v1alpha1`): it takes a namespace out of every constraint, and knows
 * no end. So only opt-outs that say just that have one: every rule of the tool, and every resource, of the namespace at least.
 */
import type { Finding } from '@exeat/core'
import { yamlFile } from '../text.ts'
import type { NativeExcuse, NativeForm, Target } from '../types.ts'

/** Of `kind/namespace/name`. */
const namespaceOf = (resource: string | undefined): string | undefined => /^[^/]+\/([^/]+)\/[^/]+$/u.exec(resource ?? '')?.[1]
/** An RFC 1123 label, which holds no wildcard. */
const label = /^[a-z0-9](?:[-a-z0-9]*[a-z0-9])?$/u

function target({ resource }: Finding, { spec }: NativeExcuse): Target | string {
  const namespace = namespaceOf(resource)
  if (namespace === undefined || !label.test(namespace)) return 'its resource is in no namespace'
  if (spec?.controls.includes('gatekeeper/*') !== true) return 'the form excludes every rule, and the opt-out does not name `gatekeeper/*`'
  const whole = `*/${namespace}/*`
  if (spec.targets?.resources?.includes(whole) === false) return `the form excludes the whole namespace, and the opt-out does not name \`${whole}\``
  return { match: { rule: '*', resource: whole }, exact: false }
}

export const gatekeeperForm: NativeForm = {
  name: 'gatekeeper',
  tool: 'gatekeeper',
  selfExpiring: false,
  target,
  reaches: ({ resource }, finding) => namespaceOf(finding.resource) === namespaceOf(resource),
  render(rows, context) {
    const excludedNamespaces = rows.map(({ target: { match } }) => namespaceOf(match.resource) ?? '')
    return [{ path: 'exeat-gatekeeper-match.yaml', content: yamlFile({ match: rows.length === 0 ? [] : [{ excludedNamespaces, processes: ['audit', 'webhook'] }] }, context) }]
  },
}
