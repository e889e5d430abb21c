export type * from './findings/types.ts'
export { bytesSource, jsonCodes, parseStrictJson } from './json/index.ts'
export type { JsonCode, StrictJson, StrictJsonLimits } from './json/index.ts'
