/** What each reader makes of the parts of a report, and what it refuses. */
import { describe, expect, test } from 'vitest'
import { readReports } from '../../src/index.ts'
import { findings, refusal, report, reports } from './support.ts'

const digest = `sha256:${'a'.repeat(64)}`
const artifact = (result: object, more: object = {}): object =>
  ({ SchemaVersion: 2, ArtifactName: 'a', ArtifactType: 'filesystem', Results: [{ Target: 'pom.xml', Class: 'lang-pkgs', Type: 'pom', ...result }], ...more })
const log4j = { VulnerabilityID: 'CVE-2021-44228', PkgName: 'org.apache.logging.log4j:log4j-core', InstalledVersion: '2.14.1', Severity: 'CRITICAL' }

describe('trivy', () => {
  test('a vulnerability', () => {
    expect(findings(artifact({ Vulnerabilities: [{ ...log4j, Title: 'Log4Shell', VendorIDs: ['GHSA-jfh8-c2jp-5v3q'], Fingerprint: 'f' }] }))).toEqual([{
      tool: 'trivy', rule: 'CVE-2021-44228', severity: 'critical', title: 'Log4Shell', message: 'org.apache.logging.log4j:log4j-core 2.14.1', path: 'pom.xml',
      resource: 'pkg:maven/org.apache.logging.log4j/log4j-core@2.14.1', aliases: ['GHSA-jfh8-c2jp-5v3q'], toolFingerprint: 'f',
    }])
    expect(findings(artifact({ Vulnerabilities: [{ ...log4j, PkgIdentifier: { PURL: 'pkg:maven/x/y@1' }, PkgPath: 'lib/x.jar' }] })))
      .toMatchObject([{ resource: 'pkg:maven/x/y@1', path: 'lib/x.jar' }])
  })

  test('an unknown severity is none, never a low one', () => {
    for (const Severity of ['UNKNOWN', 'SEVERE', '']) expect(findings(artifact({ Vulnerabilities: [{ ...log4j, Severity }] }))[0]).not.toHaveProperty('severity')
    expect(refusal(artifact({ Vulnerabilities: [{ ...log4j, Severity: 4 }] }))).toBe('REPORT_SHAPE no trivy report: `/Results/0/Vulnerabilities/0/Severity` is the number 4, expected text')
  })

  test('the image is the one digest of a registry, else its id, and none of two', () => {
    const image = (Metadata: object): unknown => findings(artifact({ Vulnerabilities: [log4j] }, { Metadata }))[0]?.image
    expect(image({ RepoDigests: [`a/b@${digest}`, `c/d@${digest}`], ImageID: `sha256:${'b'.repeat(64)}` })).toBe(digest)
    expect(image({ ImageID: digest })).toBe(digest)
    expect(image({ RepoDigests: [`a/b@${digest}`, `a/b@sha256:${'c'.repeat(64)}`] })).toBeUndefined()
    expect(image({ ImageID: 'sha256:short' })).toBeUndefined()
  })

  test('misconfigurations count with FAIL, or where nothing is said', () => {
    const of = (Status?: unknown): object => artifact({ Class: 'config', Target: 'main.tf', Misconfigurations: [{ ID: 'AWS-1', AVDID: 'AVD-AWS-1', Status, CauseMetadata: { StartLine: 3, Resource: 'aws_s3_bucket.b' } }] })
    expect(findings(of('FAIL'))).toMatchObject([{ rule: 'AWS-1', path: 'main.tf', line: 3, resource: 'aws_s3_bucket.b', aliases: ['AVD-AWS-1'] }])
    expect(findings(of())).toHaveLength(1)
    expect(findings(of('PASS'))).toEqual([])
    expect(refusal(of('MAYBE'))).toMatch(/unknown `Status`/u)
  })

  test('secrets and licences', () => {
    expect(findings(artifact({ Secrets: [{ RuleID: 'github-pat', StartLine: 2, Match: 'x=***' }], Licenses: [{ Name: 'GPL-3.0', Category: 'restricted', PkgName: 'p', Severity: 'HIGH' }] })))
      .toMatchObject([{ rule: 'github-pat', line: 2, snippet: 'x=***' }, { rule: 'GPL-3.0', severity: 'high', message: 'p' }])
  })

  test('what an ignore file took out is found all the same, and listed', () => {
    const modified = (Type: string): object => artifact({ ExperimentalModifiedFindings: [{ Type, Status: 'ignored', Statement: 'no fix', Source: '.trivyignore', Finding: log4j }] })
    expect(report(modified('vulnerability'))).toMatchObject({
      findings: [{ rule: 'CVE-2021-44228' }], suppressions: [{ tool: 'trivy', rule: 'CVE-2021-44228', path: 'pom.xml', kind: 'ignored', justification: 'no fix (.trivyignore)' }],
    })
    expect(refusal(modified('else'))).toMatch(/unknown `Type`/u)
  })

  test('without results it may not have scanned: only where its name is said', () => {
    const { Results: _, ...rest } = artifact({}) as { Results: unknown }
    expect(refusal(rest)).toMatch(/^REPORT_AMBIGUOUS .*`trivy`/u)
    expect(findings(rest, { format: 'trivy' })).toEqual([])
    for (const half of [{}, [], { Results: [] }, { SchemaVersion: 2, Results: [] }, { ...rest, SchemaVersion: 3, Results: [] }, { ...rest, Results: null }, 7, '"x"']) {
      expect(refusal(half, { format: 'trivy' })).toMatch(/^REPORT_SHAPE /u)
    }
  })

  test('a resource of a cluster that was not scanned leaves the report open', () => {
    const cluster = (more: object): object => ({ ClusterName: 'c', Resources: [{ Kind: 'Pod', Namespace: 'n', Name: 'p', Results: [{ Target: 't', Vulnerabilities: [log4j] }], ...more }] })
    expect(report(cluster({}))).toMatchObject({ completed: true, findings: [{ resource: 'Pod/n/p' }] })
    expect(report(cluster({ Error: 'no pull secret' })).completed).toBe(false)
    expect(refusal(cluster({ Name: '' }))).toMatch(/`\/Resources\/0\/Name`/u)
  })

  test('the commit of a repository', () => {
    expect(report(artifact({}, { ArtifactType: 'repository', Metadata: { Commit: 'c0ffee' } })).commit).toBe('c0ffee')
    expect(report(artifact({}, { Metadata: { Commit: 'c0ffee' } })).commit).toBeUndefined()
  })
})

