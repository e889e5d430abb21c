/** An opt-out that no log has, held against the terms of the very finding: also where its declared controls are covered otherwise. */
import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { type ActiveOptOut, compilePolicySet, decide, decodeDocument, type Duration, type Facts, type Finding, fingerprints, type Instant, type Json, type OptOut, unlocated } from '../../src/index.ts'
import { summarise, weakestEvidence } from '../../src/run/index.ts'

const sha256 = (bytes: Uint8Array): Uint8Array => createHash('sha256').update(bytes).digest()
const decoded = (json: Json) => {
  const answer = decodeDocument(unlocated(json, 'test'))
  if (!answer.ok) throw new Error(answer.problems[0].message)
  return { document: answer.document, origin: { file: 'test', line: 1, column: 1 } } as never
}
const policy = (name: string, emergency: { readonly [key: string]: Json }): Json => ({
  apiVersion: 'exeat.dev/v1', kind: 'OptOutPolicy', metadata: { name },
  spec: {
    controls: ['trivy/*'], environments: ['staging'], effect: 'permit', request: { groups: ['sre'] }, approve: [{ groups: ['security'], count: 1 }], activate: { groups: ['sre'] }, mfa: 'none',
    limits: { duration: '14d' }, emergency: { groups: ['sre'], duration: '4h', mfa: { evidence: 'user-signed' }, reviewers: ['security'], reviewWithin: '72h', ...emergency },
  },
})
const workspace: Json = {
  apiVersion: 'exeat.dev/v1', kind: 'Workspace', metadata: { name: 'w' },
  spec: { id: 'acme', protectedRef: 'main', environments: [{ name: 'staging', proof: 'asserted' }], sources: [{ name: 'acme/payments', forge: 'none', repositoryId: '1001' }] },
}
const fact = <T>(value: T) => ({ value, provenance: 'asserted' as const, from: 'test' })
const facts: Facts = { repository: fact({ name: 'acme/payments', id: '1001' }), environment: fact('staging') }
const finding: Finding = { tool: 'trivy', rule: 'CVE-1', title: 'a flaw', path: 'pom.xml', severity: 'critical' } as Finding
const other: Finding = { ...finding, path: 'other.xml' }
const print = fingerprints([finding], '1001', sha256)(0)
const now = Date.UTC(2026, 5, 1) as Instant

function optOut(unlogged: boolean): ActiveOptOut {
  const { document } = decoded({
    apiVersion: 'exeat.dev/v1', kind: 'OptOut', metadata: { name: 'offline-1' },
    spec: {
      controls: ['trivy/CVE-1'], targets: { repositories: ['acme/payments'], environments: ['staging'], paths: ['*.xml'], fingerprints: [print] }, category: 'emergency', reason: 'down', owner: 'ann',
      window: { from: '2026-06-01T00:00:00Z', until: '2026-06-01T01:00:00Z' }, limits: { findings: 1 },
    },
  }) as { readonly document: OptOut }
  return {
    document, digest: 'a'.repeat(64), uid: 'b'.repeat(64), origin: { file: 'grant.json', line: 1, column: 1 }, impact: new Set([print]),
    met: {
      evidence: 'user-signed', factor: { attested: false, backupEligible: false, age: 0 as Duration }, approvers: [], requester: ['sre'], activator: ['sre'],
      log: { renewal: 0, total: 3_600_000 as Duration, witnessed: false }, ...(unlogged ? { unlogged: true } : {}),
    },
  }
}

function decisions(emergency: { readonly [key: string]: Json }, unlogged = true) {
  const compiled = compilePolicySet({ workspace: decoded(workspace), policies: [decoded(policy('one', emergency)), decoded(policy('two', { offline: true }))], aliases: [] })
  if (!compiled.ok) throw new Error(compiled.problems[0].message)
  return decide(compiled.set, { active: [optOut(unlogged)], ended: [], refused: [] }, [finding, other], facts, now, { sha256 })
}

describe('attack-28: what no log has', () => {
  test('excuses its finding, and no other, where every policy permits it offline; it is counted apart and named', () => {
    const made = decisions({ offline: true })
    expect(made.map(({ outcome }) => outcome)).toEqual(['excused', 'blocked'])
    expect(made[0]?.optOut).toMatchObject({ unlogged: true, evidence: 'user-signed' })
    expect(summarise(made, [], [])).toMatchObject({ excused: 1, unlogged: 1, blocked: 1 })
    expect(weakestEvidence(made)).toBe('user-signed')
  })
  test.each([['says no', { offline: false }], ['says nothing', {}]])('excuses nothing where one of them %s', (_, emergency) => {
    const made = decisions(emergency)
    expect(made.map(({ outcome }) => outcome)).toEqual(['blocked', 'blocked'])
    expect(made[0]?.reasons).toMatchObject([{ code: 'POLICY_TIGHTENED', because: [{ term: 'emergency.offline' }] }])
  })
  test('what a log has is asked no such thing, and is not said to be unlogged', () => {
    const made = decisions({}, false)
    expect(made[0]).toMatchObject({ outcome: 'excused' })
    expect(made[0]?.optOut).not.toHaveProperty('unlogged')
    expect(summarise(made, [], [])).not.toHaveProperty('unlogged')
  })
})
