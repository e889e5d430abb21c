export { decide } from './decide.ts'
export type { DecideOptions } from './decide.ts'
export { judgeReports } from './reports.ts'
