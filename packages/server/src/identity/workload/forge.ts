/** Jobs of a forge: GitHub Actions and GitLab CI/CD say the same in other words. */
import type { Fact, Facts, Workspace } from '@exeat/core'
import { identityError, type IdentityCode } from '../codes.ts'
import type { Workload } from '../types.ts'
import { githubClaims, gitlabClaims } from './claims.ts'

export type WorkloadSource = NonNullable<NonNullable<Workspace['spec']['identity']>['workloads']>[number]
export type Established = Omit<Workload, 'provider' | 'subject' | 'until'>

/** What a token of either forge states. */
interface Stated {
  readonly forge: 'github' | 'gitlab'
  readonly repositoryId: string
  readonly ownerId: string
  /** With `refs/heads/`, where it is a branch. */
  readonly ref: string
  readonly refProtected: boolean
  readonly event: string
  readonly sha: string
  readonly workflow?: { readonly ref: string; readonly sha: string }
  readonly environment?: string | undefined
  readonly runner?: string | undefined
  readonly actor?: string | undefined
}

export const refused = (code: IdentityCode, message: string, hint?: string) => identityError(code, message, hint)
const shaped = (): never => { throw refused('WORKLOAD_TOKEN', 'the token lacks claims that every job\'s token has', 'see whether `kind` in `identity.workloads` names the right one') }

export function fromGithub(claims: unknown): Stated {
  const read = githubClaims.safeParse(claims)
  if (!read.success) return shaped()
  const { repository_id, repository_owner_id, ref, ref_protected, event_name, sha, job_workflow_ref, job_workflow_sha, environment, runner_environment, actor } = read.data
  return {
    forge: 'github', repositoryId: repository_id, ownerId: repository_owner_id, ref, refProtected: ref_protected === 'true', event: event_name, sha, environment, runner: runner_environment, actor,
    ...(job_workflow_ref === undefined || job_workflow_sha === undefined ? {} : { workflow: { ref: job_workflow_ref, sha: job_workflow_sha } }),
  }
}

export function fromGitlab(claims: unknown): Stated {
  const read = gitlabClaims.safeParse(claims)
  if (!read.success) return shaped()
  const { project_id, namespace_id, ref, ref_type, ref_protected, pipeline_source, sha, ci_config_ref_uri, ci_config_sha, environment, runner_environment, user_login } = read.data
  return {
    forge: 'gitlab', repositoryId: project_id, ownerId: namespace_id, ref: ref_type === 'branch' ? `refs/heads/${ref}` : `refs/${ref_type}/${ref}`, refProtected: ref_protected === 'true',
    event: pipeline_source, sha, environment, runner: runner_environment, actor: user_login,
    ...(ci_config_ref_uri === undefined || ci_config_sha === undefined ? {} : { workflow: { ref: ci_config_ref_uri, sha: ci_config_sha } }),
  }
}

/** What may have started a job, where the workspace says nothing. */
const usualEvents: readonly string[] = ['push', 'merge_group', 'workflow_dispatch', 'deployment']

/**
 * Holds what a token states against the workspace.
 * @throws {ExeatError} WORKLOAD_REPOSITORY, WORKLOAD_WORKFLOW, WORKLOAD_ENVIRONMENT, WORKLOAD_REF
 */
export function admit(stated: Stated, source: WorkloadSource, { spec }: Workspace): Established {
  const repository = spec.sources.find((each) => each.forge === stated.forge && each.repositoryId === stated.repositoryId)
  if (repository === undefined) throw refused('WORKLOAD_REPOSITORY', `repository ${stated.repositoryId} is none of the workspace's sources`, 'name it in `sources`, with its numeric id')
  if (source.owners?.includes(stated.ownerId) === false) throw refused('WORKLOAD_REPOSITORY', `repository ${stated.repositoryId} belongs to owner ${stated.ownerId}, who is none of \`owners\``)
  checkPinned(stated, source)
  const previewOnly = !(source.events ?? usualEvents).includes(stated.event)
  if (!previewOnly) checkRef(stated, repository.ref ?? spec.protectedRef)
  const from = `token of \`${source.name}\``
  const environment = environmentOf(stated.environment, source, spec)
  const facts: Facts = {
    repository: verified({ name: repository.name, id: repository.repositoryId }, from), commit: verified(stated.sha, from), ref: verified(stated.ref, from),
    ...(environment === undefined ? {} : { environment: verified(environment, from) }), ...(stated.actor === undefined ? {} : { actor: verified(stated.actor, from) }),
  }
  const { workflow } = stated
  return { facts, repositoryId: repository.repositoryId, refProtected: stated.refProtected, event: stated.event, previewOnly, ...(workflow === undefined ? {} : { workflow }) }
}

export const verified = <T>(value: T, from: string): Fact<T> => ({ value, provenance: 'verified', from })

function checkPinned({ workflow, runner }: Stated, { workflows, runners }: WorkloadSource): void {
  if (workflows !== undefined && !workflows.some(({ ref, sha }) => workflow?.ref === ref && (sha === undefined || sha.includes(workflow.sha)))) {
    throw refused('WORKLOAD_WORKFLOW', `the job runs ${workflow === undefined ? 'no reusable workflow' : `\`${workflow.ref}\` at ${workflow.sha.slice(0, 12)}`}, which the workspace does not pin`, 'call the workflow that `identity.workloads` names, or pin its new commit there')
  }
  if (runners !== undefined && !(runner !== undefined && (runners as readonly string[]).includes(runner))) {
    throw refused('WORKLOAD_WORKFLOW', `the job runs on \`${runner ?? 'nothing that it states'}\`, and the workspace takes ${runners.map((each) => `\`${each}\``).join(' or ')}`)
  }
}

/** A merge queue tests what is about to be the protected ref, on a branch of its own that nobody else can push to. */
function checkRef({ ref, refProtected, event }: Stated, wanted: string): void {
  const branch = wanted.replace(/^refs\/heads\//, '')
  const queued = event === 'merge_group' && ref.startsWith(`refs/heads/gh-readonly-queue/${branch}/`)
  if (!queued && ref !== `refs/heads/${branch}`) throw refused('WORKLOAD_REF', `the job runs on \`${ref}\`, and \`refs/heads/${branch}\` is the protected ref`)
  if (!refProtected) throw refused('WORKLOAD_REF', `nothing protects \`${ref}\` at the forge`, 'protect the branch; its jobs then state `ref_protected`')
}

function environmentOf(stated: string | undefined, { environments }: WorkloadSource, spec: Workspace['spec']): string | undefined {
  if (stated === undefined) return undefined
  const name = environments === undefined ? stated : Object.hasOwn(environments, stated) ? environments[stated] : undefined
  if (name !== undefined && spec.environments.some((each) => each.name === name)) return name
  throw refused('WORKLOAD_ENVIRONMENT', `the job runs in the environment \`${stated.slice(0, 100)}\`, which the workspace does not know`, 'name it in `environments` of the workload, or of the workspace')
}
