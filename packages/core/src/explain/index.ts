export { tellReason } from './reasons.ts'
export type { Told } from './reasons.ts'
