/** Clients of Exeat: of its log here, of its API beside it. */
export * from './log/index.ts'
