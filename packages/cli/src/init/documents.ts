/** What `exeat init` writes under `.exeat/`. A test lints all of it. */

export interface InitFacts {
  /** Name of the repository as documents spell it: `acme/payments`. */
  readonly repository: string
  /** Branch that will govern: `main`. */
  readonly branch: string
}

const modeline = (name: string): string => `# yaml-language-server: $schema=https://exeat.dev/schemas/${name}.v1.json\n`

export const workspace = ({ repository, branch }: InitFacts): string => `${modeline('workspace')}# What is governed. It is read from the protected branch, never from the change under judgement.
apiVersion: exeat.dev/v1
kind: Workspace
metadata: { name: workspace }
spec:
  id: ${repository}                    # part of the identity of every opt-out: never change it
  protectedRef: ${branch}              # the branch whose policies and opt-outs count, without the remote

  # Repositories of the workspace. For GitHub and GitLab say \`forge: github\` and give the numeric id in quotes, which survives a
  # change of name: \`gh api repos/OWNER/NAME --jq .id\`.
  sources:
    - { name: ${repository}, forge: none, repositoryId: ${repository} }

  # An environment is \`protected\` where nobody may be waved through: its runs must prove that they are for it, and policies for it
  # may not say \`anyone\` or \`none\`.
  environments:
    - { name: development, proof: asserted }
    - { name: production, protected: true, proof: workload }

  # Findings below a threshold pass; without one every finding blocks. Required tools must have reported.
  # gates:
  #   - environments: [development]
  #     requiredTools: [trivy]
  #     thresholds: [{ tools: [trivy], severity: medium }]
`

export const developmentPolicy = `${modeline('opt-out-policy')}# Which opt-outs may exist, and on what terms. What no policy permits cannot be opted out of.
apiVersion: exeat.dev/v1
kind: OptOutPolicy
metadata: { name: development }
spec:
  # Tools are named one by one: \`*\` alone is refused, so that a new tool is not waved through by an old policy.
  controls: ["trivy/*", "grype/*", "semgrep/*", "checkov/*", "gitleaks/*"]
  environments: [development]
  severities: [info, low, medium, high]  # critical findings cannot be opted out of here
  effect: permit
  # The words \`anyone\` and \`none\` are allowed only where the environments named are unprotected.
  request: anyone
  approve: none
  activate: anyone
  mfa: none
  limits: { duration: 14d, findings: 10 }
  # With \`impact: true\`, the default, an opt-out excuses what \`exeat impact\` measured and no more.
  requires: { targets: [repositories, environments], impact: false }
`

export const productionPolicy = `${modeline('opt-out-policy')}# A pattern for production, commented out: it needs groups, signatures and, for its alerts, the log.
# Until a policy permits it, nothing in production can be opted out of.
#
# apiVersion: exeat.dev/v1
# kind: OptOutPolicy
# metadata: { name: production-vulnerabilities }
# spec:
#   controls: ["trivy/*", "grype/*"]
#   environments: [production]
#   severities: [high, critical]
#   effect: permit
#   request: { groups: [engineering] }
#   approve:
#     - { groups: [security], count: 1 }
#     - { groups: [service-owners], count: 1 }
#   activate: { groups: [engineering, sre] }
#   mfa: { evidence: user-signed, maxAge: 5m }
#   limits: { duration: 14d, totalDuration: 30d, renewals: 2, findings: 10 }
#   requires: { targets: [repositories, environments], ticket: '^(INC|SEC)-[0-9]+$', compensatingControl: true }
# ---
# A forbid wins over every permit, and has no exception.
# apiVersion: exeat.dev/v1
# kind: OptOutPolicy
# metadata: { name: never-secrets }
# spec:
#   controls: ["gitleaks/*"]
#   effect: forbid
#   message: a leaked secret is rotated, not excused
`

export const exampleOptOut = ({ repository }: InitFacts): string => `${modeline('opt-out')}# An example, commented out. Copy it to a file of its own, fill it in, and merge it into the protected branch.
#
# apiVersion: exeat.dev/v1
# kind: OptOut
# metadata: { name: log4j-hotfix }        # never used again, not even after it has ended
# spec:
#   controls: [trivy/CVE-2021-44228]      # as \`exeat gate\` names it
#   targets:                              # all keys must hold, one entry of each
#     repositories: [${repository}]
#     environments: [development]
#     paths: [services/ledger/pom.xml]
#   category: waiver                      # waiver | mitigated | false-positive | emergency
#   reason: The fixed release breaks ledger start-up; rebuilt on Monday.
#   owner: alice@acme.example
#   window: { from: 2026-11-22T10:00:00Z, until: 2026-11-24T10:00:00Z }   # date, time and offset
#   limits: { findings: 3 }
`

export const developmentTest = ({ repository }: InitFacts): string => `${modeline('opt-out-test')}# What the policies must answer, at a clock of its own. Run by \`exeat test\`.
apiVersion: exeat.dev/v1
kind: OptOutTest
metadata: { name: development }
spec:
  cases:
    - name: a finding without an opt-out blocks
      now: 2026-11-22T10:00:00Z
      facts: { repository: ${repository}, environment: development }
      finding: { control: trivy/CVE-0000-00000, severity: high, path: an/example.lock }
      expect: { outcome: blocked, code: NO_OPTOUT }
`
