/** Loaded by what reviews a change: the gate's warm runs read no objects. */
export { type ChangedFile, type GitChange, mentions, readBlobsOf, readChange, readDifference } from '../read-change.ts'
export { inQuarantine } from '../quarantine.ts'
export { aliasesOf, isForward, unmovedSince } from '../push.ts'
