export * from './tools.ts'
export * from './git.ts'
