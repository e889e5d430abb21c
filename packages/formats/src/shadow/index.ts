export { findSuppressions, mayHoldSuppressions } from './find.ts'
export type { Suppression, SuppressionKind } from './types.ts'