const framework = (results: object, summary?: object): object => ({ check_type: 'terraform', results: { failed_checks: [], skipped_checks: [], ...results }, ...(summary === undefined ? {} : { summary }) })
const check = { check_id: 'CKV_1', check_name: 'n', severity: null, file_path: '/main.tf', repo_file_path: '/infra/main.tf', file_line_range: [3, 9], resource: 'a.b', code_block: [[3, 'x\n'], [4, 'y\n']] }

test('checkov', () => {
  expect(findings(framework({ failed_checks: [check] }))).toEqual([{ tool: 'checkov', rule: 'CKV_1', title: 'n', message: 'terraform', path: 'infra/main.tf', line: 3, resource: 'a.b', snippet: 'x\ny\n' }])
  expect(report([framework({ skipped_checks: [{ ...check, check_result: { suppress_comment: 'why' } }] }), framework({ failed_checks: [check] })])).toMatchObject({
    findings: [{ rule: 'CKV_1' }, { rule: 'CKV_1' }], suppressions: [{ kind: 'skipped_checks', justification: 'why', path: 'infra/main.tf', line: 3 }],
  })
  expect(report(framework({ parsing_errors: ['a.tf'] })).completed).toBe(false)
  expect(refusal(framework({ failed_checks: [check] }, { failed: 2 }))).toMatch(/lists 1 failed checks where the summary counts 2/u)
  expect(findings({ passed: 0, failed: 0, skipped: 0, parsing_errors: 0, checkov_version: '3' })).toEqual([])
  // `--quiet`: what was skipped is only counted.
  const quiet = (summary: object): object => ({ check_type: 'terraform', results: { failed_checks: [check] }, summary })
  expect(findings(quiet({ failed: 1, skipped: 0, parsing_errors: 0 }))).toHaveLength(1)
  expect(refusal(quiet({ failed: 1, skipped: 2, parsing_errors: 0 }))).toMatch(/counts 2 skipped checks and lists none/u)
  expect(refusal(quiet({ failed: 1, parsing_errors: 0 }))).toMatch(/does not say which checks were skipped/u)
  expect(refusal({ passed: 0, failed: 1, checkov_version: '3' })).toMatch(/^REPORT_SHAPE /u)
  expect(refusal([framework({}), {}])).toMatch(/`\/1\/check_type` is missing/u)
})

