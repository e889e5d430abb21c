/** Jobs of the workspace, and what the tokens of their issuers say. */
import { randomUUID } from 'node:crypto'
import type { Claims } from '../../../testkit/src/oidc-provider.ts'

export const audience = 'https://exeat.acme.example'
const workflow = 'acme/gates/.github/workflows/gate.yml@refs/heads/main'
const pinned = 'c'.repeat(40)

export const workloads = (issuer: string): string => `    workloads:
      - name: actions
        kind: github
        issuer: ${issuer}
        audience: ${audience}
        owners: ["77"]
        workflows: [{ ref: "${workflow}", sha: [${pinned}] }]
        runners: [github-hosted]
        environments: { prod: production, "test": test, stale: gone }
      - { name: ci, kind: gitlab, issuer: ${issuer}, audience: gitlab-audience }
      - { name: cluster, kind: kubernetes, issuer: ${issuer}, audience: kubernetes-audience, serviceAccounts: ["exeat:admission", "exeat:bound:uid-1"], environments: { exeat: production } }
`

export const sha: string = 'a'.repeat(40)

/** Claims of good tokens, each with what a test makes of them. */
export function tokens(issuer: () => string) {
  const seconds = (after = 0): number => Math.floor(Date.now() / 1000) + after
  const common = (): Claims => ({ iss: issuer(), aud: audience, iat: seconds(), nbf: seconds(), exp: seconds(300), jti: randomUUID() })
  const github = (more: Claims = {}): Claims => ({
    ...common(), sub: 'repo:acme/payments:ref:refs/heads/main', repository: 'acme/payments', repository_id: '1001', repository_owner: 'acme', repository_owner_id: '77', ref: 'refs/heads/main',
    ref_protected: 'true', event_name: 'push', sha, job_workflow_ref: workflow, job_workflow_sha: pinned, environment: 'test', runner_environment: 'github-hosted', actor: 'octocat', ...more,
  })
  const gitlab = (more: Claims = {}): Claims => ({
    ...common(), aud: 'gitlab-audience', sub: 'project_path:acme/ledger:ref_type:branch:ref:release', project_id: '2002', namespace_id: '88', ref: 'release', ref_type: 'branch', ref_protected: 'true',
    pipeline_source: 'push', sha, user_login: 'tanuki', ...more,
  })
  const account = (name: string, serviceUid: string, more: Claims = {}): Claims => ({
    ...common(), aud: ['kubernetes-audience'], sub: `system:serviceaccount:exeat:${name}`, 'kubernetes.io': { namespace: 'exeat', serviceaccount: { name, uid: serviceUid }, pod: { name: 'x', uid: 'y' } }, ...more,
  })
  return { seconds, github, gitlab, account }
}
