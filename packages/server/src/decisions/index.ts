export { type AskExcuses, excuseAsker } from './ask.ts'
export { type DecisionDependencies, decisionMaker } from './decide.ts'
export { rememberingVerifier } from './view.ts'
export type { DecideRun, DecisionAnswer, Requester } from './types.ts'