const matched = (extra: object): object => ({ results: [{ check_id: 'r', path: 'a.py', start: { line: 1 }, extra: { message: 'm', severity: 'ERROR', ...extra } }], errors: [] })

test('semgrep', () => {
  expect(findings(matched({ lines: 'requires login', fingerprint: 'f' }))).toEqual([{ tool: 'semgrep', rule: 'r', severity: 'high', title: 'm', message: 'm', path: 'a.py', line: 1, toolFingerprint: 'f' }])
  expect(report(matched({ is_ignored: true }))).toMatchObject({ findings: [{ rule: 'r' }], suppressions: [{ rule: 'r', kind: 'nosemgrep', path: 'a.py', line: 1 }] })
  expect(refusal(matched({ is_ignored: 'yes' }))).toMatch(/`\/results\/0\/extra\/is_ignored`/u)
  expect(findings(matched({ severity: 'EXPERIMENT' }))[0]).not.toHaveProperty('severity')
  expect(report({ results: [], errors: [{ level: 'error' }] }).completed).toBe(false)
  expect(report({ results: [], errors: [{ level: 'warn' }] }).completed).toBe(true)
  const skipped = (reason: string): object => ({ results: [], errors: [], paths: { skipped: [{ path: 'a.py', reason }] } })
  expect(report(skipped('semgrepignore_patterns_match')).suppressions).toEqual([{ tool: 'semgrep', rule: '*', path: 'a.py', kind: 'paths.skipped', justification: 'semgrepignore_patterns_match' }])
  expect(report(skipped('analysis_failed_parser_or_internal_error')).completed).toBe(false)
})

test('gitleaks shows no secret, and names the commit', () => {
  const [found] = findings([{ RuleID: 'aws', Description: 'd', File: 'a', StartLine: 1, Match: 'key=hunter2', Secret: 'hunter2', Commit: 'c0ffee', Fingerprint: 'c0ffee:a:aws:1' }])
  expect(found).toEqual({ tool: 'gitleaks', rule: 'aws', title: 'd', message: 'key=REDACTED (commit c0ffee)', path: 'a', line: 1, toolFingerprint: 'c0ffee:a:aws:1' })
  expect(JSON.stringify(findings([{ rule: 'r', offender: 'hunter2', file: 'a', line: 'x hunter2 hunter2', lineNumber: 1 }]))).not.toContain('hunter2')
  expect(refusal('[]')).toMatch(/^REPORT_AMBIGUOUS .*`gitleaks`, `hadolint`/u)
  expect(findings('[]', { format: 'gitleaks' })).toEqual([])
  expect(refusal('{}', { format: 'gitleaks' })).toMatch(/^REPORT_SHAPE /u)
})

