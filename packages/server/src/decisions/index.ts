export { type AskExcuses, excuseAsker } from './ask.ts'
export { type DecisionDependencies, decisionMaker } from './decide.ts'
export type { DecideRun, DecisionAnswer, Requester } from './types.ts'
