/** Throwaway copies of a commit's files. Apart, so that a gate loads none of it. */
export { type CopiedTree, copyTree, differingPaths, type TreeLimits } from '../copy-tree.ts'
