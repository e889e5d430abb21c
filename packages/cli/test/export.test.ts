import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import Ajv2020 from 'ajv/dist/2020.js'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { describeWith, type TemporaryRepository } from '@exeat/testkit'
import { base, policies, sarif } from './base.ts'
import { builtCommand } from './built.ts'
import { runExeat, type Ran, sessionRepository } from './session.ts'

const schemas = fileURLToPath(new URL('../../../schemas/output/', import.meta.url))
const ajv = new Ajv2020.default({ allErrors: true, strict: true, allowUnionTypes: true })
for (const name of readdirSync(schemas)) ajv.addSchema(JSON.parse(readFileSync(join(schemas, name), 'utf8')) as object)

const optOut = (name: string, control: string, until: string, path = ''): string => `apiVersion: exeat.dev/v1
kind: OptOut
metadata: { name: ${name} }
spec:
  controls: [${control}]
  targets: { repositories: [acme/payments], environments: [development]${path} }
  category: waiver
  reason: the fix is being rebuilt
  owner: alice@acme.example
  window: { from: 2026-01-01T00:00:00Z, until: ${until} }
  limits: { findings: 3 }
`

const trivy = (...rules: readonly string[]): string => JSON.stringify({
  SchemaVersion: 2, ArtifactName: '.', ArtifactType: 'filesystem', Results: [{
    Target: 'go.mod', Class: 'lang-pkgs', Type: 'gomod',
    Vulnerabilities: rules.map((id) => ({ VulnerabilityID: id, PkgName: 'example.org/lib', InstalledVersion: '1.2.3', Severity: 'HIGH', PkgIdentifier: { PURL: 'pkg:golang/example.org/lib@1.2.3' } })),
  }],
})

const assignment = '/subscriptions/s1/providers/Microsoft.Authorization/policyAssignments/baseline'
const account = '/subscriptions/s1/resourceGroups/pay/providers/Microsoft.Storage/storageAccounts/ledger'

/** One result about a resource, and none about a file. */
const ofResource = (tool: string, rule: string, resource: string, properties: object = {}): string => JSON.stringify({
  version: '2.1.0', runs: [{
    tool: { driver: { name: tool, rules: [{ id: rule }] } }, properties,
    results: [{ ruleId: rule, message: { text: 'found' }, ...(resource === '' ? {} : { locations: [{ logicalLocations: [{ fullyQualifiedName: resource, kind: 'resource' }] }] }) }],
  }],
})

const main = builtCommand()
let repository: TemporaryRepository
const run = (...args: readonly string[]): Ran => runExeat(main, ['export', ...args], repository.dir)
const exported = (...args: readonly string[]): Ran => run(...args, '--env', 'development')

beforeAll(() => {
  repository = sessionRepository(new Map([
    ...base,
    ['.exeat/policies.yaml', policies.replace('controls: ["trivy/*", "semgrep/*"]', 'controls: ["trivy/*", "semgrep/*", "gitleaks/*", "kyverno/*", "conforma/*", "azure-policy/*"]').replace('requires: { impact: false }', 'requires: { impact: false }\n  nativeForms: { allowed: true, maxLag: 1h }')],
    ['.exeat/one.yaml', optOut('one', 'trivy/CVE-2026-0001', '2035-01-01T00:00:00Z', ', paths: [go.mod]')],
    ['.exeat/ended.yaml', optOut('ended', 'trivy/CVE-2026-0002', '2026-02-01T00:00:00Z')],
    ['.exeat/leak.yaml', optOut('leak', 'gitleaks/generic-api-key', '2035-01-01T00:00:00Z')],
    ['.exeat/labels.yaml', optOut('labels', 'kyverno/require-labels', '2035-01-01T00:00:00Z')],
    ['.exeat/scan.yaml', optOut('scan', '"conforma/tasks.required_task_found:clamav-scan"', '2035-01-01T00:00:00Z')],
    ['.exeat/https.yaml', optOut('https', `"azure-policy/${assignment}#denyHttp"`, '2035-01-01T00:00:00Z')],
    ['.exeat/sem.yaml', optOut('sem', 'trivy/ds-0001', '2035-01-01T00:00:00Z')],
  ]))
  repository.write('trivy.json', trivy('CVE-2026-0001', 'CVE-2026-0002', 'CVE-2026-0003'))
  repository.write('odd.sarif', sarif([{ rule: 'ds-0001', path: 'a.txt' }]))
})
afterAll(() => { repository.remove() })

