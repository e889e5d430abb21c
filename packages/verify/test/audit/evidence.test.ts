/** The auditor by itself, over a real log: SSH beside passkeys, what is not there, and input of any kind. */
import { envelopeBytes } from '@exeat/core/envelope'
import { decodeLeaf, SALT_SIZE } from '@exeat/core/entry'
import { credentialDigest } from '@exeat/core/enrolment'
import { formatVerifierKey } from '@exeat/log'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { sshKey } from '../../../testkit/src/ssh-authenticator.ts'
import { testSigner } from '../../../testkit/src/log-store-kit.ts'
import { delegationOperation } from '../../../server/src/genesis/entry.ts'
import { signedBy } from '../../../server/src/genesis/found.ts'
import { founders, approvedBy, day, peopleWorkspace, peopleWorld, type PeopleWorld, askedFor, activatedBy, mergedNow, who } from '../../../server/test/identity/people.ts'
import { sqlite } from '../../../server/test/sqlite-kind.ts'
import { createUseCases } from '../../../server/src/use/index.ts'
import { newKey, origin, start } from '../../../server/test/use/support.ts'
import { sha256, verifySignature } from '../../../server/src/store/ed25519.ts'
import { type DocumentReader, type EvidenceAudit, evidenceAuditor, type SoughtBody } from '../../src/audit/index.ts'
import type { Delegation } from '../../src/index.ts'
import { deps } from '../evidence/support.ts'

let at: PeopleWorld
let leaves: readonly string[] = []
let bodies: ReadonlyMap<number, SoughtBody> = new Map()
const documents: DocumentReader = async (kind, digest) => documentsOf(at)(kind, digest)
const documentsOf = ({ log: store }: PeopleWorld): DocumentReader => async (kind, digest) => {
  const bytes = await store.body(kind, digest)
  return bytes === undefined ? { state: 'absent' } : { state: 'found', value: JSON.stringify(JSON.parse(Buffer.from(bytes).toString('utf8'))) }
}
const log = testSigner(1, origin)

beforeAll(async () => {
  at = await peopleWorld(sqlite)
  await found()
  await at.founder('ann')
  await bySsh()
  await mergedNow(at, 'log4j')
  await activatedBy(at, 'ann', 'log4j')
  const read = await readAll(at)
  leaves = read.leaves
  bodies = read.bodies
})
afterAll(async () => at.close())

interface Read {
  readonly world: PeopleWorld
  readonly leaves: readonly string[]
  readonly bodies: ReadonlyMap<number, SoughtBody>
}

async function readAll(world: PeopleWorld): Promise<Read> {
  const { size } = await world.log.head()
  const read = await Promise.all(Array.from({ length: size }, async (_, index) => Buffer.from((await world.log.entry(index))?.entry ?? []).toString('utf8')))
  const found = new Map<number, SoughtBody>()
  for (const [index, leaf] of read.entries()) {
    const bytes = await world.log.body('event', decodeLeaf(leaf)?.body ?? '')
    if (bytes !== undefined) found.set(index, { state: 'found', value: { salt: Buffer.from(bytes.subarray(0, SALT_SIZE)).toString('base64'), event: Buffer.from(bytes.subarray(SALT_SIZE)).toString('utf8') } })
  }
  return { world, leaves: read, bodies: found }
}

/** As it is, nothing changed. */
async function auditOf(read: Read): Promise<EvidenceAudit> {
  const auditor = evidenceAuditor({ origin, log: [log] }, documentsOf(read.world), { sha256, verify: verifySignature, evidence: deps })
  for (const [index, leaf] of read.leaves.entries()) await auditor.add(index, leaf, read.bodies.get(index) ?? { state: 'absent' })
  return auditor.finish()
}

async function found(world: PeopleWorld = at): Promise<void> {
  const roots = [founders.ann, founders.ben]
  const delegation: Delegation = {
    schema: 'exeat/delegation/v1', workspace: 'acme-1', origin, epoch: 1, previous: null, roots: roots.map((key) => ({ name: key.name, key: formatVerifierKey(key) })),
    keys: { log: formatVerifierKey(log), bundle: formatVerifierKey(testSigner(31, `${origin}/bundle`)), webhook: formatVerifierKey(testSigner(32, `${origin}/webhook`)) }, at: start as never,
  }
  const answer = await world.log.append(delegationOperation({ delegation, envelope: signedBy(delegation, roots), pseudonymKey: new Uint8Array(32) }))
  if (!answer.ok) throw new Error(answer.problem.message)
}

