export * from './grant.ts'
