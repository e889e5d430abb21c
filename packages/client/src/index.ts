/** Clients of Exeat: of its HTTP API and of its log. */
export * from './api/index.ts'
export * from './log/index.ts'
