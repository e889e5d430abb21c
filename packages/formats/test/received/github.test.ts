/** GitHub's payloads, as GitHub's own maintainers recorded them, and what they are taken for. */
import { type Instant, parseInstant } from '@exeat/core'
import examples from '@octokit/webhooks-examples'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { fromGitHub, githubEvents } from '../../src/received/index.ts'
import type { Json } from '../../src/findings/types.ts'

type Payload = { readonly [key: string]: Json }
const recorded = (examples as unknown as readonly { readonly name: string; readonly examples: readonly Payload[] }[]).map(({ name, examples: payloads }) => ({ name, payloads }))
const of = (name: string, action: string): readonly Payload[] => {
  const found = recorded.find((each) => each.name === name)?.payloads.filter((payload) => payload['action'] === action) ?? []
  if (found.length === 0) throw new Error(`no example of ${name} ${action}`)
  return found
}
const observations = (event: string, payload: Json) => {
  const received = fromGitHub(event, payload)
  if (!received.ok) throw new Error(received.because)
  return received.observations
}
const told = (event: string, payload: Json) => observations(event, payload).map(({ change, what, control }) => [change, what, control])
const instant = (text: string): Instant => parseInstant(text) ?? (0 as Instant)

describe('recorded payloads', () => {
  test('every one of every event is read, and only what is listed says anything', () => {
    const says = new Set<string>()
    let read = 0
    for (const { name, payloads } of recorded) {
      for (const payload of payloads) {
        read += 1
        if (observations(name, payload).length > 0) says.add(`${name} ${String(payload['action'])}`)
      }
    }
    expect(read).toBeGreaterThan(200)
    expect([...says].sort()).toEqual(['branch_protection_rule deleted', 'branch_protection_rule edited', 'code_scanning_alert closed_by_user', 'code_scanning_alert fixed', 'code_scanning_alert reopened', 'dependabot_alert fixed'])
  })
  test('a dismissed alert of code scanning: a tool that nobody knows, and a path outside of the repository', () => {
    const [payload = {}] = of('code_scanning_alert', 'closed_by_user')
    expect(observations('code_scanning_alert', payload)).toEqual([{
      source: 'github', change: 'opened', what: 'code-scanning.dismissed', thing: '["code-scanning","337911632","10"]', content: 'false positive', reason: 'false positive',
      control: 'anchore container vulnerability report (t0)/ANCHOREVULN_CVE-2020-27218_java-archive_http2-hpack_9.4.27.v20200227',
      repository: { id: '337911632', name: 'Codertocat/Hello-World' }, actor: 'Codertocat (21031067)', at: instant('2021-02-11T02:59:08Z'),
    }])
  })
  test('a rule of branch protection that was edited: what became weaker is named', () => {
    const reasons = of('branch_protection_rule', 'edited').map((payload) => observations('branch_protection_rule', payload)[0])
    expect(reasons.map((each) => each?.reason)).toContain('authorized_actor_names')
    expect(reasons.every((each) => each?.control === 'github-branch-protection/production' && each.at === instant('2021-08-19T16:16:32Z'))).toBe(true)
    expect(reasons.some((each) => each?.reason?.includes('required_approving_review_count') === true && !each.reason.includes('admin_enforced'))).toBe(true)
    expect(told('branch_protection_rule', of('branch_protection_rule', 'deleted')[0] ?? {})).toEqual([['opened', 'branch-protection.deleted', 'github-branch-protection/production']])
  })
})

const repository = { id: 1001, full_name: 'acme/payments' }
const sender = { login: 'mona', id: 7 }
const alert = (action: string, more: Payload): Payload => ({ action, alert: { number: 3, updated_at: '2026-11-22T10:00:00Z', ...more }, repository, sender })

