export { nearest } from './nearest.ts'
export * from './safe.ts'
