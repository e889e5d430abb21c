/** Signed decisions of the server, for whoever is shown one. */
export { decisionSchema, decisionType, largestDecision, longestDecision } from './types.ts'
export type { SignedDecision } from './types.ts'
export { verifyDecision } from './verify.ts'
export type { DecisionContext, VerifiedDecision } from './verify.ts'
