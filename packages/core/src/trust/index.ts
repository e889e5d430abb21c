export { judgeGitOptOuts } from './git.ts'
export type { Shown, ShownInGit } from './git.ts'
