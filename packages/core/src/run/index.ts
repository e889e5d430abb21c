export * from './explain.ts'
export * from './groups.ts'
export * from './run.ts'
export * from './uses.ts'
