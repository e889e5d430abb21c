export { fromGitHub, githubEvents } from './github/index.ts'
export type { Received } from './types.ts'
export type { Cluster } from './kubernetes/change.ts'
export { fromKubernetesAudit } from './kubernetes/index.ts'
