/** A founded server whose people have passkeys: ann and ben founded it. People sign in at `http://localhost:PORT`. */
import { once } from 'node:events'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { logWorld, type World } from './log-world.ts'

const passkeyPolicy = `apiVersion: exeat.dev/v1
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
  mfa: { evidence: user-signed, maxAge: 5m }
  limits: { duration: 14d, findings: 10 }
  requires: { targets: [repositories, environments], impact: false }
  emergency: { groups: [engineering], duration: 4h, mfa: { evidence: user-signed }, reviewers: [security], reviewWithin: 72h }
  alerts: [oncall]
`

/** Ann is an engineer, ben of security; both are enrolled here, with a passkey. */
const peopleWorkspace = (more: string) => (id: string): string => `apiVersion: exeat.dev/v1
kind: Workspace
metadata: { name: workspace }
spec:
  id: ${id}
  protectedRef: main
  sources: [{ name: acme/payments, forge: none, repositoryId: "1001" }]
  environments:
    - { name: development, proof: asserted }
    - { name: production, protected: true, proof: workload }
  gates: [{ thresholds: [{ tools: [trivy], severity: critical }] }]
  alerts: [{ name: oncall, url: "http://127.0.0.1:9/" }]
  groups:
    engineering: [{ iss: "exeat:local", sub: ann }]
    security: [{ iss: "exeat:local", sub: ben }]
${more}`

export interface PeopleWorld extends World {
  /** Where people sign in. */
  readonly origin: string
  /** Makes a one-time link for a person enrolled here. */
  invite(name: string): string
  /** A founder's word that the key with this comparison code is theirs. */
  vouch(code: string, founder: string): void
}

/** `localhost`, not 127.0.0.1: WebAuthn takes no address for a relying party. */
export async function peopleWorld(main: string, more = ''): Promise<PeopleWorld> {
  const port = await freePort()
  const origin = `http://localhost:${port}`
  const world = await logWorld(main, 'acme/payments', { port, url: origin, workspace: peopleWorkspace(more), policy: passkeyPolicy })
  const done = (args: readonly string[]): string => {
    const ran = world.exeat(args)
    if (ran.exit !== 0) throw new Error(`exeat ${args.join(' ')}: ${ran.stdout}${ran.stderr}`)
    return ran.stdout
  }
  return Object.assign(world, {
    origin,
    invite: (name: string) => {
      const { url } = JSON.parse(done(['enrol', 'invite', name, '--actor', 'ann', '--format', 'json'])) as { readonly url: string }
      return url
    },
    vouch: (code: string, founder: string) => { done(['enrol', 'vouch', code, '--root-key', join(world.data, 'founders', `${founder}.key`), '--actor', founder]) },
  })
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1')
  await once(probe, 'listening')
  const { port } = probe.address() as AddressInfo
  probe.close()
  await once(probe, 'close')
  return port
}
