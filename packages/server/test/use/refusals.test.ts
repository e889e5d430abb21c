/** Each refusal of an act, through the use case: its code, and that it left no trace. */
import { decodeDocument, documentDigest, unlocated } from '@exeat/core'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { sha256 } from '../../src/store/ed25519.ts'
import { sqlite } from '../sqlite-kind.ts'
import {
  activate, activated, actor, approved, codesOf, day, fileOf, governanceFiles, hour, newKey, optOut, policy, refused, requested, strictPolicy, world, type World,
} from './support.ts'

let at: World
beforeEach(async () => { at = await world(sqlite) })
afterEach(async () => at.close())

const request = (document: unknown, who = 'alice', impact?: unknown) =>
  at.useCases.request(actor(who), { document: document as Record<string, unknown>, ...(impact === undefined ? {} : { impact: impact as Record<string, unknown> }) }, newKey())

/** Nothing is entered, whatever the refusal. */
async function untouched(run: () => Promise<unknown>, code: string): Promise<void> {
  await at.useCases.synchronise()
  const { size } = await at.log.head()
  await refused(run(), code)
  expect((await at.log.head()).size).toBe(size)
}

describe('a request', () => {
  test.for<[string, string, () => Record<string, unknown>, string?]>([
    ['by somebody of another group', 'NOT_ENTITLED', () => optOut('a'), 'erin'],
    ['by nobody whom the workspace knows', 'NOT_ENTITLED', () => optOut('a'), 'mallory'],
    ['of what no policy permits', 'NOT_PERMITTED', () => optOut('a', { controls: ['checkov/CKV_1'] })],
    ['longer than the terms allow', 'DURATION_EXCEEDED', () => optOut('a', { until: 15 * day })],
    ['that is over already', 'WINDOW_OVER', () => optOut('a', { from: -2 * day, until: 0 })],
    ['with more findings than the terms allow', 'TERMS_NOT_MET', () => optOut('a', { limits: { findings: 11 } })],
    ['with no limit of findings', 'TERMS_NOT_MET', () => optOut('a', { limits: {}, more: { limits: { uses: 1 } } })],
    ['by pattern', 'TERMS_NOT_MET', () => optOut('a', { controls: ['trivy/CVE-*'] })],
    ['in an environment that is not there', 'OPTOUT_ENVIRONMENT_UNKNOWN', () => optOut('a', { environments: ['moon'] })],
    ['in a repository that is not there', 'OPTOUT_REPOSITORY_UNKNOWN', () => optOut('a', { repositories: ['acme/moon'] })],
    ['of category emergency', 'EMERGENCY_REQUESTED', () => optOut('a', { category: 'emergency', until: hour })],
    ['that renews what never was', 'RENEWAL_UNKNOWN', () => optOut('a', { more: { renews: 'never' } })],
    ['that is no OptOut', 'NOT_AN_OPTOUT', () => ({ apiVersion: 'exeat.dev/v1', kind: 'Aliases', metadata: { name: 'a' }, spec: { controls: [['trivy/A', 'trivy/B']] } })],
    ['with a key that nobody knows', 'DOCUMENT_KEY_UNKNOWN', () => ({ ...optOut('a'), more: 1 })],
  ])('%s', async ([, code, document, who]) => untouched(() => request(document(), who), code))

  test('of the same name, or the same again', async () => {
    await requested(at, 'log4j')
    await untouched(() => request(optOut('log4j', { reason: 'Another reason.' })), 'NAME_REUSED')
    await untouched(() => request(optOut('log4j')), 'ALREADY_STANDS')
  })

  test('of a name that was used before, whatever became of it', async () => {
    await requested(at, 'log4j')
    await at.useCases.withdraw(actor('alice'), 'log4j', 'a mistake', newKey())
    at.clock.now += 60 * day
    await untouched(() => request(optOut('log4j', { from: 60 * day, until: 61 * day })), 'NAME_REUSED')
  })

  test('beside another document of its name at the protected ref', async () => {
    at.merge({ [fileOf('log4j')]: optOut('log4j', { reason: 'Something else.' }) })
    await untouched(() => request(optOut('log4j')), 'CONTENT_CHANGED')
  })

  test('with an impact of something else, of another shape, or other than at the protected ref', async () => {
    const impact = { schemaVersion: 1, kind: 'Impact', optOut: 'a'.repeat(64), fingerprints: ['b'.repeat(64)] }
    await untouched(() => request(optOut('log4j'), 'alice', impact), 'IMPACT_MISMATCH')
    await untouched(() => request(optOut('log4j'), 'alice', { ...impact, more: true }), 'IMPACT_INVALID')
  })

  test('without the impact that the terms ask for; with it, it is recorded and can be read', async () => {
    at.merge({ '.exeat/policies/trivy.yaml': policy().replace('impact: false', 'impact: true') })
    await untouched(() => request(optOut('log4j')), 'TERMS_NOT_MET')
    const decoded = decodeDocument(unlocated(optOut('log4j') as never, 'test'))
    if (!decoded.ok) throw new Error('the document is wrong')
    const impact = { schemaVersion: 1, kind: 'Impact', optOut: documentDigest(decoded.document, sha256), fingerprints: ['b'.repeat(64)] }
    const { optOut: { binding } } = await request(optOut('log4j'), 'alice', impact)
    expect(await at.useCases.document('Impact', binding.impact ?? '')).toEqual(impact)
    await at.useCases.approve(actor('bob'), 'log4j', binding, newKey())
    expect((await activate(at, 'log4j')).optOut.phase).toBe('active')
  })

  test('that a condition refuses', async () => {
    at.merge({ '.exeat/policies/trivy.yaml': policy('  conditions: [{ at: request, expression: \'requester.groups.exists(g, g == "security")\', message: only security asks }]\n') })
    await untouched(() => request(optOut('a')), 'TERMS_NOT_MET')
  })
})

