/** A server with much to look at: opt-outs in every state, made at its socket in an environment that takes no second factor, and a person who has signed in. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Person } from '@exeat/testkit/browser'
import { instant, optOut } from '../../cli/test/log-world.ts'
import type { PeopleWorld } from '../../cli/test/people-world.ts'

const hour = 3_600_000
const operator = (name: string): string => `, { iss: "exeat:operator", sub: ${name} }]`

const staging = (name: string, controls: string, more = ''): string => `apiVersion: exeat.dev/v1
kind: OptOutPolicy
metadata: { name: ${name} }
spec:
  controls: [${controls}]
  environments: [staging, development]
  effect: permit
  request: { groups: [engineering] }
  approve: [{ groups: [security], count: 1 }]
  activate: { groups: [engineering] }
  revoke: { groups: [engineering, security] }
  mfa: none
  limits: { duration: 14d, findings: 10 }
  requires: { targets: [repositories, environments], impact: false }
${more}`

const forbid = `apiVersion: exeat.dev/v1
kind: OptOutPolicy
metadata: { name: secrets-never }
spec: { controls: ["gitleaks/*"], effect: forbid, message: rotate the secret instead }
`

export interface Made {
  readonly control?: string
  readonly owner?: string
  readonly category?: string
  readonly reason?: string
  readonly environment?: string
  /** Milliseconds from now. */
  readonly until?: number
  readonly limits?: string
}

export const documentOf = (name: string, { control = 'semgrep/eval-injection', owner = 'alice@acme.example', category = 'waiver', reason = `The fix of ${name} waits for the next release.`, environment = 'staging', until = 48 * hour, limits }: Made = {}): string =>
  optOut(name, { until, ...(limits === undefined ? {} : { limits }) }).replace('trivy/CVE-2019-12900', control).replace('environments: [development]', `environments: [${environment}]`).replace(/, resources: .*?\]/, '')
    .replace(/reason: .*/, `reason: ${JSON.stringify(reason)}`).replace('owner: alice@acme.example', `owner: ${JSON.stringify(owner)}`).replace('category: waiver', `category: ${category}`)

/** Governs from then on: an environment `staging`, and people at the socket. */
export function governBusily(world: PeopleWorld): void {
  const text = readFileSync(join(world.dir, '.exeat/workspace.yaml'), 'utf8')
  world.merge({
    '.exeat/workspace.yaml': text.replace('    - { name: production', '    - { name: staging, proof: asserted }\n    - { name: production')
      .replace('sub: ann }]', `sub: ann }${operator('alice')}`).replace('sub: ben }]', `sub: ben }${operator('bob')}`),
    '.exeat/policies/staging.yaml': staging('staging-code', '"semgrep/*", "checkov/*"'),
    '.exeat/policies/jobs.yaml': staging('staging-images', '"grype/*"', '  wildcards: true\n'),
    '.exeat/policies/secrets.yaml': forbid,
  })
}

const done = (world: PeopleWorld, args: readonly string[]): void => {
  const ran = world.exeat(args)
  if (ran.exit !== 0 && ran.exit !== 4) throw new Error(`exeat ${args.join(' ')}: ${ran.stdout}${ran.stderr}`)
}

/** As far as it is to go. */
export function make(world: PeopleWorld, name: string, to: 'proposed' | 'approved' | 'active' | 'revoked', made: Made = {}): void {
  world.merge({ [`.exeat/opt-outs/${name}.yaml`]: documentOf(name, made) })
  done(world, ['request', name, '--actor', 'alice'])
  if (to === 'proposed') return
  done(world, ['approve', name, '--actor', 'bob', '--yes'])
  if (to === 'approved') return
  done(world, ['activate', name, '--actor', 'alice', '--yes'])
  if (to === 'revoked') done(world, ['revoke', name, '--actor', 'bob', '--reason', 'it is fixed'])
}

/** Enrols a passkey, has a founder vouch for it, and signs in. */
export async function signIn(world: PeopleWorld, { page }: Person, name: 'ann' | 'ben'): Promise<void> {
  await page.goto(world.invite(name))
  await page.getByLabel('Name of this key').fill(`laptop of ${name}`)
  await page.getByRole('button', { name: 'Enrol a passkey' }).click()
  await page.getByRole('heading', { name: 'Key enrolled' }).waitFor()
  world.vouch(await page.locator('output.code').textContent() ?? '', name)
  await page.goto(`${world.origin}/`)
  await page.getByRole('button', { name: 'Sign in with a passkey' }).click()
  await page.getByRole('heading', { name: 'Now', exact: true }).waitFor()
}

/** Declared at the command line, and tapped for in this person's browser. */
export async function declare(world: PeopleWorld, { page }: Person, name: string): Promise<void> {
  world.merge({ [`.exeat/opt-outs/${name}.yaml`]: optOut(name, { until: 2 * hour }).replace('category: waiver', 'category: emergency').replace('CVE-2019-12900', 'CVE-2018-25032') })
  const declared = world.exeatTold(['emergency', name, '--team', 'engineering', '--server', world.origin], (said) => /type {2}(\S+)/.exec(said)?.[1])
  await page.goto(`${world.origin}/device`)
  await page.getByLabel('Code').fill(await declared.told)
  await page.getByRole('button', { name: 'Look at it' }).click()
  await page.getByRole('button', { name: 'Go on' }).click()
  await page.getByRole('button', { name: 'Declare the emergency…' }).click()
  const { exit, stderr } = await declared.ended
  if (exit !== 0) throw new Error(stderr)
}

/** Signs the command line in, from this person's browser. */
export async function signInTerminal(world: PeopleWorld, { page }: Person): Promise<void> {
  const signedIn = world.exeatTold(['login', '--server', world.origin], (said) => /type {2}(\S+)/.exec(said)?.[1])
  await page.goto(`${world.origin}/device`)
  await page.getByLabel('Code').fill(await signedIn.told)
  await page.getByRole('button', { name: 'Look at it' }).click()
  await page.getByRole('button', { name: 'Sign it in' }).click()
  await page.getByRole('status').first().waitFor()
  const { exit, stderr } = await signedIn.ended
  if (exit !== 0) throw new Error(stderr)
}

export { hour, instant }
