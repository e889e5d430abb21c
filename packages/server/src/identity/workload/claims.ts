/** What the tokens of each kind of job say, as their issuers document it. Everything else in them is left alone. */
import * as z from 'zod'

const text = z.string().min(1).max(1024)
/** Numeric ids are never given to somebody else, as names are. */
const numeric = z.string().regex(/^[0-9]{1,20}$/)
const commit = z.string().regex(/^(?:[0-9a-f]{40}|[0-9a-f]{64})$/)

/** GitHub Actions: `docs.github.com/actions/reference/openid-connect-reference`. */
export const githubClaims = z.object({
  jti: text, sub: text, repository_id: numeric, repository_owner_id: numeric, ref: text, ref_protected: z.enum(['true', 'false']), event_name: text, sha: commit,
  job_workflow_ref: text.optional(), job_workflow_sha: commit.optional(), environment: text.optional(), runner_environment: text.optional(), actor: text.optional(),
})

/** GitLab CI/CD: `docs.gitlab.com/ci/secrets/id_token_authentication`. */
export const gitlabClaims = z.object({
  jti: text, sub: text, project_id: numeric, namespace_id: numeric, ref: text, ref_type: text, ref_protected: z.enum(['true', 'false']), pipeline_source: text, sha: commit,
  ci_config_ref_uri: text.optional(), ci_config_sha: commit.optional(), environment: text.optional(), runner_environment: text.optional(), user_login: text.optional(),
})

/** Bound tokens of Kubernetes service accounts (KEP-1205). */
export const kubernetesClaims = z.object({
  sub: text, 'kubernetes.io': z.object({ namespace: text, serviceaccount: z.object({ name: text, uid: text }) }),
})
