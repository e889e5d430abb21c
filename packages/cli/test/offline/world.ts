/** A server that goes down two hours after a bundle was fetched, and two people with security keys. */
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import Ajv2020 from 'ajv/dist/2020.js'
import { isolatedGitEnvironment } from '@exeat/testkit'
import { offlineNamespace } from '@exeat/verify/offline'
import { type SshKey, sshKey, type SshSigning } from '../../../testkit/src/ssh-authenticator.ts'
import { logWorld, type World } from '../log-world.ts'
import type { Ran } from '../session.ts'

export const people = ['ann', 'ben', 'cid', 'eve'] as const
export type Name = (typeof people)[number]
export const mail = (name: Name): string => `${name}@acme.example`
export const keys: Readonly<Record<Name, SshKey>> = { ann: sshKey('sk-ed25519'), ben: sshKey('sk-p256'), cid: sshKey('sk-ed25519'), eve: sshKey('sk-ed25519') }

const workspace = (id: string): string => `apiVersion: exeat.dev/v1
kind: Workspace
metadata: { name: workspace }
spec:
  id: ${id}
  protectedRef: main
  sources: [{ name: acme/payments, forge: none, repositoryId: "1001" }]
  environments:
    - { name: development, proof: asserted }
    - { name: staging, proof: asserted }
    - { name: production, protected: true, proof: workload }
  gates: [{ thresholds: [{ tools: [trivy], severity: critical }] }]
  alerts: [{ name: oncall, url: "http://127.0.0.1:9/" }]
  groups:
    sre: [{ iss: git, sub: ann@acme.example }, { iss: git, sub: ben@acme.example }, { iss: git, sub: cid@acme.example }]
    security: [{ iss: "exeat:operator", sub: bob }]
`

export const policyText = (emergency = 'mfa: { evidence: user-signed }, offline: true'): string => `apiVersion: exeat.dev/v1
kind: OptOutPolicy
metadata: { name: development }
spec:
  controls: ["trivy/*"]
  environments: [development, staging]
  effect: permit
  request: { groups: [sre] }
  approve: [{ groups: [security], count: 1 }]
  activate: { groups: [sre] }
  mfa: none
  limits: { duration: 14d, findings: 10 }
  requires: { targets: [repositories, environments] }
  emergency: { groups: [sre], duration: 4h, reviewers: [security], reviewWithin: 72h, ${emergency} }
  alerts: [oncall]
`

export const signersText = (names: readonly Name[] = people): string => names.map((name) => `${mail(name)} namespaces="exeat-offline@v1" ${keys[name].line}\n`).join('')

export interface OfflineWorld extends World {
  /** The commit that is judged; the protected branch goes on without it. */
  readonly commit: string
  /** Merges files into the protected branch, and leaves the clone at `commit`. */
  mergeBeside(files: Readonly<Record<string, string | Uint8Array | null>>): void
  /** Writes a grant for what blocks; answers its path in the clone. */
  prepare(...more: readonly string[]): string
  /** Merges a grant, signed by these people with emulated keys. */
  grant(path: string, ...signing: readonly (Name | readonly [SshKey, Partial<SshSigning>])[]): void
  gateDown(...args: readonly string[]): Ran
  git(...args: readonly string[]): string
}

export const prepareArgs = (env = 'development'): readonly string[] =>
  ['offline', 'prepare', 'trivy.json', '--env', env, '--team', 'sre', '--owner', 'ann@acme.example', '--reason', 'payments are down and the server is too', '--format', 'json']

/** From now on every process believes that it is so much later. */
export function shiftClock(folder: string, milliseconds: number): void {
  const file = join(folder, 'clock.mjs')
  writeFileSync(file, `const R = Date; globalThis.Date = class extends R { constructor(...a) { if (a.length === 0) super(R.now() + ${milliseconds}); else super(...a) } static now() { return R.now() + ${milliseconds} } }\n`)
  process.env['NODE_OPTIONS'] = `--import=${file}`
}

export async function offlineWorld(main: string, policy = policyText()): Promise<OfflineWorld> {
  delete process.env['NODE_OPTIONS']
  const world = await logWorld(main, 'acme/payments', { workspace, policy })
  const git = (...args: readonly string[]): string =>
    execFileSync('git', args, { cwd: world.dir, env: { ...process.env, ...isolatedGitEnvironment }, stdio: ['ignore', 'pipe', 'pipe'] }).toString().trim()
  const commit = world.merge({ '.exeat/allowed_signers': signersText() })
  const first = world.gate()
  if (first.exit !== 2) throw new Error(`nothing blocks: ${first.stdout}${first.stderr}`)
  git('checkout', '--quiet', '--detach', commit)
  const beside = (files: Readonly<Record<string, string | Uint8Array | null>>): void => {
    git('checkout', '--quiet', 'main')
    for (const [path, content] of Object.entries(files)) {
      mkdirSync(dirname(join(world.dir, path)), { recursive: true })
      if (content === null) rmSync(join(world.dir, path), { force: true, recursive: true })
      else writeFileSync(join(world.dir, path), content)
    }
    world.merge()
    git('checkout', '--quiet', '--detach', commit)
  }
  // `url` is read anew: the port is known once it serves.
  return Object.assign(world, {
    commit, git, mergeBeside: beside,
    prepare: (...more: readonly string[]): string => {
      const ran = world.exeat([...prepareArgs(), ...more])
      if (ran.exit !== 0) throw new Error(`${ran.stdout}${ran.stderr}`)
      return checked(ran, 'offline-grant')['file'] as string
    },
    grant: (path: string, ...signing: readonly (Name | readonly [SshKey, Partial<SshSigning>])[]): void => {
      const bytes = readFileSync(join(world.dir, path))
      const files = signing.map((each, i): [string, string] => {
        const [key, how] = typeof each === 'string' ? [keys[each], {}] as const : each
        return [`${dirname(path)}/${i}.sshsig`, key.sign(bytes, { namespace: offlineNamespace, ...how })]
      })
      rmSync(join(world.dir, dirname(path)), { recursive: true })
      beside({ [path]: bytes, ...Object.fromEntries(files) })
    },
    gateDown: (...args: readonly string[]): Ran => world.exeat(['gate', 'trivy.json', '--env', 'development', ...args]),
  })
}

const schemas = fileURLToPath(new URL('../../../../schemas/output/', import.meta.url))
const ajv = new Ajv2020.default({ allErrors: true, strict: true, allowUnionTypes: true, formats: { 'date-time': true } })
for (const name of readdirSync(schemas)) ajv.addSchema(JSON.parse(readFileSync(join(schemas, name), 'utf8')) as object)

/** The JSON that a command printed, held against the committed schema. */
export function checked(ran: Ran, schema: 'gate-result' | 'offline-grant' | 'act-result'): Record<string, unknown> {
  const value = JSON.parse(ran.stdout) as Record<string, unknown>
  const validate = ajv.getSchema(`https://exeat.dev/schemas/output/${schema}.v1.json`)
  if (validate?.(value) !== true) throw new Error(`${ran.stdout.slice(0, 500)}: ${JSON.stringify(validate?.errors?.slice(0, 3) ?? 'no schema')}`)
  return value
}

/** What a point remembers of grants that excused something. */
export function rememberedUses({ state }: World): readonly string[] {
  const folder = join(state, 'exeat', 'gate', 'offline')
  return existsSync(folder) ? readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.json')) : []
}
