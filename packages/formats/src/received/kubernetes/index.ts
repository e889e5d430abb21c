/**
 * Audit events of a Kubernetes API server (`audit.k8s.io/v1` EventList, https://kubernetes.io/docs/reference/config-api/apiserver-audit.v1/): what was carried out, and makes
 * admission weaker. At level `Metadata` an event holds no object: what it says then is that something changed, and nothing declares that.
 */
import type { Instant, Observation } from '@exeat/core'
import type { Json } from '../../findings/types.ts'
import { at, exactAt, instantAt, known, listAt, shownAt, wordAt } from '../read.ts'
import { observed, type Received, unreadable } from '../types.ts'
import type { Change, Cluster } from './change.ts'
import { constraint, policyException, removed } from './objects.ts'
import { marks } from './marks.ts'

const verbs: Readonly<Record<string, Change['verb']>> = { create: 'created', update: 'changed', patch: 'changed', delete: 'deleted' }

export function fromKubernetesAudit(payload: Json, cluster: Cluster): Received {
  if (wordAt(payload, 'kind') !== 'EventList' || wordAt(payload, 'apiVersion') !== 'audit.k8s.io/v1' || !Array.isArray(at(payload, 'items'))) return unreadable('the body is no `EventList` of `audit.k8s.io/v1`')
  return observed(...listAt(payload, 'items').flatMap((event) => observationsOf(event, cluster)))
}

function observationsOf(event: Json, cluster: Cluster): readonly Observation[] {
  const change = changeOf(event, cluster)
  if (change === undefined) return []
  const { group, resource } = change
  const own = resource === 'policyexceptions' && /(?:^|\.)kyverno\.io$/.test(group) ? policyException(change) : group === 'constraints.gatekeeper.sh' ? constraint(change) : removed(change)
  return [...own, ...marks(change)]
}

/** Undefined for what changed nothing: it was refused, is not over, is a dry run, or is about a part that says nothing of the object. */
function changeOf(event: Json, { environment, repositoryId }: Cluster): Change | undefined {
  const verb = verbs[wordAt(event, 'verb') ?? '']
  const code = at(event, 'responseStatus', 'code')
  const resource = exactAt(event, 'objectRef', 'resource')
  const isDone = wordAt(event, 'stage') === 'ResponseComplete' && typeof code === 'number' && code >= 200 && code < 300
  if (verb === undefined || resource === undefined || !isDone || at(event, 'objectRef', 'subresource') !== undefined || isDryRun(wordAt(event, 'requestURI') ?? '')) return undefined
  const answered = at(event, 'responseObject')
  // A deletion answers with a `Status`, or with the object as it was.
  const whole = verb !== 'deleted' && at(answered, 'metadata', 'name') !== undefined
  const object = whole ? answered : at(event, 'requestObject')
  const name = exactAt(event, 'objectRef', 'name') ?? exactAt(object, 'metadata', 'name') ?? exactAt(event, 'auditID')
  if (name === undefined) return undefined
  const namespace = exactAt(event, 'objectRef', 'namespace')
  return {
    verb, resource, name, group: exactAt(event, 'objectRef', 'apiGroup') ?? '', whole: whole || (wordAt(event, 'verb') !== 'patch' && object !== undefined),
    ...(namespace === undefined || namespace === '' ? {} : { namespace }), ...(object === undefined ? {} : { object }),
    common: known<Change['common']>({
      source: 'kubernetes', environment, repository: repositoryId === undefined ? undefined : { id: repositoryId }, actor: shownAt(event, 'user', 'username'),
      at: instantAt(event, 'stageTimestamp') ?? instantAt(event, 'requestReceivedTimestamp') as Instant | undefined,
    }),
  }
}

const isDryRun = (uri: string): boolean => /[?&]dryRun=All(?:&|$)/.test(uri)
