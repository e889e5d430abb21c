/** Everybody who had a hand in what stands at the protected ref: none of them approves it. */
import type { Identity, StandingOptOut } from '@exeat/core'
import type { Governed } from '../ports/governance.ts'
import type { UseDependencies } from './context.ts'
import { involvedBy } from './judge.ts'

/** By git, and by the forge where the operator has it asked. @throws {ExeatError} where git or the forge does not say */
export async function writersNow({ governance, hands }: Pick<UseDependencies, 'governance' | 'hands'>, { commit, ref }: Governed, standing: StandingOptOut): Promise<readonly Identity[]> {
  const [addresses, known] = await Promise.all([governance.writers(commit, standing), hands === undefined ? [] : governance.brought(commit, standing).then((brought) => hands(ref, brought))])
  return [...known, ...involvedBy(addresses)]
}
