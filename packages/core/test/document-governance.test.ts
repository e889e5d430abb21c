import { describe, expect, test } from 'vitest'
import { checkGovernance, decodeDocument, governanceCodes } from '../src/index.ts'
import type { Decoded, Governance, Json, Problem } from '../src/index.ts'

type Members = { readonly [key: string]: Json }

/** Decodes with a place that names the path, so that a test sees what a problem points at. */
function decoded(value: Json): Decoded {
  return decodeDocument({ value, file: 'a.yaml', at: (path) => ({ file: path.join('.'), line: 1, column: 1 }) })
}
const document = (kind: string, spec: Members, name = 'demo'): Decoded => decoded({ apiVersion: 'exeat.dev/v1', kind, metadata: { name }, spec })
const person = (sub: string): Json => ({ iss: 'https://id.acme.example', sub })

const workspace = (spec: Members = {}): Decoded => document('Workspace', {
  id: 'acme', protectedRef: 'main', sources: [{ name: 'acme/payments', forge: 'none', repositoryId: 'payments' }],
  environments: [{ name: 'staging', proof: 'asserted' }, { name: 'production', protected: true, proof: 'workload' }],
  groups: { security: [person('alice'), person('bob')], sre: [person('bob')] }, alerts: [{ name: 'oncall', url: 'https://alerts.acme.example' }], ...spec,
}, 'acme')
const policy = (spec: Members = {}, name = 'demo'): Decoded => document('OptOutPolicy', {
  controls: ['trivy/*'], effect: 'permit', request: { groups: ['sre'] }, approve: [{ groups: ['security'], count: 1 }], activate: { groups: ['sre'] },
  mfa: { evidence: 'user-signed' }, limits: { duration: '1d' }, ...spec,
}, name)
const optOut = (spec: Members = {}, name = 'demo'): Decoded => document('OptOut', {
  controls: ['trivy/CVE-2021-44228'], category: 'waiver', reason: 'r', owner: 'o', window: { from: '2026-11-22T10:00:00Z', until: '2026-11-24T10:00:00Z' }, ...spec,
}, name)

const provoked = new Set<string>()
const told = ({ code, at }: Problem): string => {
  provoked.add(code)
  return `${code} ${at?.file ?? ''}`
}
const run = (...documents: readonly Decoded[]): string[] => {
  for (const each of documents) if (!each.ok && each.name !== 'broken') throw new Error(JSON.stringify(each.problems))
  return checkGovernance(documents).problems.map(told)
}
const alone = ({ documents }: Governance): (string | undefined)[] => documents.map((each) => (each.ok ? undefined : each.problems.map(told).join(', ')))