/** Ben approves with a FIDO2 key of OpenSSH. */
async function bySsh(): Promise<void> {
  const key = sshKey('sk-ed25519')
  const credential = { kind: 'ssh', publicKey: Buffer.from(key.blob).toString('base64url') } as const
  const enrolment = await at.useCases.enrol(at.person('ben'), { credential, label: 'security key' }, newKey())
  await at.rootVouch('ben', credentialDigest(who('ben'), credential, sha256))
  const signed = await askedFor(at, 'log4j')
  const { envelope } = await at.useCases.prepare(at.person('ben'), { purpose: 'approve', id: 'log4j', signed })
  const signature = Buffer.from(key.raw(envelopeBytes(envelope), { namespace: 'exeat-act@v1' })).toString('base64url')
  await at.useCases.approve({ ...at.person('ben'), tap: async () => ({ envelope, evidence: { strength: 'user-signed', kind: 'ssh', enrolment, signature } }) }, 'log4j', signed, newKey())
}

interface Change {
  readonly body?: (index: number) => SoughtBody | undefined
  readonly document?: DocumentReader
  readonly roots?: readonly ReturnType<typeof testSigner>[]
  readonly log?: ReturnType<typeof testSigner>
}

async function audit({ body, document = documents, roots, log: signer = log }: Change = {}): Promise<EvidenceAudit> {
  const auditor = evidenceAuditor({ origin, log: [signer], ...(roots === undefined ? {} : { roots }) }, document, { sha256, verify: verifySignature, evidence: deps })
  for (const [index, leaf] of leaves.entries()) await auditor.add(index, leaf, body?.(index) ?? bodies.get(index) ?? { state: 'absent' })
  return auditor.finish()
}

const typed = (type: string): number => leaves.findIndex((leaf) => leaf.includes(`dev.exeat.${type}.v1`))
const faults = (told: EvidenceAudit): readonly (readonly string[])[] => told.faults.map(({ kind, code }) => [kind, code])
const act = (told: EvidenceAudit, type: string) => told.acts.find((each) => each.type === `dev.exeat.${type}.v1`)
const only = (index: number, body: SoughtBody) => (each: number): SoughtBody | undefined => (each === index ? body : undefined)

test('an approval by an SSH key, and an activation by a passkey', async () => {
  const told = await audit()
  expect(faults(told)).toEqual([])
  expect(act(told, 'optout.approved')).toMatchObject({ state: 'verified', by: who('ben'), name: 'log4j', evidence: { kind: 'ssh', userVerified: true, key: { label: 'security key', attested: false } } })
  expect(act(told, 'optout.activated')).toMatchObject({ state: 'verified', by: who('ann'), evidence: { kind: 'webauthn' } })
  expect(told.governed).toMatchObject([{ relyingParty: 'exeat.acme.example' }])
})

describe('who must vouch for a key', () => {
  const governing = (count: number) => peopleWorkspace({ engineering: ['ann', 'dora'], security: ['ben', 'cleo'], sre: ['ann'], governance: ['ann', 'ben'] }).replace('groups: [governance], count: 1', `groups: [governance], count: ${count}`)
  const approvals = async (world: PeopleWorld) => {
    const read = await readAll(world)
    return (await auditOf(read)).acts.filter(({ type }) => type === 'dev.exeat.optout.approved.v1').map(({ by, state, problem }) => [by?.sub, state, problem?.code])
  }
  const begin = async (count: number) => {
    const world = await peopleWorld(sqlite, { '.exeat/workspace.yaml': governing(count) })
    await found(world)
    await world.founder('ann')
    await world.founder('ben')
    await world.vouch('ben', await world.enrol('cleo'))
    world.clock.now += 2 * day
    await askedFor(world, 'log4j', { until: 12 * day })
    return world
  }

  test('a key that one of two vouched for counts for no auditor, though a forged server counted it', async () => {
    const world = await begin(2)
    try {
      await expect(approvedBy(world, 'cleo', 'log4j')).rejects.toThrow()
      const { governance } = world.dependencies
      const current = async () => {
        const governed = await governance.current()
        const { workspace } = governed.governance
        const spec = { ...workspace.document.spec, governance: { ...workspace.document.spec.governance, approve: [{ groups: ['governance'], count: 1 }] } }
        return { ...governed, governance: { ...governed.governance, workspace: { ...workspace, document: { ...workspace.document, spec } } } } as typeof governed
      }
      const forged = Object.assign(world, { useCases: createUseCases({ ...world.dependencies, governance: { ...governance, current } }) })
      await approvedBy(forged, 'cleo', 'log4j')
      expect(await approvals(world)).toEqual([['cleo', 'wrong', 'EVIDENCE_NOT_COUNTING']])
    } finally { await world.close() }
  })
  test('where one is enough by now, the same vouch is', async () => {
    const world = await begin(2)
    try {
      world.merge({ '.exeat/workspace.yaml': governing(1) })
      await approvedBy(world, 'cleo', 'log4j')
      expect(await approvals(world)).toEqual([['cleo', 'verified', undefined]])
    } finally { await world.close() }
  })
})

