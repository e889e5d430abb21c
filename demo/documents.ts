/** What governs the demonstration: in `development` engineers ask, security approves, and an engineer activates. */

/** Nobody has signed in: names that an operator types. */
export const typedNames = `    engineering: [{ iss: "exeat:operator", sub: alice }, { iss: "exeat:operator", sub: carol }]
    security: [{ iss: "exeat:operator", sub: bob }]`

/** Two people with keys of their own, and somebody at the server's machine who may ask. */
export const peopleWithKeys = `    engineering: [{ iss: "exeat:local", sub: ann }, { iss: "exeat:operator", sub: alice }]
    security: [{ iss: "exeat:local", sub: ben }]`

/** `log`: the lines that `exeat init --server` printed; nothing before the log is founded. */
export const workspace = (log = '', groups = typedNames): string => `apiVersion: exeat.dev/v1
kind: Workspace
metadata: { name: demo }
spec:
  id: acme/payments
  protectedRef: main
  sources:
    - { name: acme/payments, forge: none, repositoryId: acme/payments }
  environments:
    - { name: development, proof: asserted }
  gates:
    - thresholds: [{ tools: [trivy], severity: critical }]
  groups:
${groups}
${log}`

export const developmentPolicy = (mfa = 'none'): string => `apiVersion: exeat.dev/v1
kind: OptOutPolicy
metadata: { name: development }
spec:
  controls: ["trivy/*"]
  environments: [development]
  effect: permit
  request: { groups: [engineering] }
  approve: [{ groups: [security], count: 1 }]
  activate: { groups: [engineering] }
  revoke: { groups: [engineering, security] }
  mfa: ${mfa}
  limits: { duration: 14d, findings: 10 }
  requires: { targets: [repositories, environments], impact: false }
`

export const optOut = (name: string, from: string, until: string): string => `apiVersion: exeat.dev/v1
kind: OptOut
metadata: { name: ${name} }
spec:
  controls: [trivy/CVE-2019-12900]
  targets:
    repositories: [acme/payments]
    environments: [development]
    resources: ["pkg:apk/*libbz2*"]
  category: waiver
  reason: The image is rebuilt on the next base release; bzip2 is not called on input from outside.
  owner: alice@acme.example
  window: { from: ${from}, until: ${until} }
  limits: { findings: 1 }
`
