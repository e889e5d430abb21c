export { type ImpactCode, impactCodes } from './codes.ts'
export { decodeImpact, impactDigest } from './impact.ts'
export type { Impact, ImpactAnswer } from './impact.ts'
