/** Who can give what is missing, as the documents here say: groups, and their members where the workspace names them. */
import type { OptOut } from '@exeat/core'
import type { OptOutView } from '@exeat/core/wire'
import type { Governance } from '@exeat/git'
import { compilePolicies } from '../governance/load.ts'
import { shown } from '../text/safe.ts'

type Note = readonly [string, string]

export async function whoMay(governance: Governance, document: OptOut, { missing, phase }: OptOutView): Promise<readonly Note[]> {
  if (phase !== 'proposed' && phase !== 'approved') return []
  const answer = (await compilePolicies(governance)).termsForOptOut(document)
  if (answer.kind === 'refused') return []
  const { approve, activate } = answer.terms
  const members = (groups: readonly string[]): string => groups.map((group) => memberText(group, governance)).join(' or ')
  const open = missing.some((each) => / of /.test(each)) ? approve.map(({ value }): Note => ['may approve', `${value.count} of ${members(value.groups)}`]) : []
  return [...open, ['may activate', activate.value === 'anyone' ? 'anyone' : members(activate.value)]]
}

const mostNamed = 6

function memberText(group: string, { workspace }: Governance): string {
  const members = (workspace.document.spec.groups?.[group] ?? []).map(({ sub }) => shown(sub))
  if (members.length === 0) return shown(group)
  return `${shown(group)} (${members.slice(0, mostNamed).join(', ')}${members.length > mostNamed ? ', …' : ''})`
}
