/**
 * Exemptions of Azure Policy (`Microsoft.Authorization/policyExemptions`), each with the `id` to put it at. One reaches the resource and what
 * lies in it, and without a reference every policy of an assigned initiative. Ids mean the same in any case. A rule is the id of an
 * assignment, with `#` and the reference of a policy where it assigns an initiative. `expiresOn` is written in whole seconds.
 */
import { type Finding, formatInstant } from '@exeat/core'
import { heading, lastSecond, oneLine } from '../text.ts'
import type { Match, NativeForm, RenderContext, Row, Target } from '../types.ts'

/** `.` and `..` would put the exemption at another id than the one that is read. */
const segment = '(?!\\.{1,2}(?:[/#]|$))[A-Za-z0-9_.()~-]+'
const scope = `(?:/providers/Microsoft\\.Management/managementGroups/${segment}|/subscriptions/${segment}(?:/resourceGroups/${segment})?)`
const assignment = new RegExp(`^${scope}/providers/Microsoft\\.Authorization/policyAssignments/${segment}(?:#${segment})?$`, 'iu')
/** Not a subscription or a resource group: exempting one would exempt all in it. */
const single = new RegExp(`^/subscriptions/${segment}(?:/resourceGroups/${segment})?/providers/(?!Microsoft\\.Resources/)${segment}(?:/${segment}/${segment})+$`, 'iu')

function target({ rule, resource }: Finding): Target | string {
  if (!assignment.test(rule)) return 'its rule is not the id of an assignment'
  if (resource === undefined || !single.test(resource)) return 'its resource is not the id of a single resource'
  return { match: { rule, resource }, exact: false }
}

/** Whether `whole` is `part` or goes on after it with the separator. */
const within = (whole: string, part: string, separator: string): boolean => {
  const [longer, shorter] = [whole.toLowerCase(), part.toLowerCase()]
  return longer === shorter || longer.startsWith(`${shorter}${separator}`)
}

const reaches = ({ rule, resource = '' }: Match, finding: Finding): boolean => within(finding.rule, rule, '#') && within(finding.resource ?? '', resource, '/')

/** The service refuses longer text. */
const atMost = (text: string, length: number): string => [...oneLine(text)].slice(0, length).join('')

function exemption({ target: { match: { rule, resource = '' } }, excuse: { by }, findings, ends }: Row): object {
  const [policyAssignmentId, reference] = rule.split('#')
  const name = `exeat-${findings[0]?.fingerprint.slice(0, 16) ?? ''}`
  return {
    id: `${resource}/providers/Microsoft.Authorization/policyExemptions/${name}`, type: 'Microsoft.Authorization/policyExemptions', name,
    properties: {
      policyAssignmentId,
      ...(reference === undefined ? {} : { policyDefinitionReferenceIds: [reference] }),
      exemptionCategory: by.category === 'mitigated' ? 'Mitigated' : 'Waiver',
      expiresOn: formatInstant(lastSecond(ends)),
      displayName: atMost(by.name, 128),
      description: atMost(by.reason, 512),
    },
  }
}

export const azurePolicyForm: NativeForm = {
  name: 'azure-policy',
  tool: 'azure-policy',
  selfExpiring: true,
  last: lastSecond,
  target,
  reaches,
  render: (rows, context: RenderContext) => [{
    path: 'exeat-policy-exemptions.json',
    content: `${JSON.stringify({ comment: heading(context).join('; '), value: rows.map(exemption) }, undefined, 2)}\n`,
  }],
}
