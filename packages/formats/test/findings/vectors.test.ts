/** What each real file is, and what stands in it by a walk that knows nothing of the readers. */
import { describe, expect, test } from 'vitest'
import { nativeReaders } from '../../src/index.ts'
import { findings, parsed, read, refusal, reports, vector, vectorFiles } from './support.ts'

// oxlint-disable-next-line typescript/no-explicit-any -- a walk over untyped JSON, as jq does it
type Any = any

/** Every `key` anywhere under a value, like `.. | .key?` in jq. */
const every = (value: Any, key: string): Any[] => {
  if (typeof value !== 'object' || value === null) return []
  return [...(Object.hasOwn(value, key) ? [value[key]] : []), ...Object.values(value).flatMap((inner) => every(inner, key))]
}
const rules = (name: string) => (value: Any): string[] => every(value, name)

/** Rule ids that a file of a format must give; undefined where the walk would be the reader once more. */
const expected: Readonly<Record<string, (value: Any) => string[]>> = {
  trivy: (value) => [
    ...every(value, 'VulnerabilityID'),
    ...every(value, 'Misconfigurations').flat().filter((each) => each.Status === 'FAIL').map((each) => each.ID),
    ...rules('RuleID')(value),
  ],
  'trivy-operator': (value) => [...rules('vulnerabilityID')(value), ...every(value, 'checks').flat().filter((each) => !each.success).map((each) => each.checkID)],
  checkov: (value) => every(value, 'failed_checks').flat().map((each) => each.check_id),
  semgrep: rules('check_id'),
  gitleaks: (value) => [...rules('RuleID')(value), ...rules('rule')(value)],
  conftest: (value) => [...every(value, 'failures'), ...every(value, 'warnings')].flat().map((each) => each.metadata.query),
  grype: (value) => value.matches.map((each: Any) => each.vulnerability.id),
  'osv-scanner': (value) => every(value, 'vulnerabilities').flat().map((each) => each.id),
  tfsec: rules('rule_id'),
  kics: (value) => value.queries.flatMap((query: Any) => query.files.map(() => query.query_id)),
  bandit: rules('test_id'),
  hadolint: rules('code'),
  'npm-audit': (value) => every(value, 'via').flat().filter((each) => typeof each === 'object').map((each) => each.url.split('/').at(-1)),
  kubescape: (value) => value.results.flatMap((each: Any) => each.controls).filter((each: Any) => each.status.status === 'failed').map((each: Any) => each.controlID),
  openreports: (value) => every(value, 'results').flat().filter((each) => ['fail', 'warn', 'error'].includes(each.result)).map((each) => each.policy),
  'github-vulnerability': (value) => every(value, 'identifiers').map((each) => each[0].value),
  openvex: () => [],
}

const readBy: Readonly<Record<string, string>> = {
  'anchore_grype/many_vulns3.json': 'grype',
  'anchore_grype/no_vuln.json': 'grype',
  'bandit/many_vulns.json': 'bandit',
  'checkov/checkov-report-0-vuln.json': 'checkov',
  'checkov/checkov-report-1-vuln.json': 'checkov',
  'checkov/checkov-report-many-vuln.json': 'checkov',
  'checkov/checkov-report-multiple-check_type.json': 'checkov',
  'conftest/conftest_many_vuln.json': 'conftest',
  'conftest/conftest_no_vuln.json': 'conftest',
  'conftest/conftest_one_vuln.json': 'conftest',
  'github_vulnerability/github-5-vuln.json': 'github-vulnerability',
  'gitleaks/gitleaks8_many.json': 'gitleaks',
  'gitleaks/redacted_data_many.json': 'gitleaks',
  'gitleaks/version_7.5.0.json': 'gitleaks',
  'hadolint/many_dockerfile.json': 'hadolint',
  'kics/many_findings.json': 'kics',
  'kubescape/results.json': 'kubescape',
  'npm_audit_7_plus/many_vulns.json': 'npm-audit',
  'openreports/openreports_list_format.json': 'openreports',
  'openreports/openreports_single_report.json': 'openreports',
  'openvex/openvex_many_vuln.json': 'openvex',
  'osv_scanner/many_findings.json': 'osv-scanner',
  'osv_scanner/some_findings.json': 'osv-scanner',
  'semgrep/empty.json': 'semgrep',
  'semgrep/fingerprint_test.json': 'semgrep',
  'semgrep/many_vulns.json': 'semgrep',
  'semgrep/one_finding.json': 'semgrep',
  'tfsec/many_findings_current.json': 'tfsec',
  'tfsec/no_findings.json': 'tfsec',
  'trivy/issue_9170.json': 'trivy',
  'trivy/kubernetes.json': 'trivy',
  'trivy/legacy_many_vulns.json': 'trivy',
  'trivy/misconfigurations_and_secrets.json': 'trivy',
  'trivy/scheme_2_many_vulns.json': 'trivy',
  'trivy/scheme_2_no_vuln.json': 'trivy',
  'trivy_operator/configauditreport_many.json': 'trivy-operator',
  'trivy_operator/vulnerabilityreport_many.json': 'trivy-operator',
}

