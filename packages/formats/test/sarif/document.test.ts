import type { Finding, Report } from '@exeat/core'
import { describe, expect, test } from 'vitest'
import { suppressionOf, toSarif } from '../../src/index.ts'
import { excusedBy } from './excused-by.ts'
import { reports } from './support.ts'

const findings: readonly Finding[] = [
  { tool: 'trivy', rule: 'CVE-2021-44228', severity: 'critical', title: 'Log4Shell', message: 'log4j-core 2.14.1', path: 'services/a b/pom.xml', line: 3, snippet: '<x>', resource: 'pkg:maven/a/b@1', image: `sha256:${'b'.repeat(64)}`, aliases: ['GHSA-jfh8-c2jp-5v3q'] },
  { tool: 'trivy', rule: 'CVE-2021-44228', severity: 'critical', title: 'Log4Shell', path: 'é%/#?.xml' },
  { tool: 'trivy', rule: 'DS002', severity: 'low', title: '' },
  { tool: 'trivy', rule: 'DS003', severity: 'low', title: 'a', resource: 'deployment/default/web' },
  { tool: 'trivy', rule: 'DS003', severity: 'high', title: 'b' },
  { tool: 'trivy', rule: '__proto__', title: 'unknown severity' },
]

const report: Report = { input: 'trivy.json', format: 'trivy', tool: 'trivy', commit: 'abc', completed: true, findings, suppressions: [], statements: [] }
const written = toSarif([{ report, excused: new Map([[1, excusedBy]]), fingerprints: new Map([[0, 'f'.repeat(64)]]) }])

describe('SARIF of native findings', () => {
  test('reads back as the same findings', () => {
    const [back] = reports(written)
    expect(back?.tool).toBe('trivy')
    expect(back?.findings.map(({ rule, path, line, resource, snippet }) => ({ rule, path, line, resource, snippet })))
      .toEqual(findings.map(({ rule, path, line, resource, snippet }) => ({ rule, path, line, resource, snippet })))
    expect(back?.findings.map(({ severity }) => severity)).toEqual(['critical', 'critical', 'low', 'low', 'high', 'medium'])
    expect(back?.findings[0]).toMatchObject({ aliases: ['GHSA-jfh8-c2jp-5v3q'], toolFingerprint: 'f'.repeat(64), message: 'log4j-core 2.14.1', title: 'Log4Shell' })
  })

  test('the excused one alone is suppressed, and says by what', () => {
    const results = written.runs[0]?.results ?? []
    expect(results.map(({ suppressions }) => suppressions?.length)).toEqual([0, 1, 0, 0, 0, 0])
    expect(results[1]?.suppressions?.[0]).toEqual(suppressionOf(excusedBy))
    expect(suppressionOf(excusedBy)).toEqual({
      kind: 'external', status: 'accepted', justification: 'why "so"',
      properties: { exeat: { optOut: 'log4j', uid: 'a'.repeat(64), until: '2026-11-24T08:00:00Z', category: 'waiver', owner: 'a@b.example', evidence: 'none', origin: '.exeat/log4j.yaml:3', ticket: 'INC-1' } },
    })
  })

  test('without an excuse no result says anything of suppressions', () => {
    const plain = toSarif([{ report, excused: new Map(), fingerprints: new Map() }])
    expect(JSON.stringify(plain)).not.toContain('suppressions')
  })

  test('a run that did not finish says so', () => {
    expect(reports(toSarif([{ report: { ...report, completed: false }, excused: new Map(), fingerprints: new Map() }]))[0]?.completed).toBe(false)
  })

  test('no reports are no runs', () => expect(toSarif([])).toMatchObject({ version: '2.1.0', runs: [] }))
})