test('conftest: exceptions are suppressions, and a file without an outcome is no report', () => {
  expect(report([{ filename: 'a.yaml', namespace: 'main', successes: 1, warnings: [{ msg: 'w' }], exceptions: [{ msg: 'data.main.exception[_][_] == "x"' }] }])).toMatchObject({
    findings: [{ rule: 'data.main', severity: 'medium', path: 'a.yaml' }], suppressions: [{ rule: 'data.main', kind: 'exceptions', path: 'a.yaml' }],
  })
  expect(refusal([{ filename: 'a.yaml', namespace: 'main' }], { format: 'conftest' })).toMatch(/neither what passed/u)
  expect(refusal([{ filename: 'a.yaml', failures: null }])).toMatch(/`\/0\/failures` is null/u)
  expect(refusal('[]', { format: 'conftest' })).toMatch(/^REPORT_SHAPE /u)
})

test('grype: ignored matches are found all the same', () => {
  const match = { vulnerability: { id: 'CVE-1', severity: 'Negligible' }, artifact: { name: 'a', version: '1', purl: 'pkg:deb/debian/a@1', locations: [{ path: 'lib/a' }] }, relatedVulnerabilities: [{ id: 'GHSA-1' }] }
  const source = { type: 'image', target: { repoDigests: [`x@${digest}`] } }
  expect(report({ matches: [], ignoredMatches: [{ ...match, appliedIgnoreRules: [{ reason: 'why' }] }], source, descriptor: { name: 'grype' } })).toMatchObject({
    findings: [{ rule: 'CVE-1', severity: 'low', resource: 'pkg:deb/debian/a@1', path: 'lib/a', image: digest, aliases: ['GHSA-1'] }],
    suppressions: [{ kind: 'ignoredMatches', justification: 'why' }],
  })
  expect(refusal({ matches: [], descriptor: { name: 'other' } })).toMatch(/^REPORT_UNRECOGNISED /u)
  expect(refusal({ matches: [] }, { format: 'grype' })).toMatch(/`\/descriptor` is missing/u)
})

test('osv-scanner: severities and licences', () => {
  const packages = [{ package: { name: 'a', version: '1', ecosystem: 'Debian:11' }, vulnerabilities: [{ id: 'OSV-1' }, { id: 'OSV-2', database_specific: { severity: 'MODERATE' } }, { id: 'OSV-3' }], groups: [{ ids: ['OSV-1', 'OSV-2'], max_severity: '9.8' }], license_violations: ['AGPL-3.0'] }]
  expect(findings({ results: [{ source: { path: 'a.lock' }, packages }] }).map(({ rule, severity, resource }) => [rule, severity, resource])).toEqual([
    ['OSV-1', 'critical', 'pkg:deb/debian/a@1'], ['OSV-2', 'medium', 'pkg:deb/debian/a@1'], ['OSV-3', undefined, 'pkg:deb/debian/a@1'], ['AGPL-3.0', undefined, 'pkg:deb/debian/a@1'],
  ])
  expect(refusal({ results: [] })).toMatch(/^REPORT_AMBIGUOUS .*`osv-scanner`, `tfsec`/u)
  expect(findings({ results: [] }, { format: 'osv-scanner' })).toEqual([])
})

test('tfsec: statuses as words and as numbers, and absolute paths', () => {
  const results = (status: unknown): object => ({ results: [{ rule_id: 'AVD-1', long_id: 'l', severity: 'HIGH', status, location: { filename: '/build/repo/modules/a.tf', start_line: 4 }, resource: 'aws_x.y' }] })
  for (const status of ['failed', 0, undefined]) expect(findings(results(status))).toHaveLength(1)
  for (const status of ['passed', 1]) expect(findings(results(status))).toEqual([])
  expect(report(results(2))).toMatchObject({ findings: [{ rule: 'AVD-1' }], suppressions: [{ kind: 'ignored' }] })
  for (const status of [3, 'else', true]) expect(refusal(results(status))).toMatch(/unknown `status`/u)
  expect(findings(results(0))[0]).not.toHaveProperty('path')
  expect(findings(results(0), { root: '/build/repo' })[0]).toMatchObject({ path: 'modules/a.tf', line: 4, resource: 'aws_x.y', aliases: ['l'] })
  expect(findings(results(0), { root: '/build/re' })[0]).not.toHaveProperty('path')
})

