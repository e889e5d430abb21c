/** Loaded by what reviews a change: the gate's warm runs read no objects. */
export { type ChangedFile, type GitChange, mentions, readChange, readDifference } from '../read-change.ts'
