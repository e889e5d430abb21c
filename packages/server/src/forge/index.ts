/** Forges, each behind one port; an adapter is loaded when it is asked for. */
import type { Forge } from '../ports/forge.ts'
import type { ForgeAccess } from './http.ts'

export { handsIn } from './hands.ts'
export { askForge, type ForgePerson, type ForgeQuestion, type ForgeTold } from './ask.ts'
export { type ForgeCode, forgeError, forgeProblem } from './codes.ts'
export type { ForgeAccess } from './http.ts'
export type { ChangePlace, Forge, ForgeAccount, ForgeAnnotation, ForgeVerdict, ForgeWriters, MergedChange, ProposedChange, Published } from '../ports/forge.ts'

export interface ForgeOptions extends ForgeAccess {
  readonly kind: 'github' | 'gitlab'
  readonly issuer: string
  /** GitHub's GraphQL, where it lies elsewhere than beside the API. */
  readonly graph?: string
}

/** @throws {ExeatError} FORGE_SETTINGS */
export async function openForge({ kind, ...options }: ForgeOptions): Promise<Forge> {
  if (kind === 'github') return (await import('./github/index.ts')).gitHub(options)
  return (await import('./gitlab/index.ts')).gitLab(options)
}