describe('an approval', () => {
  test.for<[string, string, string]>([
    ['by who asked', 'SELF_APPROVAL', 'alice'], ['by somebody of another group', 'NOT_ENTITLED', 'erin'], ['by nobody known', 'NOT_ENTITLED', 'mallory'],
  ])('%s', async ([, code, who]) => {
    const { optOut: { binding } } = await requested(at, 'a')
    await untouched(() => at.useCases.approve(actor(who), 'a', binding, newKey()), code)
  })

  test('twice by one person', async () => {
    const { optOut: { binding } } = await approved(at, 'a')
    await untouched(() => at.useCases.approve(actor('bob'), 'a', binding, newKey()), 'APPROVED_ALREADY')
  })

  test('of what is not what stands: nothing is entered, and the request goes on', async () => {
    const { optOut: { binding } } = await requested(at, 'a')
    await untouched(() => at.useCases.approve(actor('bob'), 'a', { ...binding, terms: 'f'.repeat(64) }, newKey()), 'CONTENT_CHANGED')
    expect((await at.useCases.optOut('a')).phase).toBe('proposed')
  })

  test('of what nobody asked for, and of what is over', async () => {
    const { optOut: { binding, uid } } = await requested(at, 'a', { until: day })
    await untouched(() => at.useCases.approve(actor('bob'), 'b', binding, newKey()), 'UNKNOWN_OPTOUT')
    await untouched(() => at.useCases.approve(actor('bob'), 'f'.repeat(64), binding, newKey()), 'UNKNOWN_OPTOUT')
    at.clock.now += day
    await untouched(() => at.useCases.approve(actor('bob'), uid, binding, newKey()), 'WRONG_PHASE')
  })

  test('that a condition refuses', async () => {
    at.merge({ '.exeat/policies/trivy.yaml': policy('  conditions: [{ at: approve, expression: \'approver.groups.exists(g, g == "sre")\', message: only sre approves }]\n') })
    const { optOut: { binding } } = await requested(at, 'a')
    await untouched(() => at.useCases.approve(actor('bob'), 'a', binding, newKey()), 'TERMS_NOT_MET')
  })

  test('where the terms ask for a second factor: a name typed at the socket never is one', async () => {
    const { optOut: { binding } } = await requested(at, 'a', { environments: ['production'] })
    await untouched(() => at.useCases.approve(actor('bob'), 'a', binding, newKey()), 'EVIDENCE_TOO_WEAK')
  })
})

