/** GitLab's audit events in the shape that its documentation states, and its webhooks about vulnerabilities. */
import { describe, expect, test } from 'vitest'
import { fromGitLab } from '../../src/received/index.ts'
import type { Json } from '../../src/findings/types.ts'

const audit = (type: string, more: object = {}): Json => ({
  id: 1653461355, author_id: 7, entity_id: 1001, entity_type: 'Project', entity_path: 'acme/payments', author_name: 'Ann', ip_address: '127.0.0.1', target_details: 'main', target_type: 'ProtectedBranch', target_id: 9,
  details: { custom_message: 'my words', change: 'allow force push', from: false, to: true }, created_at: '2026-11-22T10:00:00.213Z', event_type: type, ...more,
} as Json)
const observations = (payload: Json) => {
  const received = fromGitLab(payload)
  if (!received.ok) throw new Error(received.because)
  return received.observations
}

describe('an audit event', () => {
  test('is told with whoever did it, where, and of what, without what people wrote', () => {
    expect(observations(audit('protected_branch_removed'))).toEqual([{
      source: 'gitlab', change: 'opened', what: 'protected-branch-removed', thing: '["audit","1653461355"]', content: '', control: 'gitlab/protected_branch_removed', repository: { id: '1001', name: 'acme/payments' }, actor: 'Ann (7)', reason: 'main',
      at: Date.UTC(2026, 10, 22, 10, 0, 0, 213),
    }])
  })
  test.each([
    'protected_branch_updated', 'protected_branch_allow_force_push_updated', 'protected_branch_code_owner_approval_required_updated', 'approval_rule_deleted', 'allow_author_approval_updated', 'allow_committer_approval_updated', 'allow_overrides_to_approver_list_per_merge_request_updated',
    'project_reset_approvals_on_push_updated', 'require_reauthentication_to_approve_updated', 'project_push_rules_commit_committer_check_updated', 'group_push_rules_prevent_secrets_updated', 'policy_project_updated', 'skip_secret_push_protection', 'group_secret_push_protection_updated', 'delete_status_check',
  ])('`%s` makes a control weaker, as far as anybody can tell', (type) => { expect(observations(audit(type))).toMatchObject([{ change: 'opened', control: `gitlab/${type}` }]) })
  test.each(['protected_branch_created', 'approval_rule_created', 'repository_git_operation', 'member_created', 'x_protected_branch_removed', '__proto__'])('`%s` does not', (type) => { expect(observations(audit(type))).toEqual([]) })
  test('of a group is of all of its projects', () => { expect(observations(audit('group_push_rules_prevent_secrets_updated', { entity_type: 'Group' }))[0]?.repository).toBeUndefined() })
  test('an exclusion from a scanner ends with its deletion', () => {
    const [made, gone] = ['created', 'deleted'].map((word) => observations(audit(`project_security_exclusion_${word}`))[0])
    expect([made?.change, gone?.change, gone?.thing]).toEqual(['opened', 'closed', made?.thing])
  })
  test('without a number is unreadable', () => {
    for (const more of [{ id: null }, { entity_id: '1001' }, { event_type: undefined }]) expect(fromGitLab(audit('protected_branch_removed', more)).ok).toBe(false)
  })
})

test('a vulnerability that was dismissed, and is not any more; other webhooks say nothing', () => {
  const vulnerability = (state: string): Json => ({ object_kind: 'vulnerability', object_attributes: { url: 'https://gitlab.example/acme/payments/-/security/vulnerabilities/1', state, project_id: 1001, location: { file: 'pom.xml' }, dismissed_by_id: 7, updated_at: '2026-11-22T10:00:00Z' } })
  const [dismissed] = observations(vulnerability('dismissed'))
  expect(dismissed).toMatchObject({ change: 'opened', what: 'vulnerability.dismissed', path: 'pom.xml', actor: '(7)', repository: { id: '1001' } })
  expect(dismissed?.control).toBeUndefined()
  expect(observations(vulnerability('detected'))).toMatchObject([{ change: 'closed', thing: dismissed?.thing }])
  expect(observations({ object_kind: 'push' })).toEqual([])
  expect(fromGitLab({ object_kind: 'vulnerability', object_attributes: {} }).ok).toBe(false)
  for (const payload of [null, [], 'x', 1]) expect(fromGitLab(payload as Json).ok).toBe(false)
})