describe('what is not there', () => {
  test('a body that nobody says was erased: the act is not judged, nor what follows from it, and the whole is not whole', async () => {
    const told = await audit({ body: only(typed('optout.approved'), { state: 'absent' }) })
    expect(faults(told)).toEqual([['unread', 'AUDIT_MISSING']])
    for (const type of ['optout.approved', 'optout.activated']) expect(act(told, type)?.state).toBe('unchecked')
  })
  test('the body of a removal could be any key\'s: nothing that people signed is judged after it', async () => {
    const told = await audit({ body: only(typed('enrolment.vouched'), { state: 'unreadable', because: 'it is a folder' }) })
    expect(faults(told)).toEqual([['unread', 'AUDIT_MISSING']])
    expect(told.acts.filter(({ state }) => state === 'verified')).toEqual([])
  })
  test('what governs: no act is judged by nothing', async () => {
    const told = await audit({ document: async (kind, digest) => (kind === 'Workspace' ? { state: 'absent' } : documents(kind, digest)) })
    expect(faults(told)).toEqual([['unread', 'AUDIT_MISSING']])
    expect(new Set(told.acts.map(({ state }) => state))).toEqual(new Set(['unchecked']))
  })
  test('the document of an opt-out', async () => {
    const told = await audit({ document: async (kind, digest) => (kind === 'OptOut' ? { state: 'unreadable', because: 'permission denied' } : documents(kind, digest)) })
    expect(faults(told)).toEqual([['unread', 'AUDIT_MISSING']])
  })
})

describe('what is not what it should be', () => {
  test('another key signed the checkpoint than the founders delegate to', async () => {
    expect(faults(await audit({ log: testSigner(9, origin) }))).toEqual([['wrong', 'DELEGATION_INVALID']])
  })
  test('the auditor pins other founders', async () => {
    expect(faults(await audit({ roots: [founders.ann, testSigner(40, 'eve')] }))).toContainEqual(['wrong', 'DELEGATION_UNSIGNED'])
  })
  test.each(['{}', '[]', 'null', '{"__proto__":{}}', '{"apiVersion":"exeat.dev/v1", "kind":"OptOut"}', 'no JSON', ''])('a document that is %j', async (value) => {
    const told = await audit({ document: async (kind, digest) => (kind === 'OptOut' ? { state: 'found', value } : documents(kind, digest)) })
    expect(faults(told)).toContainEqual(['wrong', 'OPTOUT_DIGEST'])
  })
  test('the document of another', async () => {
    const told = await audit({ document: async (kind, digest) => (kind === 'OptOut' ? documents('Workspace', await workspaceDigest()) : documents(kind, digest)) })
    expect(faults(told)).toContainEqual(['wrong', 'OPTOUT_DIGEST'])
  })
  test('any leaf and any body are answered, never thrown at, and never hold', async () => {
    await fc.assert(fc.asyncProperty(fc.string(), fc.string(), fc.string(), fc.nat(leaves.length - 1), async (leaf, salt, event, index) => {
      const told = await audit({ body: only(index, { state: 'found', value: { salt, event } }) })
      expect(told.faults.length).toBeGreaterThan(0)
      const auditor = evidenceAuditor({ origin, log: [log] }, documents, { sha256, verify: verifySignature, evidence: deps })
      await auditor.add(0, leaf, { state: 'found', value: { salt, event } })
      expect(auditor.finish().faults.length).toBeGreaterThan(0)
    }), { numRuns: 30 })
  })
})

async function workspaceDigest(): Promise<string> {
  const body = bodies.get(leaves.findIndex((leaf, index) => index > 0 && leaf.includes('workspace.changed')))
  return body?.state === 'found' ? String((JSON.parse(body.value.event) as { data: { workspace: string } }).data.workspace) : ''
}