describe('an activation', () => {
  test('of what nobody approved', async () => {
    const { optOut: { binding } } = await requested(at, 'a')
    at.merge({ [fileOf('a')]: optOut('a') })
    await untouched(() => at.useCases.activate(actor('dave'), 'a', binding, newKey()), 'WRONG_PHASE')
  })

  test('of what is not merged', async () => {
    const { optOut: { binding } } = await approved(at, 'a')
    await untouched(() => at.useCases.activate(actor('dave'), 'a', binding, newKey()), 'NOT_MERGED')
    expect((await activate(at, 'a')).optOut.phase).toBe('active')
  })

  test.for<[string, string, string]>([
    ['by a counted approver', 'APPROVER_MAY_NOT_ACTIVATE', 'bob'], ['by somebody of another group', 'NOT_ENTITLED', 'mallory'],
  ])('%s', async ([, code, who]) => {
    at.merge({ '.exeat/policies/trivy.yaml': policy().replace('activate: { groups: [engineering, sre] }', 'activate: { groups: [engineering, security] }') })
    await approved(at, 'a')
    at.merge({ [fileOf('a')]: optOut('a') })
    const { binding } = await at.useCases.optOut('a')
    await untouched(() => at.useCases.activate(actor(who), 'a', binding, newKey()), code)
  })

  test('after the approval has run out', async () => {
    at.merge({ '.exeat/policies/trivy.yaml': policy('  timers: { approval: 1h, activation: 2h }\n') })
    await approved(at, 'a')
    at.clock.now += 2 * hour
    await refused(activate(at, 'a'), 'WRONG_PHASE')
    expect((await at.useCases.optOut('a')).phase).toBe('timed-out')
  })

  test('of more than may be active at once', async () => {
    at.merge({ '.exeat/policies/trivy.yaml': policy('', 'duration: 14d, findings: 10, active: 1') })
    await activated(at, 'a')
    await refused(activated(at, 'b'), 'ACTIVE_EXCEEDED')
    expect((await activated(at, 'c', { repositories: ['acme/ledger'] })).optOut.phase).toBe('active')
  })

  test('where a condition or a witness is missing', async () => {
    at.merge({ '.exeat/policies/trivy.yaml': policy('  conditions: [{ at: activate, expression: \'activator.groups.exists(g, g == "security")\', message: only security activates }]\n') })
    await refused(activated(at, 'a'), 'TERMS_NOT_MET')
    at.merge({ '.exeat/policies/trivy.yaml': policy().replace('impact: false', 'impact: false, witness: true') })
    await refused(activated(at, 'b'), 'WITNESS_NEEDED')
  })

  test('twice: the second finds it active', async () => {
    const { optOut: { binding } } = await activated(at, 'a')
    await untouched(() => at.useCases.activate(actor('erin'), 'a', binding, newKey()), 'WRONG_PHASE')
  })
})

describe('an end', () => {
  test('by who may not, or of what is not there to be ended', async () => {
    await requested(at, 'a')
    await untouched(() => at.useCases.revoke(actor('alice'), 'a', 'x', newKey()), 'WRONG_PHASE')
    await untouched(() => at.useCases.withdraw(actor('bob'), 'a', 'x', newKey()), 'NOT_ENTITLED')
    await untouched(() => at.useCases.reject(actor('erin'), 'a', 'x', newKey()), 'NOT_ENTITLED')
    await activated(at, 'b')
    await untouched(() => at.useCases.revoke(actor('erin'), 'b', 'x', newKey()), 'NOT_ENTITLED')
    await untouched(() => at.useCases.withdraw(actor('alice'), 'b', 'x', newKey()), 'WRONG_PHASE')
    await untouched(() => at.useCases.revoke(actor('bob'), 'c', 'x', newKey()), 'UNKNOWN_OPTOUT')
  })

  test('rejected by an approver, withdrawn by who asked; neither returns', async () => {
    await requested(at, 'a')
    expect((await at.useCases.reject(actor('bob'), 'a', 'too risky', newKey())).optOut.phase).toBe('rejected')
    await requested(at, 'b')
    expect((await at.useCases.withdraw(actor('alice'), 'b', 'fixed it', newKey())).optOut.phase).toBe('withdrawn')
    for (const name of ['a', 'b']) {
      const { binding } = await at.useCases.optOut(name)
      await untouched(() => at.useCases.approve(actor('bob'), name, binding, newKey()), 'WRONG_PHASE')
      await untouched(() => at.useCases.activate(actor('dave'), name, binding, newKey()), 'WRONG_PHASE')
      await untouched(() => at.useCases.revoke(actor('bob'), name, 'x', newKey()), 'WRONG_PHASE')
    }
  })
})

