/** What the server decides at its socket is what the gate decides beside it: of the same clone, reports and opt-outs, finding by finding. */
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Instant, parseInstant, type Reason } from '@exeat/core'
import { apiClient } from '@exeat/client'
import { readGovernance } from '@exeat/git'
import { bundlePins, type SignedDecision, verifyDecision } from '@exeat/verify'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { sha256, verifySignature } from '../src/log/crypto.ts'
import { unixTransport } from '../src/log/unix-transport.ts'
import { builtCommand } from './built.ts'
import { countedUses, json, logWorld, type World } from './log-world.ts'

const main = builtCommand()
let world: World
beforeAll(async () => { world = await logWorld(main, 'acme/payments', { workspace: (id) => workspace(id) }) }, 60_000)
afterAll(async () => { await world.remove() })

const workspace = (id: string): string => `apiVersion: exeat.dev/v1
kind: Workspace
metadata: { name: workspace }
spec:
  id: ${id}
  protectedRef: main
  sources: [{ name: acme/payments, forge: none, repositoryId: "1001" }]
  environments:
    - { name: development, proof: asserted }
    - { name: proven, proof: workload }
    - { name: production, protected: true, proof: workload }
  gates:
    - { thresholds: [{ tools: [trivy], severity: critical }] }
    - { environments: [production], requiredTools: [grype] }
  alerts: [{ name: oncall, url: "http://127.0.0.1:9/" }]
  groups:
    engineering: [{ iss: "exeat:operator", sub: alice }, { iss: "exeat:operator", sub: carol }]
    security: [{ iss: "exeat:operator", sub: bob }, { iss: "exeat:operator", sub: dora }]
`

interface Gate {
  readonly exit: number
  readonly facts: { readonly commit: { readonly value: string } }
  readonly decisions: readonly { readonly control: string; readonly outcome: string; readonly reasons: readonly Reason[]; readonly optOut?: { readonly name: string; readonly uid: string; readonly until: string; readonly evidence: string } }[]
  readonly blocks: readonly { readonly code: string; readonly tool?: string }[]
  readonly summary: object
  readonly evidence: string
}

async function decided(report: Uint8Array, environment: string, commit: string): Promise<SignedDecision> {
  const client = apiClient({ transport: unixTransport(world.socket), base: 'http://localhost', name: 'socket' })
  const { decision } = await client.decide({ repository: 'acme/payments', commit, environment, reports: [{ name: 'trivy.json', base64: Buffer.from(report).toString('base64') }] })
  const { workspace: { document } } = await readGovernance({ dir: world.dir, sha256 })
  const pins = bundlePins(document, sha256)
  if (!pins.ok) throw new Error(pins.problem.message)
  const run = { now: Date.now() as Instant, repository: '1001', commit, environment, reports: [createHash('sha256').update(report).digest('hex')], proven: false }
  const verified = verifyDecision(decision, pins.value, run, { sha256, verify: verifySignature })
  if (!verified.ok) throw new Error(`${verified.problem.code}: ${verified.problem.message}`)
  return verified.value.decision
}

/** Both, held against each other; answers what both said. */
async function both(environment = 'development'): Promise<SignedDecision> {
  const ran = world.exeat(['gate', 'trivy.json', '--env', environment, '--trust', 'log', '--format', 'json'])
  const gate = json(ran) as unknown as Gate
  const decision = await decided(readFileSync(join(world.dir, 'trivy.json')), environment, gate.facts.commit.value)
  expect(decision.exit).toBe(ran.exit)
  expect(decision.decisions.map(({ control, outcome, reasons, optOut }) => ({ control, outcome, reasons, optOut: optOut ?? null })))
    .toEqual(gate.decisions.map(({ control, outcome, reasons, optOut }) => ({
      control, outcome, reasons: reasons.map(({ code }) => code), optOut: optOut === undefined ? null : { name: optOut.name, uid: optOut.uid, until: parseInstant(optOut.until), evidence: optOut.evidence },
    })))
  expect(decision.blocks.map(({ code, tool }) => [code, tool])).toEqual(gate.blocks.map(({ code, tool }) => [code, tool]))
  expect(decision.summary).toEqual({ ...gate.summary, evidence: gate.evidence })
  return decision
}

describe('the server and the gate', { timeout: 120_000 }, () => {
  test('without any opt-out', async () => { expect(await both()).toMatchObject({ exit: 2, summary: { excused: 0 } }) })

  test('excused: one use for both, and for every retry of either', async () => {
    world.activate('one')
    expect(await both()).toMatchObject({ exit: 0, summary: { excused: 1, blocked: 0, evidence: 'operator-asserted' } })
    await both()
    expect(countedUses(world, 'one')).toBe(1)
  })
  test('elsewhere than it is for, and where a flag proves nothing; a required tool that is missing', async () => {
    expect(await both('proven')).toMatchObject({ exit: 2, summary: { excused: 0 } })
    expect(await both('production')).toMatchObject({ exit: 2, blocks: [{ code: 'TOOL_MISSING', tool: 'grype' }], summary: { excused: 0 } })
  })
  test('revoked', async () => {
    expect(world.exeat(['revoke', 'one', '--actor', 'bob', '--reason', 'mended']).exit).toBe(0)
    expect(await both()).toMatchObject({ exit: 2, summary: { excused: 0 } })
  })
  test('limited: whichever counts first, the other finds it counted; and once they are spent both block', async () => {
    world.activate('few', { limits: '{ findings: 1, uses: 1 }' })
    expect(await both()).toMatchObject({ exit: 0 })
    expect(countedUses(world, 'few')).toBe(1)
    world.merge({ 'src.txt': '2' })
    // The first to ask for one too many ends it, so that the two are told of it in other words.
    const { facts: { commit } } = json(world.gate('--format', 'json')) as unknown as Gate
    const spent = await decided(readFileSync(join(world.dir, 'trivy.json')), 'development', commit.value)
    expect(spent).toMatchObject({ exit: 2, summary: { excused: 0 } })
    expect(await both()).toMatchObject({ exit: 2 })
    expect(countedUses(world, 'few')).toBe(1)
  })
  test('a report that cannot be read is refused by both', async () => {
    const broken = readFileSync(join(world.dir, 'trivy.json')).subarray(0, 500)
    await expect(decided(broken, 'development', '1'.repeat(40))).rejects.toMatchObject({ problems: [{ code: 'JSON_TRUNCATED' }] })
    await expect(decided(Buffer.from('[]'), 'development', '1'.repeat(40))).rejects.toMatchObject({ problems: [{ code: 'REPORT_AMBIGUOUS' }] })
  })
})
