import { createHash } from 'node:crypto'
import { afterEach, beforeEach, expect } from 'vitest'
import type { Problem, Sha256 } from '@exeat/core'
import { ExeatError } from '@exeat/core/error'
import { isolatedGitEnvironment, temporaryClone, temporaryFolder, temporaryRepository, type TemporaryRepository } from '../../testkit/src/index.ts'
import { rmSync } from 'node:fs'

export const sha256: Sha256 = (bytes) => createHash('sha256').update(bytes).digest()

export const workspace = `apiVersion: exeat.dev/v1
kind: Workspace
metadata: { name: acme }
spec:
  id: acme-1
  protectedRef: main
  sources:
    - { name: acme/governance, forge: github, repositoryId: "1001" }
    - { name: acme/payments, forge: github, repositoryId: "1002", may: [optOuts] }
  environments:
    - { name: test, proof: asserted }
`

export const policy = `apiVersion: exeat.dev/v1
kind: OptOutPolicy
metadata: { name: open }
spec:
  controls: ["trivy/*"]
  environments: [test]
  effect: permit
  request: anyone
  approve: none
  activate: anyone
  mfa: none
  limits: { duration: 14d, findings: 10 }
  requires: { impact: false }
`

export const optOut = (name: string, more = '  targets: { repositories: [acme/payments] }\n'): string => `apiVersion: exeat.dev/v1
kind: OptOut
metadata: { name: ${name} }
spec:
  controls: [trivy/CVE-2021-44228]
${more}  category: waiver
  reason: The fixed release breaks start-up.
  owner: alice@acme.example
  window: { from: "2026-11-22T10:00:00Z", until: "2026-11-24T10:00:00Z" }
  limits: { findings: 3 }
`

export const governanceFiles = {
  '.exeat/workspace.yaml': workspace,
  '.exeat/policies/open.yaml': policy,
  '.exeat/opt-outs/log4j.yaml': optOut('log4j'),
} as const

/** Problems of the refusal that `run` must end with. */
export async function problemsOf(run: Promise<unknown>): Promise<readonly Problem[]> {
  const error: unknown = await run.then(() => undefined, (thrown: unknown) => thrown)
  expect(error).toBeInstanceOf(ExeatError)
  return (error as ExeatError).problems
}

export const codesOf = async (run: Promise<unknown>): Promise<readonly string[]> => (await problemsOf(run)).map(({ code }) => code)

/** The command of a hint, as a person would copy it: what stands in its first backticks. */
export const commandIn = (hint: string | undefined): string => /`([^`]+)`/.exec(hint ?? '')?.[1] ?? ''

/** Repositories and folders that vanish after each test, and git kept from this machine's configuration. */
export function repositories(): {
  readonly repository: typeof temporaryRepository
  readonly clone: typeof temporaryClone
  readonly folder: typeof temporaryFolder
} {
  const made: (() => void)[] = []
  const before: Record<string, string | undefined> = {}
  const kept = <T extends TemporaryRepository>(repository: T): T => {
    made.push(repository.remove)
    return repository
  }
  beforeEach(() => {
    for (const name of ['GIT_CONFIG_GLOBAL', 'GIT_CONFIG_NOSYSTEM']) {
      before[name] = process.env[name]
      process.env[name] = isolatedGitEnvironment[name]
    }
  })
  afterEach(() => {
    for (const [name, value] of Object.entries(before)) {
      if (value === undefined) delete process.env[name]
      else process.env[name] = value
    }
    for (const remove of made.splice(0)) remove()
  })
  return {
    repository: (...args) => kept(temporaryRepository(...args)),
    clone: (...args) => kept(temporaryClone(...args)),
    folder: () => {
      const dir = temporaryFolder()
      made.push(() => { rmSync(dir, { recursive: true, force: true }) })
      return dir
    },
  }
}