describe('renewals', () => {
  beforeEach(() => { at.merge({ '.exeat/policies/trivy.yaml': policy('', 'duration: 14d, totalDuration: 5d, findings: 10, renewals: 1') }) })

  test('said or not, a scope that ended lately makes one: with a reason of its own, and only so often', async () => {
    await activated(at, 'a')
    at.clock.now += 3 * day
    const again = { from: 3 * day, until: 4 * day, controls: ['trivy/A'] }
    await refused(requested(at, 'b', { ...again, reason: 'The fix  breaks a!' }), 'REASON_UNCHANGED')
    const { optOut: view } = await activated(at, 'b', { ...again, reason: 'Upstream has not released yet.' })
    expect(view).toMatchObject({ renewal: 1, predecessor: (await at.useCases.optOut('a')).uid })
    at.clock.now += day
    await refused(requested(at, 'c', { ...again, from: 4 * day, until: 5 * day, reason: 'Still not released.' }), 'RENEWALS_EXCEEDED')
  })

  test('a chain that would last too long', async () => {
    await activated(at, 'a')
    await refused(requested(at, 'b', { controls: ['trivy/A'], until: 4 * day, reason: 'Longer.' }), 'TOTAL_EXCEEDED')
  })

  test('declared, long after the end of what it continues, and after the open set has forgotten it', async () => {
    await activated(at, 'a')
    at.clock.now += 60 * day
    await activated(at, 'other', { from: 60 * day, until: 61 * day })
    expect(await at.log.record('open', (await at.useCases.optOut('a')).uid)).toBeUndefined()
    const { optOut: view } = await requested(at, 'b', { controls: ['trivy/A'], from: 60 * day, until: 61 * day, reason: 'Again.', more: { renews: 'a' } })
    expect(view.renewal).toBe(1)
    await refused(requested(at, 'c', { controls: ['trivy/A'], from: 60 * day, until: 61 * day, reason: 'The fix breaks a.', more: { renews: 'a' } }), 'REASON_UNCHANGED')
  })
})

test('attack-16: another name of the same control begins no new chain', async () => {
  at.merge({ '.exeat/aliases.yaml': 'apiVersion: exeat.dev/v1\nkind: Aliases\nmetadata: { name: cves }\nspec: { controls: [[trivy/CVE-2021-44228, trivy/GHSA-jfh8-c2jp-5v3q]] }\n' })
  await activated(at, 'a', { controls: ['trivy/CVE-2021-44228'] })
  expect((await requested(at, 'b', { controls: ['trivy/GHSA-jfh8-c2jp-5v3q'] })).optOut.renewal).toBe(1)
  expect((await requested(at, 'c', { controls: ['trivy/GHSA-other'] })).optOut.renewal).toBe(0)
})

test('attack-16: nor does another name of one that a pattern reached', async () => {
  at.merge({
    '.exeat/aliases.yaml': 'apiVersion: exeat.dev/v1\nkind: Aliases\nmetadata: { name: cves }\nspec: { controls: [[trivy/CVE-2021-44228, trivy/GHSA-jfh8-c2jp-5v3q]] }\n',
    '.exeat/policies/trivy.yaml': policy('  wildcards: true'),
  })
  await activated(at, 'a', { controls: ['trivy/CVE-2021-*'] })
  expect((await requested(at, 'b', { controls: ['trivy/GHSA-jfh8-c2jp-5v3q'] })).optOut.renewal).toBe(1)
  expect((await requested(at, 'c', { controls: ['trivy/GHSA-jfh8-*'] })).optOut.renewal).toBe(1)
  expect((await requested(at, 'd', { controls: ['trivy/GHSA-other'] })).optOut.renewal).toBe(0)
})

