export * from './envelope.ts'
export * from './statement.ts'