/** Shapes as `@octokit/openapi-webhooks` 12.1.0 states them for github.com and Enterprise Cloud. */
describe('secret scanning', () => {
  const secret = { secret_type: 'aws_access_key_id', resolution: null, push_protection_bypassed: false }
  test('an alert alone says nothing; one that a bypass of push protection made does', () => {
    expect(told('secret_scanning_alert', alert('created', secret))).toEqual([])
    const bypass = alert('created', { ...secret, push_protection_bypassed: true, push_protection_bypassed_by: { login: 'eve', id: 9 }, push_protection_bypassed_at: '2026-11-22T09:00:00Z', push_protection_bypass_request_comment: 'my words' })
    expect(observations('secret_scanning_alert', bypass)).toMatchObject([{ what: 'push-protection.bypassed', control: 'github-push-protection/aws_access_key_id', actor: 'eve (9)', at: instant('2026-11-22T09:00:00Z') }])
    expect(JSON.stringify(observations('secret_scanning_alert', bypass))).not.toContain('my words')
  })
  test.each(['false_positive', 'wont_fix', 'used_in_tests', 'pattern_deleted', 'pattern_edited', 'something_new', null])('closed as `%s`: the secret still works', (resolution) => {
    expect(told('secret_scanning_alert', alert('resolved', { ...secret, resolution, resolved_at: '2026-11-22T10:00:00Z' }))).toEqual([['opened', 'secret-scanning.closed', 'github-secret-scanning/aws_access_key_id']])
  })
  test('a revoked secret ends both, a reopened alert its closing', () => {
    const of3 = (event: Payload) => observations('secret_scanning_alert', event).map(({ change, thing }) => [change, thing])
    expect(of3(alert('resolved', { ...secret, resolution: 'revoked' }))).toEqual([['closed', '["secret-scanning","1001","3"]'], ['closed', '["push-protection","1001","3"]']])
    expect(of3(alert('reopened', secret))).toEqual([['closed', '["secret-scanning","1001","3"]']])
  })
})

test('Dependabot: a dismissal is of the advisory in the file that names the dependency', () => {
  const payload = alert('dismissed', { dismissed_reason: 'tolerable_risk', dependency: { manifest_path: 'services/pom.xml' }, security_advisory: { ghsa_id: 'GHSA-jfh8-c2jp-5v3q' } })
  expect(observations('dependabot_alert', payload)).toMatchObject([{ what: 'dependabot.dismissed', control: 'dependabot/GHSA-jfh8-c2jp-5v3q', path: 'services/pom.xml', reason: 'tolerable_risk' }])
  for (const action of ['reopened', 'auto_reopened', 'reintroduced', 'fixed']) expect(told('dependabot_alert', alert(action, {}))[0]?.[0], action).toBe('closed')
  expect(told('dependabot_alert', alert('auto_dismissed', {}))).toEqual([['opened', 'dependabot.auto_dismissed', undefined]])
  expect(told('dependabot_alert', alert('created', {}))).toEqual([])
})

test('a tool whose name would pass for another\'s rule, and a rule of endless length, are no control to match by', () => {
  const dismissed = (tool: string, rule: string): Payload => alert('closed_by_user', { dismissed_at: '2026-11-22T10:00:00Z', tool: { name: tool }, rule: { id: rule } })
  for (const [tool, rule] of [['semgrep/python', 'x'], ['Trivy', 'x'.repeat(600)], ['Trivy', 'x'.repeat(508)], ['Trivy', 'a\u202eb'], ['Trivy', '']] as const) expect(told('code_scanning_alert', dismissed(tool, rule))[0]?.[2], rule.slice(0, 9)).toBeUndefined()
  expect(told('code_scanning_alert', dismissed('Trivy', 'x/y'))[0]?.[2]).toBe('trivy/x/y')
})

describe('a ruleset', () => {
  const ruleset = (action: string, enforcement: string, changes?: Payload): Payload => ({ action, repository_ruleset: { id: 42, name: 'main', source: 'acme', source_type: 'Organization', enforcement, updated_at: '2026-11-22T10:00:00Z' }, ...(changes === undefined ? {} : { changes }), sender })
  test.each<[string, Payload, readonly (readonly unknown[])[]]>([
    ['disabled', ruleset('edited', 'disabled', { enforcement: { from: 'active' } }), [['opened', 'ruleset.disabled', 'github-ruleset/42']]],
    ['only evaluated', ruleset('edited', 'evaluate', { enforcement: { from: 'active' } }), [['opened', 'ruleset.disabled', 'github-ruleset/42']]],
    ['enforced again', ruleset('edited', 'active', { enforcement: { from: 'disabled' } }), [['closed', 'ruleset.enforced', undefined]]],
    ['without one of its rules', ruleset('edited', 'active', { rules: { deleted: [{ type: 'deletion' }] } }), [['opened', 'ruleset.edited', 'github-ruleset/42']]],
    ['with another rule in place of one', ruleset('edited', 'active', { rules: { updated: [{}] } }), [['opened', 'ruleset.edited', 'github-ruleset/42']]],
    ['for other branches', ruleset('edited', 'active', { conditions: { updated: [{}] } }), [['opened', 'ruleset.edited', 'github-ruleset/42']]],
    ['in a way that GitHub does not tell: who may bypass it', ruleset('edited', 'active', {}), [['opened', 'ruleset.edited', 'github-ruleset/42']]],
    ['in a way that nobody knows yet', ruleset('edited', 'active', { bypass_actors: {} }), [['opened', 'ruleset.edited', 'github-ruleset/42']]],
    ['in name alone', ruleset('edited', 'active', { name: { from: 'x' } }), []],
    ['with one rule more', ruleset('edited', 'active', { rules: { added: [{}], deleted: [], updated: [] } }), []],
    ['while it was not enforced', ruleset('edited', 'disabled', { rules: { deleted: [{}] } }), []],
    ['deleted', ruleset('deleted', 'active'), [['opened', 'ruleset.deleted', 'github-ruleset/42']]],
    ['deleted while it was not enforced', ruleset('deleted', 'disabled'), []],
    ['created', ruleset('created', 'active'), []],
  ])('that was %s', (_, payload, wanted) => { expect(told('repository_ruleset', payload)).toEqual(wanted) })
})

