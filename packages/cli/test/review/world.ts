/** A repository with a protected branch, and changes that want to enter it. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import Ajv2020 from 'ajv/dist/2020.js'
import { expect } from 'vitest'
import { temporaryRepository, type TemporaryRepository } from '@exeat/testkit'
import { type Ran, runExeat } from '../session.ts'

const schemas = fileURLToPath(new URL('../../../../schemas/output/', import.meta.url))
const ajv = new Ajv2020.default({ allErrors: true, strict: true, allowUnionTypes: true })
for (const name of readdirSync(schemas)) ajv.addSchema(JSON.parse(readFileSync(join(schemas, name), 'utf8')) as object)

export const workspace = (more = ''): string => `apiVersion: exeat.dev/v1
kind: Workspace
metadata: { name: workspace }
spec:
  id: acme
  protectedRef: main
  sources: [{ name: acme/payments, forge: none, repositoryId: "1001" }]
  environments: [{ name: development, proof: asserted }, { name: production, protected: true, proof: workload }]
  alerts: [{ name: pager, url: "https://pager.acme.example/" }]
  governance: { approve: [{ groups: [governance], count: 1 }], evidence: user-signed }
  groups:
    security: [{ iss: git, sub: ben@acme.example }, { iss: git, sub: cleo@acme.example }, { iss: git, sub: alice@acme.example }]
    governance: [{ iss: git, sub: gil@acme.example }, { iss: git, sub: cleo@acme.example }]
${more}`

export const policy = (name = 'trivy', { controls = '"trivy/*"', limits = 'duration: 3650d, findings: 10', more = '', approve = '[{ groups: [security], count: 1 }]' } = {}): string => `apiVersion: exeat.dev/v1
kind: OptOutPolicy
metadata: { name: ${name} }
spec:
  controls: [${controls}]
  environments: [development]
  effect: permit
  request: anyone
  approve: ${approve}
  activate: anyone
  mfa: none
  limits: { ${limits} }
  requires: { impact: false }
${more}`

export const optOut = (name: string, { control = 'trivy/CVE-1', from = '2026-01-01T00:00:00Z', until = '2035-01-01T00:00:00Z', reason = `The fix of ${name} breaks start-up`, paths = '[pom.xml]', more = '', findings = 3 } = {}): string => `apiVersion: exeat.dev/v1
kind: OptOut
metadata: { name: ${name} }
spec:
  controls: ["${control}"]
  targets: { repositories: [acme/payments], environments: [development], paths: ${paths} }
  category: waiver
  reason: ${JSON.stringify(reason)}
  owner: alice@acme.example
  window: { from: ${from}, until: ${until} }
  limits: { findings: ${findings} }
${more}`

export const governed = { '.exeat/workspace.yaml': workspace(), '.exeat/policies/trivy.yaml': policy(), 'src/main.ts': 'export {}\n' }

type Files = Readonly<Record<string, string>>

export interface ReviewWorld {
  readonly repository: TemporaryRepository
  /** A branch `change` off `main`, with this in it; answers its head. */
  change(files: Files, options?: { readonly without?: readonly string[]; readonly message?: string; readonly env?: Readonly<Record<string, string>> }): string
  /** On `main`. */
  merge(files: Files): string
  review(...args: readonly string[]): Ran
  /** As JSON. */
  told(...args: readonly string[]): Told
  /** Writes who approved; answers the file's name. */
  approvals(by: readonly Approving[], more?: object): string
  remove(): void
}

type Approving = readonly [name: string, commit: string, more?: object]

export interface Told {
  readonly exit: number
  readonly outcome: string
  readonly optOuts: readonly { readonly name: string; readonly change: string; readonly effects: readonly string[]; readonly renewal: number; readonly digest: string; readonly problems: readonly { readonly code: string; readonly message: string }[]; readonly warnings: readonly { readonly code: string; readonly hint?: string }[]; readonly met: boolean; readonly approve: readonly object[]; readonly could: readonly { readonly sub: string }[] }[]
  readonly policies: readonly { readonly name: string; readonly change: string; readonly effect: string; readonly opens: boolean; readonly loosenings: readonly { readonly term: string }[]; readonly approve: readonly object[]; readonly met: boolean }[]
  readonly governance: { readonly changed: readonly string[]; readonly met: boolean }
  readonly problems: readonly { readonly code: string; readonly message: string }[]
  readonly warnings: readonly { readonly code: string; readonly message: string }[]
  readonly people: readonly string[]
  readonly approvals: { readonly counted: readonly { readonly sub: string }[]; readonly excluded: readonly { readonly sub: string }[]; readonly left: readonly { readonly because: string }[] }
}

export function reviewWorld(main: string, files: Files = governed): ReviewWorld {
  const repository = temporaryRepository(files)
  const { dir } = repository
  const review = (...args: readonly string[]): Ran => runExeat(main, ['review', '--base', 'main', '--head', 'change', ...args], dir)
  return {
    repository, review,
    change: (own, { without = [], message = 'Change', env = {} } = {}) => {
      repository.git('checkout', '--quiet', '-B', 'change', 'main')
      for (const [path, content] of Object.entries(own)) repository.write(path, content)
      for (const path of without) repository.git('rm', '--quiet', path)
      repository.git('add', '--all')
      repository.gitWith({ env }, 'commit', '--quiet', '--allow-empty', '-m', message)
      const head = repository.git('rev-parse', 'HEAD')
      repository.git('checkout', '--quiet', 'main')
      return head
    },
    merge: (own) => repository.commit(own),
    told: (...args) => {
      const told = JSON.parse(review('--format', 'json', ...args).stdout) as Told
      const validate = ajv.getSchema('https://exeat.dev/schemas/output/review-result.v1.json')
      expect(validate?.(told), JSON.stringify(validate?.errors?.slice(0, 3))).toBe(true)
      return told
    },
    approvals: (by, more = {}) => {
      const file = join(dir, '..', 'approvals.json')
      writeFileSync(file, JSON.stringify({ schemaVersion: 1, kind: 'ReviewApprovals', approvals: by.map(([name, commit, rest = {}]) => ({ by: { iss: 'git', sub: `${name}@acme.example` }, commit, ...rest })), ...more }))
      return file
    },
    remove: () => { repository.remove() },
  }
}