describe('checkGovernance', () => {
  test('takes what fits', () => {
    const documents = [workspace(), policy({ alerts: ['oncall'], revoke: { groups: ['security'] } }), policy({}, 'other'), optOut({ targets: { repositories: ['acme/payments'], environments: ['staging'] } }), optOut({}, 'other')]
    expect(checkGovernance(documents)).toEqual({ problems: [], documents })
  })

  test('demands one workspace; a broken one counts as there', () => {
    const broken = decoded({ apiVersion: 'exeat.dev/v1', kind: 'Workspace', metadata: { name: 'broken' }, spec: {} })
    expect(run(policy())).toEqual(['WORKSPACE_MISSING '])
    expect(run(policy(), broken)).toEqual([])
    expect(run(workspace(), workspace())).toEqual(['WORKSPACE_REPEATED kind'])
  })

  test('refuses both opt-outs of a name, and nothing else with them', () => {
    const answer = checkGovernance([workspace(), optOut(), optOut({ owner: 'x' }), optOut({}, 'third'), policy()])
    expect(answer.problems).toEqual([])
    expect(alone(answer)).toEqual([undefined, 'NAME_REUSED metadata.name', 'NAME_REUSED metadata.name', undefined, undefined])
  })

  test('refuses the run for two tests of a name', () => {
    const one = (): Decoded => document('OptOutTest', { cases: [{ name: 'a', now: '2026-11-22T10:00:00Z', finding: { control: 'a/b' }, expect: { outcome: 'blocked' } }] })
    expect(run(workspace(), one(), one())).toEqual(['NAME_REUSED metadata.name', 'NAME_REUSED metadata.name'])
  })

  test('refuses an opt-out alone for what the workspace does not have', () => {
    const answer = checkGovernance([workspace(), optOut({ targets: { environments: ['staging', 'prodution'], repositories: ['acme/ledger'] } }), optOut({}, 'other')])
    expect(answer.problems).toEqual([])
    expect(alone(answer)).toEqual([undefined, 'OPTOUT_ENVIRONMENT_UNKNOWN spec.targets.environments.1, OPTOUT_REPOSITORY_UNKNOWN spec.targets.repositories.0', undefined])
    expect(answer.documents[1]?.ok === false && answer.documents[1].problems[0].hint).toBe('did you mean `production`?')
  })

  test('finds unknown groups wherever a policy names one', () => {
    const spec = {
      request: { groups: ['sre', 'a'] }, approve: [{ groups: ['security', 'b'], count: 1 }], activate: { groups: ['c'] }, revoke: { groups: ['d'] },
      emergency: { groups: ['e'], duration: '1h', mfa: { evidence: 'user-signed' }, reviewers: ['f'], reviewWithin: '1d' },
    }
    expect(run(workspace(), policy(spec))).toEqual([
      'GROUP_UNKNOWN spec.activate.groups.0', 'GROUP_UNKNOWN spec.approve.0.groups.1', 'GROUP_UNKNOWN spec.emergency.groups.0',
      'GROUP_UNKNOWN spec.emergency.reviewers.0', 'GROUP_UNKNOWN spec.request.groups.1', 'GROUP_UNKNOWN spec.revoke.groups.0',
    ])
    expect(run(workspace({ governance: { approve: [{ groups: ['nobody'], count: 1 }], evidence: 'user-signed' } }))).toEqual(['GROUP_UNKNOWN spec.governance.approve.0.groups.0'])
  })

  test('leaves groups to an identity provider where the workspace lists none', () => {
    const without = document('Workspace', { id: 'acme', protectedRef: 'main', sources: [{ name: 'a', forge: 'none', repositoryId: 'a' }], environments: [{ name: 'staging', proof: 'asserted' }] })
    expect(run(without, policy({ approve: [{ groups: ['anybody'], count: 9 }] }))).toEqual([])
  })

  test('finds unknown alert sinks', () => {
    expect(run(workspace(), policy({ alerts: ['oncall', 'pager'] }))).toEqual(['ALERT_UNKNOWN spec.alerts.1'])
  })

  test('finds quorums that nobody can fill, counting people once', () => {
    expect(run(workspace(), policy({ approve: [{ groups: ['security'], count: 2 }] }))).toEqual([])
    expect(run(workspace(), policy({ approve: [{ groups: ['security'], count: 3 }] }))).toEqual(['QUORUM_IMPOSSIBLE spec.approve.0.count'])
    expect(run(workspace(), policy({ approve: [{ groups: ['security', 'sre'], count: 3 }] }))).toEqual(['QUORUM_IMPOSSIBLE spec.approve.0.count'])
    expect(run(workspace(), policy({ approve: [{ groups: ['security'], count: 2 }, { groups: ['sre'], count: 1 }] }))).toEqual(['QUORUM_IMPOSSIBLE spec.approve'])
    expect(run(workspace({ governance: { approve: [{ groups: ['sre'], count: 2 }], evidence: 'user-signed' } }))).toEqual(['QUORUM_IMPOSSIBLE spec.governance.approve.0.count'])
  })

  test('knows the groups that a provider maps, and does not count who is in them', () => {
    const provider = (more: Members = {}): Json => ({ name: 'idp', issuer: 'https://id.acme.example', clientId: 'exeat', groups: { claim: 'groups', map: { 'sec-team': 'security', 'all-staff': 'staff' } }, ...more })
    const mapped = workspace({ identity: { providers: [provider()] } })
    expect(run(mapped, policy({ approve: [{ groups: ['staff'], count: 9 }] }))).toEqual([])
    expect(run(mapped, policy({ approve: [{ groups: ['security'], count: 9 }] }))).toEqual([])
    expect(run(mapped, policy({ approve: [{ groups: ['sre'], count: 2 }] }))).toEqual(['QUORUM_IMPOSSIBLE spec.approve.0.count'])
    expect(run(mapped, policy({ request: { groups: ['sec-team'] } }))).toEqual(['GROUP_UNKNOWN spec.request.groups.0'])
    expect(run(workspace({ identity: { providers: [provider(), provider({ name: 'other' })] } }))).toEqual(['IDENTITY_REPEATED spec.identity.providers.1.issuer'])
  })

  test('wants providers and workloads named once', () => {
    const job = { name: 'ci', kind: 'github', issuer: 'https://token.actions.example', audience: 'exeat' }
    expect(run(workspace({ identity: { workloads: [job, job] } }))).toEqual(['IDENTITY_REPEATED spec.identity.workloads.1.name'])
  })

  test('every code is provoked above', () => expect([...provoked].sort()).toEqual(Object.keys(governanceCodes).sort()))
})

test('one identity is one person\'s', () => {
  const people = (...lists: readonly (readonly string[])[]): Decoded => workspace({ identity: { people: lists.map((subs, index) => ({ label: `Person ${index}`, identities: subs.map(person) })) } })
  const codesOf = (document: Decoded): string[] => (document.ok ? [] : document.problems.map(({ code, at }) => `${code} ${at?.file ?? ''}`))
  expect(codesOf(people(['ann', 'anna'], ['ben', 'benjamin']))).toEqual([])
  expect(codesOf(people(['ann', 'anna'], ['ben', 'ANN']))).toEqual(['PERSON_TWICE spec.identity.people.1.identities.1'])
  expect(codesOf(people(['ann', 'ann']))).toEqual(['PERSON_TWICE spec.identity.people.0.identities.1'])
  expect(codesOf(people(['ann']))).not.toEqual([])
})
