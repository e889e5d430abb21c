export * from './patterns.ts'
export * from './tools.ts'