describe('branch protection', () => {
  const edited = (rule: Payload, changes: Payload): Payload => ({ action: 'edited', rule: { id: 5, name: 'main', ...rule }, changes, repository, sender })
  test.each<[string, Payload, Payload, boolean]>([
    ['administrators are let past', { admin_enforced: false }, { admin_enforced: { from: true } }, true], ['administrators are held', { admin_enforced: true }, { admin_enforced: { from: false } }, false],
    ['fewer approvals', { required_approving_review_count: 1 }, { required_approving_review_count: { from: 2 } }, true], ['more approvals', { required_approving_review_count: 2 }, { required_approving_review_count: { from: 1 } }, false],
    ['force pushes', { allow_force_pushes_enforcement_level: 'everyone' }, { allow_force_pushes_enforcement_level: { from: 'off' } }, true], ['no force pushes', { allow_force_pushes_enforcement_level: 'off' }, { allow_force_pushes_enforcement_level: { from: 'everyone' } }, false],
    ['checks for others alone', { required_status_checks_enforcement_level: 'non_admins' }, { required_status_checks_enforcement_level: { from: 'everyone' } }, true],
    ['a check less', { required_status_checks: ['a'] }, { required_status_checks: { from: ['a', 'b'] } }, true], ['a check more', { required_status_checks: ['a', 'b'] }, { required_status_checks: { from: ['a'] } }, false],
    ['one more who may push', { authorized_actor_names: ['a', 'b'] }, { authorized_actor_names: { from: ['a'] } }, true], ['one less', { authorized_actor_names: [] }, { authorized_actor_names: { from: ['a'] } }, false],
    ['something that nobody knows', { brand_new: 'x' }, { brand_new: { from: 'y' } }, true], ['nothing that is told', {}, {}, true],
  ])('%s', (_, rule, changes, isWeaker) => { expect(told('branch_protection_rule', edited(rule, changes)).length > 0).toBe(isWeaker) })
  test('off as a whole, and on again', () => {
    expect(told('branch_protection_configuration', { action: 'disabled', repository, sender })).toEqual([['opened', 'branch-protection.disabled', 'github-branch-protection/*']])
    expect(told('branch_protection_configuration', { action: 'enabled', repository, sender })).toEqual([['closed', 'branch-protection.enabled', undefined]])
  })
  test('a merge of what was still blocked', () => {
    const merged = (state: string, isMerged = true): Payload => ({ action: 'closed', pull_request: { number: 8, merged: isMerged, merged_at: '2026-11-22T10:00:00Z', mergeable_state: state, base: { ref: 'main' }, merged_by: { login: 'root', id: 1 } }, repository, sender })
    expect(observations('pull_request', merged('blocked'))).toMatchObject([{ what: 'pull-request.merged-blocked', control: 'github-branch-protection/main', actor: 'root (1)' }])
    for (const payload of [merged('clean'), merged('unknown'), merged('blocked', false)]) expect(told('pull_request', payload)).toEqual([])
  })
})

