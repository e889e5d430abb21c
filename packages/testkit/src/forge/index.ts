export * from './github.ts'
export * from './serve.ts'
export * from './gitlab.ts'
