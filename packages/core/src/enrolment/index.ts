export * from './credential.ts'
export * from './ledger.ts'
