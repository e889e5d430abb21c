/** Loaded only where documents need them: `import('@exeat/core/condition')`. The types are with the rest of core. */
export { celEngine } from './cel.ts'
export { re2Engine } from './re2.ts'
export type * from './types.ts'
