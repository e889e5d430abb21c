export { decide, decider } from './decide.ts'
export type { DecideOptions, Decider } from './decide.ts'
export { judgeReports } from './reports.ts'
