/** Accounts of one forge, each once. */
import type { ForgeAccount } from '../ports/forge.ts'

export const distinct = (accounts: readonly ForgeAccount[]): readonly ForgeAccount[] => [...new Map(accounts.map((each) => [each.identity.sub, each])).values()]
