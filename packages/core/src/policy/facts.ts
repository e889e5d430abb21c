import type { Workspace } from '../document/schema.ts'
import type { Facts } from '../model/facts.ts'

/** The facts that count: an environment that is undeclared, or asserted where the workspace asks for proof, is unknown (design §4). */
export function provenFacts(workspace: Workspace, facts: Facts): Facts {
  const { environment, ...rest } = facts
  if (environment === undefined) return facts
  const declared = workspace.spec.environments.find((candidate) => candidate.name === environment.value)
  const proven = declared !== undefined && (declared.proof === 'asserted' || environment.provenance === 'verified')
  return proven ? facts : rest
}
