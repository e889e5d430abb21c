export { fromGitHub, githubEvents } from './github/index.ts'
export type { Received } from './types.ts'
