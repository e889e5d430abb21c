/** What a git hook asks of its repository. Apart, so that a gate loads none of it. */
export { hookPlace, type HookPlace } from '../hook-place.ts'
export { hookSettings, type HookSettings } from '../hook-settings.ts'
export { commitOf, hasCommit, headBranch, headCommit, pushedVersions, remoteNames, stagedTree, stagedVersions } from '../hook-change.ts'
export { copyBlobs, copyTree, type CopiedTree, type TreeLimits } from '../copy-tree.ts'
export type { Blob } from '../objects.ts'