test('a security feature that was switched off, and on again', () => {
  const change = (before: string, after: string): Payload => ({ changes: { from: { security_and_analysis: { secret_scanning: { status: before } } } }, repository: { ...repository, security_and_analysis: { secret_scanning: { status: after } } }, sender })
  expect(told('security_and_analysis', change('enabled', 'disabled'))).toEqual([['opened', 'secret-scanning.disabled', 'github-secret-scanning/*']])
  expect(told('security_and_analysis', change('disabled', 'enabled'))).toEqual([['closed', 'secret-scanning.enabled', undefined]])
  expect(fromGitHub('security_and_analysis', { repository }).ok).toBe(false)
})

describe('a request to be let past', () => {
  const request = (action: string, data: readonly Json[], response?: Payload): Payload => ({
    action, exemption_request: { id: 11, requester_login: 'mona', requester_id: 7, expires_at: '2026-11-29T10:00:00Z', requester_comment: 'my words', exemption_request_data: { data } }, ...(response === undefined ? {} : { exemption_response: response }), repository, sender,
  })
  const approved = { status: 'approved', created_at: '2026-11-22T10:00:00Z' }
  test('counts once it is granted, for what it names, until its end', () => {
    expect(told('bypass_request_push_ruleset', request('created', [{ ruleset_id: 42 }]))).toEqual([])
    const [granted, ...others] = observations('bypass_request_push_ruleset', request('response_submitted', [{ ruleset_id: 42 }, { ruleset_id: 42 }], approved))
    expect(others).toEqual([])
    expect(granted).toMatchObject({ what: 'push-ruleset-exemption.granted', control: 'github-ruleset/42', actor: 'mona (7)', ends: instant('2026-11-29T10:00:00Z'), at: instant('2026-11-22T10:00:00Z') })
    expect(told('bypass_request_push_ruleset', request('response_submitted', [], { status: 'rejected' })).every(([change]) => change === 'closed')).toBe(true)
  })
  test('the words of its kind', () => {
    expect(told('bypass_request_secret_scanning', request('completed', [{ secret_type: 'aws' }, { secret_type: 'gcp' }]))).toEqual([['opened', 'push-protection-exemption.granted', 'github-push-protection/aws'], ['opened', 'push-protection-exemption.granted', 'github-push-protection/gcp']])
    expect(told('dismissal_request_code_scanning', request('response_submitted', [{ alert_number: '4' }], approved))).toEqual([['opened', 'code-scanning-exemption.granted', undefined]])
  })
  test('an answer that is taken back ends the very things that it began', () => {
    const things = (payload: Payload): readonly string[] => observations('bypass_request_secret_scanning', payload).map(({ thing }) => thing)
    const data = [{ secret_type: 'aws' }, { secret_type: 'gcp' }]
    expect(things(request('response_dismissed', data))).toEqual(expect.arrayContaining([...things(request('completed', data))]))
  })
})

describe('whatever is signed', () => {
  test('is answered, bounded and on one line', () => {
    const text = fc.oneof(fc.string({ unit: 'binary', maxLength: 2_000 }).map((each) => each.toWellFormed()), fc.constantFrom('created', 'edited', 'deleted', 'dismissed', 'closed', 'resolved', 'completed', 'active', '\u202ex', '__proto__'))
    const leaf = fc.oneof(text, fc.integer(), fc.boolean(), fc.constant(null), fc.constant('2026-11-22T10:00:00Z'))
    const node = fc.letrec((tie) => ({
      value: fc.oneof({ depthSize: 'small' }, leaf, fc.array(tie('value'), { maxLength: 3 }), fc.dictionary(fc.constantFrom('id', 'number', 'from', 'rules', 'location', 'path', 'login', 'full_name', 'tool', 'name', 'data', 'security_and_analysis', 'status'), tie('value'))),
    })).value as fc.Arbitrary<Json>
    const payload = fc.dictionary(fc.constantFrom('action', 'alert', 'repository', 'sender', 'rule', 'changes', 'repository_ruleset', 'exemption_request', 'pull_request'), node)
    fc.assert(fc.property(fc.constantFrom(...githubEvents, '__proto__', 'constructor'), payload, (event, value) => {
      const received = fromGitHub(event, value as Json)
      if (!received.ok) return
      for (const each of received.observations) {
        for (const shown of [each.control, each.path, each.actor, each.reason, each.repository?.name, each.repository?.id]) expect(shown ?? 'x').toMatch(/^[^\p{C}\p{Zl}\p{Zp}]{1,512}$/u)
        expect(each.what).toMatch(/^[!-~]{1,200}$/)
        expect(each.thing.length).toBeLessThan(3_000)
      }
    }), { numRuns: 500 })
  })
})
