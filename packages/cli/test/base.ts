/** What the sessions' repository holds to begin with. Windows lie far in the past or the future, so that the clock says nothing. */
export const workspace = `apiVersion: exeat.dev/v1
kind: Workspace
metadata: { name: workspace }
spec:
  id: acme/payments
  protectedRef: main
  sources:
    - { name: acme/payments, forge: github, repositoryId: "1001" }
    - { name: acme/ledger, forge: github, repositoryId: "1002" }
  environments:
    - { name: development, proof: asserted }
    - { name: staging, proof: asserted }
    - { name: production, protected: true, proof: workload }
`

export const policies = `apiVersion: exeat.dev/v1
kind: OptOutPolicy
metadata: { name: development }
spec:
  controls: ["trivy/*", "semgrep/*"]
  environments: [development, staging]
  effect: permit
  request: anyone
  approve: none
  activate: anyone
  mfa: none
  limits: { duration: 3650d, findings: 10 }
  requires: { impact: false }
---
apiVersion: exeat.dev/v1
kind: OptOutPolicy
metadata: { name: never-backdoors }
spec:
  controls: ["trivy/CVE-2024-3094"]
  effect: forbid
  message: a backdoor is removed, not excused
`

interface Result {
  readonly rule: string
  readonly path?: string
  readonly line?: number
  readonly message?: string
  readonly suppressions?: readonly unknown[]
}

/** SARIF of Trivy with these results. */
export function sarif(results: readonly Result[], tool = 'Trivy'): string {
  return JSON.stringify({
    version: '2.1.0', $schema: 'https://json.schemastore.org/sarif-2.1.0.json',
    runs: [{
      tool: { driver: { name: tool, rules: [...new Set(results.map(({ rule }) => rule))].map((id) => ({ id, properties: { 'security-severity': '8.0' } })) } },
      results: results.map(({ rule, path, line, message, suppressions }) => ({
        ruleId: rule, message: { text: message ?? `${rule} was found` },
        ...(path === undefined ? {} : { locations: [{ physicalLocation: { artifactLocation: { uri: path }, region: { startLine: line ?? 1 } } }] }),
        ...(suppressions === undefined ? {} : { suppressions }),
      })),
    }],
  }, undefined, 1)
}

export const base: ReadonlyMap<string, string> = new Map([
  ['.exeat/workspace.yaml', workspace],
  ['.exeat/policies.yaml', policies],
  ['log4j.sarif', sarif([{ rule: 'CVE-2021-44228', path: 'services/ledger/pom.xml', line: 12 }])],
  ['clean.sarif', sarif([])],
])
