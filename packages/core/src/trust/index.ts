export { judgeGitOptOuts } from './git.ts'
