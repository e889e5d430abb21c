/** What protects branches and pushes: rulesets, branch protection, security features; and merges past them. */
import type { Observation } from '@exeat/core'
import type { Json } from '../../findings/types.ts'
import { at, controlNamed, exactAt, idAt, instantAt, known, listAt, shownAt, thingOf, wordAt } from '../read.ts'
import { nothing, observed, type Received, unreadable } from '../types.ts'
import { closed } from './alerts.ts'
import { common, personAt } from './common.ts'
import { loosened } from './loosened.ts'

const textOf = (value: Json | undefined): string => JSON.stringify(value ?? null)

/** Of a repository, or of the organisation, whose rulesets concern all of its repositories. */
export function ruleset(payload: Json, action: string): Received {
  if (action !== 'edited' && action !== 'deleted') return nothing
  const id = idAt(payload, 'repository_ruleset', 'id')
  if (id === undefined) return unreadable('an event `repository_ruleset` has no `repository_ruleset.id`')
  const moment = instantAt(payload, 'repository_ruleset', 'updated_at')
  const opened = (what: string, part: string, content: string): Observation => known<Observation>({
    ...common(payload), change: 'opened', what: `ruleset.${what}`, thing: thingOf('ruleset', id, part), content, control: `github-ruleset/${id}`, reason: shownAt(payload, 'repository_ruleset', 'name'), at: moment,
  })
  const now = wordAt(payload, 'repository_ruleset', 'enforcement')
  // What was not enforced before takes nothing away.
  if (action === 'deleted') return now === 'active' || now === undefined ? observed(known<Observation>({ ...opened('deleted', 'deleted', ''), at: undefined })) : nothing
  const before = wordAt(payload, 'changes', 'enforcement', 'from')
  if (before !== undefined && before !== 'active') return now === 'active' ? observed(closed(payload, 'ruleset.enforced', thingOf('ruleset', id, 'enforcement'), moment)) : nothing
  if (before === 'active' && now !== 'active') return observed(opened('disabled', 'enforcement', now ?? ''))
  if (now !== 'active' && now !== undefined) return nothing
  return isHarmless(at(payload, 'changes')) ? nothing : observed(opened('edited', 'rules', `${textOf(at(payload, 'changes'))}${textOf(moment)}`))
}

/** A new name, and rules that were added. An edit that states no change is one of who may bypass it: GitHub does not say more. */
function isHarmless(changes: Json | undefined): boolean {
  const names = typeof changes === 'object' && changes !== null && !Array.isArray(changes) ? Object.keys(changes) : []
  if (names.length === 0 || names.some((name) => name !== 'name' && name !== 'rules' && name !== 'enforcement')) return false
  return listAt(changes, 'rules', 'deleted').length === 0 && listAt(changes, 'rules', 'updated').length === 0
}

export function branchRule(payload: Json, action: string): Received {
  if (action !== 'edited' && action !== 'deleted') return nothing
  const id = idAt(payload, 'rule', 'id')
  if (id === undefined) return unreadable('an event `branch_protection_rule` has no `rule.id`')
  const name = exactAt(payload, 'rule', 'name')
  const looser = action === 'edited' ? loosened(at(payload, 'rule'), at(payload, 'changes')) : []
  if (action === 'edited' && looser.length === 0) return nothing
  return observed(known<Observation>({
    ...common(payload), change: 'opened', what: `branch-protection.${action === 'edited' ? 'loosened' : 'deleted'}`, thing: thingOf('branch-rule', id, action),
    content: action === 'edited' ? `${textOf(at(payload, 'changes'))}${wordAt(payload, 'rule', 'updated_at') ?? ''}` : '',
    control: controlNamed('github-branch-protection', name), reason: looser.length === 0 ? undefined : looser.join(', ').slice(0, 500),
    at: action === 'edited' ? instantAt(payload, 'rule', 'updated_at') : undefined,
  }))
}

/** Every rule of a repository at once. GitHub dates neither. */
export function branchConfiguration(payload: Json, action: string): Received {
  if (action !== 'disabled' && action !== 'enabled') return nothing
  const repository = idAt(payload, 'repository', 'id')
  if (repository === undefined) return unreadable('an event `branch_protection_configuration` names no repository')
  const thing = thingOf('branch-protection', repository)
  if (action === 'enabled') return observed(closed(payload, 'branch-protection.enabled', thing, undefined))
  return observed({ ...common(payload), change: 'opened', what: 'branch-protection.disabled', thing, content: '', control: 'github-branch-protection/*' })
}

/** A merge of what GitHub still called blocked: only who may bypass the rules can do it. */
export function mergedPullRequest(payload: Json, action: string): Received {
  if (action !== 'closed' || at(payload, 'pull_request', 'merged') !== true || wordAt(payload, 'pull_request', 'mergeable_state') !== 'blocked') return nothing
  const repository = idAt(payload, 'repository', 'id')
  const number = idAt(payload, 'pull_request', 'number')
  if (repository === undefined || number === undefined) return unreadable('an event `pull_request` names no repository or no pull request by number')
  const base = exactAt(payload, 'pull_request', 'base', 'ref')
  return observed(known<Observation>({
    ...common(payload), change: 'opened', what: 'pull-request.merged-blocked', thing: thingOf('pull-request', repository, number), content: '', control: controlNamed('github-branch-protection', base),
    actor: personAt(payload, 'pull_request', 'merged_by') ?? personAt(payload, 'sender'), at: instantAt(payload, 'pull_request', 'merged_at'),
  }))
}

const features: Readonly<Record<string, string>> = { secret_scanning: 'github-secret-scanning', secret_scanning_push_protection: 'github-push-protection', dependabot_security_updates: 'dependabot', advanced_security: 'codeql' }

/** Features of a repository: the payload says what they were, and the repository what they are. */
export function securityFeatures(payload: Json): Received {
  const repository = idAt(payload, 'repository', 'id')
  const now = at(payload, 'repository', 'security_and_analysis')
  if (repository === undefined || at(payload, 'changes') === undefined) return unreadable('an event `security_and_analysis` names no repository or no change')
  return observed(...Object.entries(features).flatMap(([feature, tool]): readonly Observation[] => {
    const before = wordAt(payload, 'changes', 'from', 'security_and_analysis', feature, 'status')
    const after = wordAt(now, feature, 'status')
    const thing = thingOf('feature', repository, feature)
    if (before === 'enabled' && after !== 'enabled') return [{ ...common(payload), change: 'opened', what: `${feature.replaceAll('_', '-')}.disabled`, thing, content: '', control: `${tool}/*` }]
    return before !== undefined && before !== 'enabled' && after === 'enabled' ? [closed(payload, `${feature.replaceAll('_', '-')}.enabled`, thing, undefined)] : []
  }))
}