test('kics: counts and failures', () => {
  const kics = (more: object): object => ({ files_scanned: 1, queries_total: 1, queries: [{ query_id: 'q', query_name: 'n', severity: 'TRACE', files: [{ file_name: '../a.tf', line: 1, resource_type: 'aws_x', resource_name: 'y' }] }], ...more })
  expect(findings(kics({}))[0]).toMatchObject({ rule: 'q', severity: 'info', resource: 'aws_x.y' })
  expect(findings(kics({}))[0]).not.toHaveProperty('path')
  expect(refusal(kics({ total_counter: 2 }))).toMatch(/lists 1 results where `total_counter` says 2/u)
  expect(report(kics({ files_failed_to_scan: 1 })).completed).toBe(false)
  expect(report(kics({ queries_failed_to_execute: 1 })).completed).toBe(false)
})

test('bandit and hadolint', () => {
  expect(report({ results: [], errors: [{ filename: 'a.py', reason: 'syntax error' }], metrics: {} }).completed).toBe(false)
  expect(findings({ results: [{ test_id: 'B1', issue_severity: 'UNDEFINED', filename: 'a.py', line_number: 3, code: '3 x = 1\n' }], errors: [], metrics: {} })).toEqual([{ tool: 'bandit', rule: 'B1', title: 'B1', path: 'a.py', line: 3, snippet: 'x = 1\n' }])
  expect(findings(['error', 'warning', 'info', 'style', 'else'].map((level) => ({ code: 'DL1', level, file: 'Dockerfile', line: 1 }))).map(({ severity }) => severity)).toEqual(['high', 'medium', 'low', 'info', undefined])
})

test('npm-audit: what is vulnerable through nothing, or counted and not listed, was cut', () => {
  const via = { source: 1, name: 'a', severity: 'moderate', range: '<2', url: 'https://github.com/advisories/GHSA-gxpj-cx7g-858c' }
  const audit = (vulnerabilities: object, more: object = {}): object => ({ auditReportVersion: 2, vulnerabilities, ...more })
  expect(findings(audit({ a: { name: 'a', via: [via] }, b: { name: 'b', via: ['a'] } }))).toMatchObject([{ rule: 'GHSA-gxpj-cx7g-858c', severity: 'medium', resource: 'pkg:npm/a' }])
  expect(refusal(audit({ b: { name: 'b', via: ['a'] } }))).toMatch(/leads to no advisory/u)
  expect(refusal(audit({ a: { name: 'a', via: ['b'] }, b: { name: 'b', via: ['a'] } }))).toMatch(/leads to no advisory/u)
  expect(refusal(audit({}, { metadata: { vulnerabilities: { total: 1 } } }))).toMatch(/lists 0 packages where its metadata counts 1/u)
  expect(refusal({ auditReportVersion: 1, vulnerabilities: {} })).toMatch(/expected 2/u)
})