test('attack-16: aliases that changed after the approval void it where they change the terms, and never what is excused beyond the approved findings', async () => {
  await approved(at, 'a', { controls: ['trivy/CVE-2021-44228'] })
  at.merge({
    '.exeat/aliases.yaml': 'apiVersion: exeat.dev/v1\nkind: Aliases\nmetadata: { name: cves }\nspec: { controls: [[trivy/CVE-2021-44228, trivy/GHSA-jfh8-c2jp-5v3q]] }\n',
    '.exeat/policies/stricter.yaml': policy('', 'duration: 1d, findings: 1').replace('name: trivy', 'name: stricter').replace('trivy/*', 'trivy/GHSA-*'),
    [fileOf('a')]: optOut('a', { controls: ['trivy/CVE-2021-44228'] }),
  })
  const { binding } = await at.useCases.optOut('a')
  await refused(at.useCases.activate(actor('dave'), 'a', binding, newKey()), 'CONTENT_CHANGED')
})

describe('emergencies', () => {
  const declare = (who: string, parts: Parameters<typeof optOut>[1] = {}, team = 'sre', second?: string) => at.useCases.emergency(
    actor(who), { document: optOut('fire', { environments: ['production'], category: 'emergency', until: hour, ...parts }), team, ...(second === undefined ? {} : { second }) }, newKey())

  test('ask for a second factor that this release cannot take', async () => {
    await untouched(() => declare('dave'), 'EVIDENCE_TOO_WEAK')
    await untouched(() => declare('dave', {}, 'sre', 'erin'), 'EVIDENCE_TOO_WEAK')
  })

  test('are refused for everything else first', async () => {
    await untouched(() => declare('alice'), 'NOT_ENTITLED')
    await untouched(() => declare('dave', {}, 'security'), 'NOT_ENTITLED')
    await untouched(() => declare('dave', { environments: ['test'] }), 'EMERGENCY_NOT_PERMITTED')
    await untouched(() => declare('dave', { category: 'waiver' }), 'EMERGENCY_TOO_WIDE')
  })

  test('meet the conditions of whoever requests and activates', async () => {
    const unmet = async () => (await codesOf(declare('dave'))).filter((code) => code === 'TERMS_NOT_MET').length
    const before = await unmet()
    const conditions = ['request', 'activate'].map((stage) => `    - { at: ${stage}, expression: 'optOut.category != "emergency"', message: no emergency to ${stage} }\n`)
    at.merge({ '.exeat/policies/production.yaml': `${strictPolicy}  conditions:\n${conditions.join('')}` })
    expect(await unmet()).toBe(before + 2)
  })

  test('are reviewed, and nothing else is', async () => {
    await requested(at, 'a')
    await untouched(() => at.useCases.review(actor('bob'), 'a', { verdict: 'justified', reason: 'x' }, newKey()), 'REVIEW_NOT_DUE')
  })
})

test('a use of what is not there, not active, or has not begun', async () => {
  const codes = async (uid: string): Promise<readonly (string | undefined)[]> =>
    (await at.useCases.claimUses([{ uid, point: 'gate', subject: 'commit:1' }])).results.map(({ code }) => code)
  expect(await codes('f'.repeat(64))).toEqual(['UNKNOWN_OPTOUT'])
  const { optOut: { uid } } = await approved(at, 'a')
  expect(await codes(uid)).toEqual(['WRONG_PHASE'])
  const { optOut: later } = await activated(at, 'b', { from: hour, until: 2 * hour })
  expect(later).toMatchObject({ phase: 'active', inForce: false })
  expect(await codes(later.uid)).toEqual(['WRONG_PHASE'])
  at.clock.now += hour
  expect(await codes(later.uid)).toEqual([undefined])
})

test('a name typed at the socket stands for itself alone', async () => {
  const borrowed = { identity: { iss: 'https://id.example', sub: 'alice' }, evidence: { strength: 'operator-asserted', name: 'alice' } } as const
  expect(await codesOf(at.useCases.request(borrowed, { document: optOut('a') }, newKey()))).toEqual(['INPUT_INVALID'])
  const other = { ...actor('alice'), evidence: { strength: 'operator-asserted', name: 'bob' } } as const
  expect(await codesOf(at.useCases.request(other, { document: optOut('a') }, newKey()))).toEqual(['INPUT_INVALID'])
})

test('every policy of the fixtures is one that stands', async () => {
  expect(Object.keys(governanceFiles)).toHaveLength(3)
  expect((await at.useCases.synchronise()).commit).toMatch(/^[0-9a-f]{40}$/)
})
