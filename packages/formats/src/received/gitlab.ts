/**
 * GitLab: streamed audit events (https://docs.gitlab.com/user/compliance/audit_event_types/), and webhooks about vulnerabilities. An audit event is an act, and does not say which way a setting went: each is told of.
 */
import type { Observation } from '@exeat/core'
import type { Json } from '../findings/types.ts'
import { at, controlNamed, exactAt, idAt, instantAt, known, shownAt, thingOf, wordAt } from './read.ts'
import { nothing, observed, type Received, unreadable } from './types.ts'

const acts = new RegExp(`^(?:${[
  'protected_branch_(?:removed|updated|allow_force_push_updated|code_owner_approval_required_updated)', 'approval_rule_(?:deleted|updated)', 'allow_(?:author|committer)_approval_updated', 'allow_overrides_to_approver_list_per_merge_request_updated',
  'project_reset_approvals_on_push_updated', 'selective_code_owner_removals_updated', 'require_reauthentication_to_approve_updated', '(?:group|project)_push_rules_[a-z_]{1,80}_updated', 'delete_status_check', 'compliance_framework_(?:deleted|removed)',
  'policy_project_updated', 'security_policy_(?:update|delete)d?', 'merge_request_merged_with_policy_violations', 'skip_secret_push_protection', '(?:group|project)_secret_push_protection_updated',
].join('|')})$`)

const exclusion = /^project_security_exclusion_(created|updated|deleted)$/

export function fromGitLab(payload: Json): Received {
  if (wordAt(payload, 'object_kind') === 'vulnerability') return vulnerability(payload)
  const type = wordAt(payload, 'event_type')
  // A webhook of any other kind.
  if (type === undefined) return wordAt(payload, 'object_kind') === undefined ? unreadable('the body is neither an audit event nor a webhook') : nothing
  const [, excluded] = exclusion.exec(type) ?? []
  if (excluded === undefined && !acts.test(type)) return nothing
  const id = idAt(payload, 'id') ?? exactAt(payload, 'id')
  const entity = idAt(payload, 'entity_id')
  if (id === undefined || entity === undefined) return unreadable('an audit event has no `id` or no `entity_id`')
  const thing = excluded === undefined ? thingOf('audit', id) : thingOf('exclusion', entity, idAt(payload, 'target_id') ?? id)
  const common = { ...commonOf(payload, entity), what: type.replaceAll('_', '-'), thing }
  return observed(excluded === 'deleted' ? { ...common, change: 'closed' } : known<Observation>({
    ...common, change: 'opened', content: excluded === undefined ? '' : id, control: controlNamed('gitlab', type), reason: shownAt(payload, 'target_details') ?? shownAt(payload, 'details', 'target_details'),
  }))
}

function commonOf(payload: Json, entity: string): Pick<Observation, 'source' | 'repository' | 'actor' | 'at'> {
  const name = shownAt(payload, 'entity_path')
  const author = shownAt(payload, 'author_name')?.slice(0, 100)
  const number = at(payload, 'author_id')
  return known<Pick<Observation, 'source' | 'repository' | 'actor' | 'at'>>({
    source: 'gitlab', repository: wordAt(payload, 'entity_type') === 'Project' ? { id: entity, ...(name === undefined ? {} : { name }) } : undefined,
    actor: author === undefined ? undefined : `${author}${typeof number === 'number' && Number.isSafeInteger(number) ? ` (${number})` : ''}`, at: instantAt(payload, 'created_at'),
  })
}

/** Of which rule of which tool it is, GitLab states in no form that findings have: nothing declares it. */
function vulnerability(payload: Json): Received {
  const [project, url] = [idAt(payload, 'object_attributes', 'project_id'), wordAt(payload, 'object_attributes', 'url')]
  const state = wordAt(payload, 'object_attributes', 'state')
  if (project === undefined || url === undefined || state === undefined) return unreadable('a webhook about a vulnerability names no project, no address or no state')
  const common = known<Pick<Observation, 'source' | 'repository' | 'thing' | 'at'>>({ source: 'gitlab', repository: { id: project }, thing: thingOf('vulnerability', project, url), at: instantAt(payload, 'object_attributes', 'updated_at') })
  if (state !== 'dismissed') return observed({ ...common, change: 'closed', what: 'vulnerability.reopened' })
  const by = idAt(payload, 'object_attributes', 'dismissed_by_id')
  return observed(known<Observation>({
    ...common, change: 'opened', what: 'vulnerability.dismissed', content: '', path: exactAt(payload, 'object_attributes', 'location', 'file'), reason: shownAt(payload, 'object_attributes', 'dismissal_reason'), actor: by === undefined ? undefined : `(${by})`,
  }))
}
