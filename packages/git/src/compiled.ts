import type { Aliases, HexDigest, OptOut, OptOutPolicy, OptOutTest, Problem, Workspace } from '@exeat/core'
import type { Governance, PlacedDocument, RefusedOptOutDocument } from './types.ts'

/** An opt-out as the cache keeps it. */
export interface CompiledOptOut extends PlacedDocument<OptOut> {
  readonly uid: HexDigest
  readonly impact?: readonly HexDigest[]
}

/** All that a tree says, as plain JSON: instants and durations are integers. Nothing in it depends on time, ref or machine. */
export interface CompiledGovernance {
  readonly workspace: PlacedDocument<Workspace>
  readonly policies: readonly PlacedDocument<OptOutPolicy>[]
  readonly aliases: readonly PlacedDocument<Aliases>[]
  readonly tests: readonly PlacedDocument<OptOutTest>[]
  readonly optOuts: readonly CompiledOptOut[]
  readonly refused: readonly RefusedOptOutDocument[]
  readonly warnings: readonly Problem[]
}

type Compiled = Omit<Governance, 'source' | 'label' | 'cache'>

/** The form that decisions take: impacts as sets. */
export function toGovernance(compiled: CompiledGovernance): Compiled {
  return {
    ...compiled,
    optOuts: compiled.optOuts.map(({ impact, ...optOut }) => (impact === undefined ? optOut : { ...optOut, impact: new Set(impact) })),
  }
}