test('kubescape', () => {
  const scan = (status: unknown, failed = 0): object => ({
    summaryDetails: { controls: { 'C-1': { scoreFactor: 7 } }, ResourceCounters: { failedResources: failed } },
    resources: [{ resourceID: 'id', object: { kind: 'Deployment', metadata: { name: 'd', namespace: 'n' } }, source: { relativePath: 'k8s/d.yaml' } }],
    results: [{ resourceID: 'id', controls: [{ controlID: 'C-1', name: 'n', status, rules: [{ paths: [{ failedPath: 'spec.x' }] }] }] }],
  })
  expect(findings(scan({ status: 'failed' }))).toEqual([{ tool: 'kubescape', rule: 'C-1', severity: 'high', title: 'n', message: 'spec.x', path: 'k8s/d.yaml', resource: 'Deployment/n/d' }])
  expect(findings(scan({ status: 'passed' }))).toEqual([])
  expect(report(scan({ status: 'passed', subStatus: 'w/exceptions' }))).toMatchObject({ findings: [{ rule: 'C-1' }], suppressions: [{ kind: 'exceptions' }] })
  expect(refusal(scan({ status: 'unsure' }))).toMatch(/unknown status/u)
  expect(refusal(scan({ status: 'passed' }, 1))).toMatch(/counts failed resources and lists none/u)
})

test('openreports: outcomes, tools and resources', () => {
  const policy = (result: object, more: object = {}): object => ({
    apiVersion: 'wgpolicyk8s.io/v1alpha2', kind: 'PolicyReport', metadata: { namespace: 'n' }, scope: { kind: 'Pod', name: 'p' },
    results: [{ source: 'kyverno', policy: 'labels', rule: 'team', message: 'm', severity: 'high', ...result }], ...more,
  })
  for (const result of ['fail', 'error', 'warn']) expect(reports(policy({ result }))).toMatchObject([{ tool: 'kyverno', findings: [{ tool: 'kyverno', rule: 'labels/team', resource: 'Pod/n/p', severity: 'high' }] }])
  for (const result of ['pass', 'skip']) expect(findings(policy({ result }))).toEqual([])
  expect(refusal(policy({ result: 'unsure' }))).toMatch(/unknown `result`/u)
  expect(reports(policy({ result: 'skip', message: 'rule is skipped due to policy exception x' }))[0]?.suppressions).toMatchObject([{ rule: 'labels/team', kind: 'policy exception' }])
  expect(findings(policy({ result: 'fail', resources: [{ kind: 'Pod', namespace: 'x', name: 'a' }, { kind: 'Node', name: 'b' }] })).map(({ resource }) => resource)).toEqual(['Pod/x/a', 'Node/b'])
  expect(refusal({ ...policy({ result: 'pass' }), kind: 'Pod' })).toMatch(/is no report/u)
  expect(refusal({ ...policy({ result: 'pass' }), results: [], summary: { fail: 1 } })).toMatch(/lists none/u)
  const nothing = { apiVersion: 'v1', kind: 'List', items: [] }
  expect(refusal(nothing)).toMatch(/^REPORT_AMBIGUOUS .*`openreports`, `trivy-operator`/u)
  expect(findings(nothing, { format: 'openreports' })).toEqual([])
  expect(refusal({ ...nothing, kind: 'PodList' }, { format: 'openreports' })).toMatch(/empty list of another kind/u)
})

test('trivy-operator: another kind in a list refuses the list', () => {
  const audit = { apiVersion: 'aquasecurity.github.io/v1alpha1', kind: 'ConfigAuditReport', metadata: { name: 'r', namespace: 'n' }, report: { checks: [{ checkID: 'K', success: false }, { checkID: 'L', success: true }] } }
  expect(findings({ kind: 'List', items: [audit, audit] }).map(({ rule }) => rule)).toEqual(['K', 'K'])
  expect(refusal({ kind: 'List', items: [audit, { ...audit, kind: 'Pod' }] })).toMatch(/no report that is read/u)
})

