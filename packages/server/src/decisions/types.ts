/** The seam between whoever authenticates a caller and whoever decides. */
import type { Fact, Facts, Repository, Workspace } from '@exeat/core'
import type { BlockedControl, DecisionRequest, Wire } from '@exeat/core/wire'
import type { Dsse, SignedDecision } from '@exeat/verify'

/** Who asks, as the edge established it. */
export interface Requester {
  readonly caller: SignedDecision['caller']
  /** What the caller proves, each `verified`; nothing at the administrative socket. What a request says besides is `asserted`. */
  readonly proven: Facts
  /** True where the caller is only told what would be: nothing is counted, and the decision says that it grants nothing. */
  readonly preview: boolean
  /** What the caller may have counted as used; absent: anything. Answers for each use, in their order, and hands `claim` those that may be. */
  readonly claiming?: (uses: Uses, workspace: Workspace, claim: (uses: Uses) => Promise<Wire['usesAnswerSchema']>) => Promise<Wire['usesAnswerSchema']>
}

type Uses = readonly Wire['useSchema'][]

/** Facts of what is in one repository, so that it is known which bundle is of it. */
export interface PlacedFacts extends Facts {
  readonly repository: Fact<Repository>
}

/** Facts of a run that can be decided: bound to one repository and one commit. */
export interface RunFacts extends PlacedFacts {
  readonly commit: Fact<string>
}

export interface DecisionAnswer {
  readonly decision: Dsse
  readonly blocked: readonly BlockedControl[]
}

/**
 * Decides a run by the log's own bundle, as a gate would, and signs what comes of it.
 * @throws {ExeatError} DECISION_*, every problem of every report, and whatever keeps a bundle from being made or a use from being counted: nothing is excused
 */
export type DecideRun = (asked: DecisionRequest, requester: Requester) => Promise<DecisionAnswer>
