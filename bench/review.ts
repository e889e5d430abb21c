/** `exeat review` of a change of many documents, beside reading the same documents' text from both commits, in the same run. */
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { readDocuments } from '../packages/formats/src/yaml/index.ts'
import { temporaryRepository, type TemporaryRepository } from '../packages/testkit/src/git.ts'
import { duration, timed } from './clock.ts'

const perFile = 100

const governing = {
  '.exeat/workspace.yaml': 'apiVersion: exeat.dev/v1\nkind: Workspace\nmetadata: { name: w }\nspec:\n  id: acme\n  protectedRef: main\n  sources: [{ name: acme/payments, forge: none, repositoryId: "1001" }]\n  environments: [{ name: development, proof: asserted }]\n  groups: { security: [{ iss: git, sub: ben@acme.example }] }\n  governance: { approve: [{ groups: [security], count: 1 }], evidence: user-signed }\n',
  '.exeat/policy.yaml': 'apiVersion: exeat.dev/v1\nkind: OptOutPolicy\nmetadata: { name: trivy }\nspec:\n  controls: ["trivy/*"]\n  environments: [development]\n  effect: permit\n  request: anyone\n  approve: [{ groups: [security], count: 1 }]\n  activate: anyone\n  mfa: none\n  limits: { duration: 3650d, findings: 10 }\n  requires: { impact: false }\n',
}

const optOut = (index: number, reason: string): string => `apiVersion: exeat.dev/v1
kind: OptOut
metadata: { name: o-${index} }
spec:
  controls: [trivy/CVE-${index}]
  targets: { repositories: [acme/payments], environments: [development], paths: [pom.xml] }
  category: waiver
  reason: ${reason} ${index}
  owner: alice@acme.example
  window: { from: 2026-01-01T00:00:00Z, until: 2035-01-01T00:00:00Z }
  limits: { findings: 3 }
`

const documents = (count: number, reason: string): Record<string, string> => Object.fromEntries(Array.from({ length: Math.ceil(count / perFile) }, (_, file) =>
  [`.exeat/opt-outs/${file}.yaml`, Array.from({ length: Math.min(perFile, count - file * perFile) }, (__, i) => optOut(file * perFile + i, reason)).join('---\n')]))

export function run(): void {
  const folder = mkdtempSync(join(tmpdir(), 'exeat-bench-'))
  try {
    const main = join(folder, 'built', 'main.cjs')
    execFileSync(process.execPath, [fileURLToPath(new URL('../tools/build.ts', import.meta.url)), join(folder, 'built')], { stdio: 'ignore' })
    for (const count of [100, 1000, 5000]) measure(main, count)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function measure(main: string, count: number): void {
  const before = documents(count, 'Because of')
  const after = documents(count, 'Because, since last week, of')
  const repository = temporaryRepository({ ...governing, ...before })
  try {
    repository.git('checkout', '--quiet', '-b', 'change')
    repository.commit(after)
    const took = Math.min(...[0, 1, 2].map(() => reviewed(main, repository, count)))
    const plain = Math.min(...[0, 1, 2].map(() => timed(() => {
      for (const files of [before, after]) for (const [path, text] of Object.entries(files)) readDocuments(Buffer.from(text), path)
    }).wall))
    console.log(`${String(count).padStart(6)} changed documents: ${duration(took).padStart(9)}, ${duration(took / count)} each = ${(took / plain).toFixed(1)} times reading the text of both commits`)
  } finally {
    repository.remove()
  }
}

function reviewed(main: string, { dir }: TemporaryRepository, count: number): number {
  const { wall } = timed(() => {
    const { stdout, status } = spawnSync(process.execPath, [main, 'review', '--base', 'main', '--head', 'change', '--no-cache', '--format', 'json'], { cwd: dir, encoding: 'utf8', maxBuffer: 1 << 28 })
    const told = (JSON.parse(stdout) as { readonly optOuts: readonly unknown[] }).optOuts.length
    if (status !== 4 || told !== count) throw new Error(`${told} of ${count} were told, exit ${status}`)
  })
  return wall
}
