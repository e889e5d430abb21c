export * from './github.ts'
export * from './serve.ts'
