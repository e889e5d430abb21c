/** Offline grants (design §6): what an enforcement point honours while no bundle can be had, and what a server enters afterwards. */
export { checkOfflineRun, type KeptBundle, type KnownGrant, mostUnlogged, type OfflineRun, oldestCheckpoint, openGrantLog, unloggedRefusal } from './holds.ts'
export { type KeptLog, uidsOf, verifyKept } from './kept.ts'
export { type OfflineEntry, verifyOfflineEntry, verifyOfflineSignatures } from './entry.ts'
export { type OfflineFiles, offlinePath, readOfflineFile } from './read.ts'
export { judgeOffline, type OfflineGoverned, offlineNamespace, type OfflineSigner, offlineTerms, signerBy, type SignedOfflineGrant } from './signed.ts'
