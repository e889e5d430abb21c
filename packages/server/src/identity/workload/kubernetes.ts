/** Service accounts of a cluster: admission webhooks and controllers that ask for bundles and claim uses. */
import type { Workspace } from '@exeat/core'
import { kubernetesClaims } from './claims.ts'
import { type Established, refused, verified, type WorkloadSource } from './forge.ts'

/** @throws {ExeatError} WORKLOAD_TOKEN, WORKLOAD_WORKFLOW, WORKLOAD_ENVIRONMENT */
export function admitAccount(claims: unknown, { name: provider, serviceAccounts = [], environments }: WorkloadSource, { spec }: Workspace): Established {
  const read = kubernetesClaims.safeParse(claims)
  if (!read.success) throw refused('WORKLOAD_TOKEN', 'the token is none that is bound to a service account', 'use a projected token with an audience of its own')
  const { sub, 'kubernetes.io': { namespace, serviceaccount: { name, uid } } } = read.data
  const account = `${namespace}:${name}`
  if (sub !== `system:serviceaccount:${account}`) throw refused('WORKLOAD_TOKEN', 'the token names one service account as its subject, and another beside it')
  if (!serviceAccounts.some((each) => each === account || each === `${account}:${uid}`)) {
    throw refused('WORKLOAD_WORKFLOW', `the service account \`${account}\` (${uid}) is none that the workspace names`, 'name it in `serviceAccounts`; behind another colon with its uid, where only this very object is meant')
  }
  const environment = environments !== undefined && Object.hasOwn(environments, namespace) ? environments[namespace] : undefined
  if (environment !== undefined && !spec.environments.some((each) => each.name === environment)) {
    throw refused('WORKLOAD_ENVIRONMENT', `namespace \`${namespace}\` stands for the environment \`${environment}\`, which the workspace does not know`)
  }
  return { facts: environment === undefined ? {} : { environment: verified(environment, `token of \`${provider}\``) }, refProtected: false, previewOnly: false }
}
