/** The log's store. Nothing serves it yet. */
export * from './codes.ts'
export type * from './ports/log.ts'
export { foundLog, openLog, type LogOptions } from './store/log.ts'
export { createHeadFile, openHeadFile } from './store/sqlite/head-file.ts'
export { openSqliteTables, prepareSqlite } from './store/sqlite/index.ts'
export type * from './ports/tables.ts'
export { checkExtends } from './store/head-check.ts'
export { publicKeyOf, sha256, verifySignature } from './store/ed25519.ts'
