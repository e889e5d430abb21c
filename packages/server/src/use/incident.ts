/** The incident behind an emergency (attack 22): a ticket that the workspace's own system calls open, and not merely a text of the right shape. */
import type { OptOut, Problem } from '@exeat/core'
import type { Signed } from '@exeat/core/entry'
import type { Governed } from '../ports/governance.ts'
import type { UseDependencies } from './context.ts'
import { shown, useProblem } from './problem.ts'

export interface Ticketed {
  /** Why there is no emergency. */
  readonly problems: readonly Problem[]
  readonly incident?: NonNullable<Signed['incident']>
}

export const nobodyAsked: Ticketed = { problems: [] }

/** Where it cannot be asked nothing is granted: what stands in for a server or a network that is away is the offline grant. */
export async function askAbout({ incidents }: Pick<UseDependencies, 'incidents'>, { governance }: Governed, { metadata: { name }, spec: { ticket } }: OptOut): Promise<Ticketed> {
  const system = governance.workspace.document.spec.incidents
  if (system === undefined) return nobodyAsked
  if (ticket === undefined) return { problems: [useProblem('INCIDENT_MISSING', `\`${name}\` names no \`ticket\`, and the workspace has its incident asked about`, 'write the incident\'s number as `ticket`')] }
  // As a part of a path it would lead to another question.
  if (/^\.{1,2}$/.test(ticket)) return { problems: [useProblem('INCIDENT_NOT_OPEN', `\`${ticket}\` is no ticket`)] }
  try {
    const { state, at, answer } = await incidents(system, ticket)
    if (state === undefined) return { problems: [useProblem('INCIDENT_NOT_OPEN', `the workspace's incident system knows no \`${shown(ticket)}\``)] }
    if (system.open.includes(state)) return { problems: [], incident: { ticket, state, at, answer } }
    return { problems: [useProblem('INCIDENT_NOT_OPEN', `\`${shown(ticket)}\` is \`${shown(state)}\` in the workspace's incident system, and open is ${system.open.map((each) => `\`${each}\``).join(', ')}`, 'name an open incident')] }
  } catch (error) {
    const because = shown(error instanceof Error ? error.message : String(error))
    return { problems: [useProblem('INCIDENT_UNASKED', `the workspace's incident system could not be asked about \`${shown(ticket)}\`: ${because}`, 'try again; where everything is away, two people can grant it offline: exeat offline')] }
  }
}
