/** Loaded by what looks through a whole work tree: its files, who wrote which lines, and what a commit held. */
export { blameLines, type Blamed, blameConfig } from '../blame.ts'
export { type BaseFile, baseFiles, baseCommit, baseTexts } from '../base-files.ts'
export { topFolder, workFiles } from '../work-files.ts'