test('github-vulnerability: dismissed alerts are found, fixed ones are not, another page is said', () => {
  const answer = (alert: object, more: object = {}): object => ({ data: { repository: { vulnerabilityAlerts: { nodes: [{
    id: 'i', vulnerableManifestPath: 'go.mod', securityVulnerability: { severity: 'MODERATE', package: { name: 'a', ecosystem: 'GO' }, advisory: { identifiers: [{ type: 'CVE', value: 'CVE-1' }, { type: 'GHSA', value: 'GHSA-1' }] } }, ...alert,
  }], ...more } } } })
  expect(report(answer({ state: 'DISMISSED', dismissReason: 'tolerable' }))).toMatchObject({
    tool: 'dependabot', findings: [{ rule: 'GHSA-1', aliases: ['CVE-1'], path: 'go.mod', severity: 'medium', resource: 'pkg:golang/a' }], suppressions: [{ kind: 'DISMISSED', justification: 'tolerable' }],
  })
  expect(findings(answer({ state: 'FIXED' }))).toEqual([])
  expect(report(answer({}, { pageInfo: { hasNextPage: true } })).completed).toBe(false)
  expect(refusal({ ...answer({}), errors: [{ message: 'rate limit' }] })).toMatch(/answer with errors/u)
})

test('openvex: statements, and never a finding', () => {
  const document = (statement: object, context = 'https://openvex.dev/ns/v0.2.0'): object => ({ '@context': context, statements: [{ vulnerability: { name: 'CVE-1' }, products: [{ '@id': 'pkg:npm/a' }, 'pkg:npm/b'], status: 'fixed', ...statement }] })
  expect(report(document({}))).toMatchObject({ findings: [], suppressions: [], statements: [{ vulnerability: 'CVE-1', products: ['pkg:npm/a', 'pkg:npm/b'], status: 'fixed' }] })
  expect(report(document({ vulnerability: 'CVE-2' })).statements[0]?.vulnerability).toBe('CVE-2')
  expect(refusal(document({ status: 'ignored' }))).toMatch(/unknown `status`/u)
  expect(refusal(document({}, 'https://example.com/'))).toMatch(/^REPORT_UNRECOGNISED /u)
})

describe('any file', () => {
  test('two readers that know it make it nobody\'s', () => {
    expect(refusal([{ RuleID: 'r', File: 'f', StartLine: 1, code: 'c', level: 'error', file: 'f', line: 1 }])).toMatch(/^REPORT_AMBIGUOUS .*`gitleaks`, `hadolint`/u)
  })

  test('formats that do not exist', () => {
    for (const format of ['', 'Trivy', '__proto__', 'constructor']) expect(refusal('[]', { format })).toMatch(/^FORMAT_UNKNOWN /u)
  })

  test('paths that leave the repository are unknown, and the finding stays', () => {
    for (const file of ['../../etc/passwd', '/etc/passwd', 'C:\\x', 'a/../../b', './']) {
      expect(findings([{ code: 'DL1', level: 'error', file, line: 1 }]).map((finding) => 'path' in finding)).toEqual([false])
    }
    expect(findings([{ code: 'DL1', level: 'error', file: './a//b/../c', line: 0 }])).toEqual([{ tool: 'hadolint', rule: 'DL1', severity: 'high', title: 'DL1', path: 'a/c' }])
  })

  test('control characters stay what they are', () => {
    expect(findings([{ code: 'DL\u001b[2J', level: 'error', file: 'f', line: 1, message: 'a\u202eb' }])).toMatchObject([{ rule: 'DL\u001b[2J', message: 'a\u202eb' }])
  })

  test('more than 256 MiB, and sources that are not as large as they say', () => {
    const source = (size: number, given: number): Parameters<typeof readReports>[0] => ({ name: 's', size, read: (into, position) => { const count = Math.max(0, Math.min(into.length, given - position)); into.fill(0x20, 0, count); return count } })
    const code = (size: number, given: number): string => { const answer = readReports(source(size, given), { format: 'trivy' }); return answer.ok ? 'read' : answer.problems[0].code }
    expect([code(256 * 1024 * 1024 + 1, 0), code(10, 5), code(10, 20), code(10, 10)]).toEqual(['REPORT_TOO_LARGE', 'REPORT_UNREADABLE', 'REPORT_UNREADABLE', 'JSON_EMPTY'])
  })
})