/** Taken only where `--input-format` says so. */
const forced: Readonly<Record<string, string>> = { 'gitleaks/no_findings.json': 'gitleaks', 'trivy/legacy_no_vuln.json': 'trivy' }

const noReport: Readonly<Record<string, RegExp>> = {
  'LICENSE.md': /^JSON_SYNTAX /u,
  'conftest/clean.yaml': /^JSON_SYNTAX /u,
  'conftest/many.yaml': /^JSON_SYNTAX /u,
  'conftest/single.yaml': /^JSON_SYNTAX /u,
  'openvex/openvex_not_a_document.json': /^REPORT_UNRECOGNISED /u,
}

const sarif = vectorFiles.filter((name) => name.startsWith('sarif/'))

test('every file of the folder is named here, and no other', () => {
  expect(sarif.length).toBeGreaterThan(10)
  expect([...Object.keys(readBy), ...Object.keys(forced), ...Object.keys(noReport), ...sarif].toSorted()).toEqual(vectorFiles)
})

test('every reader has a real file', () => {
  expect([...new Set([...Object.values(readBy), ...Object.values(forced)])].toSorted()).toEqual(nativeReaders.map((reader) => reader.format).toSorted())
  expect(Object.keys(expected).toSorted()).toEqual(nativeReaders.map((reader) => reader.format).toSorted())
})

describe.each(Object.entries(readBy))('%s', (name, format) => {
  const answer = reports(vector(name))
  const found = answer.flatMap((report) => report.findings)

  test(`is read as ${format}, whole`, () => {
    expect(answer.length).toBeGreaterThan(0)
    for (const report of answer) expect(report).toMatchObject({ format, completed: true, input: 'report.json' })
  })

  test('gives the rules that stand in it, each as often', () => {
    expect(found.map((finding) => finding.rule).toSorted()).toEqual(expected[format]?.(parsed(name)).toSorted())
  })

  test('is read alike when its format is named, and refused under every other name', () => {
    expect(reports(vector(name), { format })).toEqual(answer)
    for (const other of nativeReaders) {
      if (other.format === format) continue
      const answer = read(vector(name), { format: other.format })
      // A clean report may hold what another tool needs for a clean one; one with findings never passes for another tool's.
      if (found.length > 0) expect(answer.ok, other.format).toBe(false)
      else if (answer.ok) expect(answer.reports.every((each) => each.tool !== format)).toBe(true)
    }
  })

  test('paths are relative and climb nowhere; every finding says what it is', () => {
    for (const { path, title, tool, rule, line, image } of found) {
      if (path !== undefined) expect(path).toMatch(/^(?!\/)(?!.*(?:^|\/)\.{1,2}(?:\/|$))(?!.*\/\/).+$/u)
      if (line !== undefined) expect(line).toBeGreaterThan(0)
      if (image !== undefined) expect(image).toMatch(/^sha256:[0-9a-f]{64}$/u)
      expect([title, tool, rule].every((each) => each.trim() !== '')).toBe(true)
    }
  })
})

test.each(Object.entries(forced))('%s is taken only as %s, and then finds nothing', (name, format) => {
  expect(refusal(vector(name))).toMatch(/^REPORT_AMBIGUOUS /u)
  expect(findings(vector(name), { format })).toEqual([])
  expect(refusal(vector(name), { format: 'checkov' })).toMatch(/^REPORT_SHAPE /u)
})

test.each(Object.entries(noReport))('%s is no report', (name, reason) => expect(refusal(vector(name))).toMatch(reason))

test.each(sarif)('%s is read as SARIF', (name) => {
  for (const report of reports(vector(name))) expect(report.format).toBe('sarif')
})