describe('exeat export', () => {
  test('writes the excused findings alone, and what is lost to standard error', () => {
    const ran = exported('--to', 'trivy', 'trivy.json')
    expect(ran.exit, ran.stderr).toBe(0)
    expect(ran.stdout.match(/CVE-\d+-\d+/gu)).toEqual(['CVE-2026-0001'])
    expect(ran.stdout).toContain('expired_at: 2034-12-31T23:59:59.999Z')
    expect(ran.stderr).toContain('.trivyignore.yaml: 1 entry for trivy')
    expect(ran.stderr).toContain('lost: one, trivy/CVE-2026-0001: use the file in `development` alone')
  })

  test('reads findings of Azure Policy and Conforma from SARIF, and of policies in CEL from a report of Kyverno', () => {
    const digest = `sha256:${'a'.repeat(64)}`
    repository.write('azure.sarif', ofResource('Azure Policy', `${assignment}#denyHttp`, account))
    repository.write('conforma.sarif', ofResource('Conforma', 'tasks.required_task_found:clamav-scan', '', { repoDigests: [`registry.example/pay@${digest}`] }))
    repository.write('kyverno.json', JSON.stringify({
      apiVersion: 'openreports.io/v1alpha1', kind: 'Report', metadata: { name: 'r', namespace: 'payments' }, scope: { kind: 'Pod', name: 'ledger' },
      results: [{ source: 'KyvernoValidatingPolicy', policy: 'require-labels', result: 'fail', severity: 'high' }],
    }))
    for (const [to, report, wanted] of [
      ['azure-policy', 'azure.sarif', `"id": "${account}/providers/Microsoft.Authorization/policyExemptions/`], ['conforma', 'conforma.sarif', `imageDigest: "${digest}"`],
      ['kyverno-cel', 'kyverno.json', 'object.metadata.name == \\"ledger\\"'],
    ] as const) {
      const ran = exported('--to', to, report)
      expect(ran.exit, ran.stderr).toBe(0)
      expect(ran.stdout).toContain(wanted)
    }
  })

  test('says in JSON what its schema says', () => {
    const validate = ajv.getSchema('https://exeat.dev/schemas/output/export-result.v1.json')
    for (const to of ['trivy', 'gitleaks', 'osv-scanner', 'opa', 'openvex', 'sarif']) {
      const ran = exported('--to', to, 'trivy.json', '--format', 'json')
      const value = JSON.parse(ran.stdout) as { readonly kind: string; readonly exit: number }
      expect(validate?.(value), JSON.stringify(validate?.errors?.slice(0, 3))).toBe(true)
      expect(ran.exit).toBe(value.exit)
    }
  })

  test('in an environment that no opt-out names nothing is written', () => {
    const ran = run('--to', 'trivy', 'trivy.json', '--env', 'staging')
    expect(ran.exit).toBe(0)
    expect(ran.stdout).not.toContain('CVE-')
  })

  test('what cannot be said is told, with exit 3', () => {
    const ran = exported('--to', 'trivy', 'odd.sarif')
    expect(ran.exit).toBe(3)
    expect(ran.stderr).toContain('NATIVE_INEXPRESSIBLE')
  })

  test.for([
    [['--to', 'nope', 'trivy.json'], 64, ''],
    [['trivy.json'], 64, ''],
    [['--to', 'trivy'], 64, 'INPUT_NONE'],
    [['--to', 'opa', 'trivy.json'], 64, 'OUTPUT_CONFLICT'],
    [['--to', 'trivy', 'missing.json'], 3, ''],
  ] as const)('%j ends with %d', ([args, exit, code]) => {
    const ran = exported(...args)
    expect(ran.exit, ran.stderr).toBe(exit)
    expect(ran.stderr).toContain(code)
    expect(ran.stdout).toBe('')
  })

  test('a report that is not whole is not exported from', () => {
    repository.write('broken-off.sarif', JSON.stringify({ version: '2.1.0', runs: [{ tool: { driver: { name: 'Trivy' } }, invocations: [{ executionSuccessful: false }], results: [] }] }))
    const ran = exported('--to', 'trivy', 'broken-off.sarif')
    expect(ran.exit, ran.stderr).toBe(2)
    expect(ran.stderr).toContain('EXPORT_BLOCKED')
  })

  test('files go below the folder and never through a link out of it', () => {
    const ran = exported('--to', 'opa', 'trivy.json', '--out', 'bundle')
    expect(ran.exit, ran.stderr).toBe(0)
    expect(existsSync(join(repository.dir, 'bundle/exeat/data.json'))).toBe(true)
    mkdirSync(join(repository.dir, 'elsewhere'))
    mkdirSync(join(repository.dir, 'trap'))
    symlinkSync('../elsewhere', join(repository.dir, 'trap/exeat'))
    expect(exported('--to', 'opa', 'trivy.json', '--out', 'trap').stderr).toContain('OUTPUT_FAILED')
    expect(readdirSync(join(repository.dir, 'elsewhere'))).toEqual([])
  })

  test('help keeps it apart from the log\'s own export', () => {
    expect(run('--help').stdout).toContain('exeat log export')
  })
})

describeWith('gitleaks', 'a round trip through Gitleaks', (gitleaks) => {
  const scan = (): Ran => {
    const { status, stdout, stderr } = spawnSync(gitleaks, ['git', '--no-banner', '--report-format', 'json', '--report-path', 'gitleaks.json', '.'], { cwd: repository.dir, encoding: 'utf8' })
    return { exit: status ?? -1, stdout, stderr }
  }
  const found = (): readonly { readonly RuleID: string; readonly File: string }[] => JSON.parse(readFileSync(join(repository.dir, 'gitleaks.json'), 'utf8')) as never

  test('the file takes exactly the excused leaks out', () => {
    repository.write('src/key.ts', `const apiKey = "${'q7Zx9Lk2Vb4Nw8Rt1Yp6Ms3Dh5Gj0Fc'}"\n`)
    repository.write('src/token.ts', `const token = "ghp_${'a8Kd03jfQ9xLmZ72bVnT45yRwPc61HsEoU2g'}"\n`)
    repository.git('add', 'src')
    repository.git('commit', '-qm', 'leak')
    scan()
    expect(found().map(({ RuleID }) => RuleID).toSorted()).toEqual(['generic-api-key', 'github-pat'])
    const ran = exported('--to', 'gitleaks', 'gitleaks.json', '--out', '.')
    expect(ran.exit, ran.stderr).toBe(0)
    expect(ran.stderr).toContain('not evaluated while excused')
    scan()
    expect(found().map(({ RuleID }) => RuleID)).toEqual(['github-pat'])
  })
})
