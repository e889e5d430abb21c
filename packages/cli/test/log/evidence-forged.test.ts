/** A log whose keeper lies in it from the beginning: every entry is committed to as it should be, and what people signed says otherwise. */
import { randomBytes } from 'node:crypto'
import { readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { evidenceDeps } from '@exeat/git/crypto'
import { commitment, encodeLeaf, decodeLeaf, type Leaf } from '@exeat/core/entry'
import { decodeBundle, openCheckpoint, parseVerifierKey } from '@exeat/log'
import { type EvidenceAudit, evidenceAuditor, isGround } from '@exeat/verify/audit'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { readBody, readDocument } from '../../src/log/bodies.ts'
import { sha256, verifySignature } from '../../src/log/crypto.ts'
import { type Acted, begin, exported, forget } from './evidence-world.ts'
import { must } from './support.ts'

interface Told {
  readonly leaf: Leaf
  /** The body as JSON; undefined where it was erased. */
  readonly event: { type: string; time: string; data: Record<string, never> & Record<string, unknown> } | undefined
}

let acted: Acted
let written: readonly Told[] = []
beforeAll(async () => {
  acted = await begin()
  const ran = await exported(acted, '--bodies')
  if (ran.exit !== 0) throw new Error(ran.stderr)
  await forget(acted)
  const folder = join(acted.folder, 'export')
  const key = must(parseVerifierKey(sha256, acted.key))
  const { checkpoint: { size } } = must(openCheckpoint(readFileSync(join(folder, 'checkpoint')), { origin: key.name, log: [key], witnesses: { atLeast: 0, keys: [] } }, verifySignature))
  written = must(decodeBundle(readFileSync(join(folder, `tile/entries/000.p/${size}`)), size)).map((bytes) => {
    const leaf = decodeLeaf(Buffer.from(bytes).toString('utf8'))
    if (leaf === undefined) throw new Error('no leaf')
    const body = readBody(folder, leaf.body)
    return { leaf, event: body.state === 'found' ? JSON.parse(body.value.event) as NonNullable<Told['event']> : undefined }
  })
}, 60_000)
afterAll(async () => {
  await acted.at.close()
  rmSync(acted.folder, { recursive: true, force: true })
})

/** Reads the log as it would have been, had its keeper written that. */
async function audit(change: (entries: Told[]) => readonly (Told | undefined)[] | void): Promise<EvidenceAudit> {
  const copy = structuredClone(written) as Told[]
  const entries = change(copy) ?? copy
  const folder = join(acted.folder, 'export')
  const key = must(parseVerifierKey(sha256, acted.key))
  const auditor = evidenceAuditor({ origin: key.name, log: [key] }, async (kind, digest) => readDocument(folder, kind, digest), { sha256, verify: verifySignature, evidence: evidenceDeps })
  for (const [index, told] of entries.entries()) {
    if (told === undefined) continue
    const salt = randomBytes(32)
    const event = told.event === undefined ? undefined : JSON.stringify(told.event)
    const leaf = { ...told.leaf, ...(event === undefined ? {} : { body: commitment(salt, Buffer.from(event), sha256) }) }
    await auditor.add(index, Buffer.from(encodeLeaf(leaf)).toString('utf8'), event === undefined ? { state: 'absent' } : { state: 'found', value: { salt: salt.toString('base64'), event } })
  }
  return auditor.finish()
}

const at = (name: string): number => acted.entries.get(name) ?? Number.NaN
function dataOf(entries: readonly Told[], index: number): Record<string, Record<string, unknown>> {
  const data = entries[index]?.event?.data
  if (data === undefined) throw new Error(`entry ${index} has no body`)
  return data as unknown as Record<string, Record<string, unknown>>
}
const without = (entries: readonly Told[], index: number) => entries.map((each, i) => (i === index ? undefined : each))
const find = (entries: readonly Told[], type: string, test_: (data: Record<string, Record<string, unknown>>) => boolean = () => true): number =>
  entries.findIndex(({ event }) => event?.type === `dev.exeat.${type}.v1` && test_(event.data as unknown as Record<string, Record<string, unknown>>))

test('as it was written, nothing is wrong', async () => {
  expect((await audit(() => undefined)).faults).toEqual([])
})

type Case = readonly [string, string, string, (entries: Told[]) => readonly (Told | undefined)[] | void]
const cases: readonly Case[] = [
  ['an approval with the evidence of another', 'EVIDENCE_OTHER', 'tapped/approve', (entries) => { dataOf(entries, at('tapped/approve'))['evidence'] = dataOf(entries, at('fire/review'))['evidence'] ?? {} }],
  ['an approval in another\'s name', 'OPTOUT_ACTOR', 'tapped/approve', (entries) => { dataOf(entries, at('tapped/approve'))['by'] = { iss: 'exeat:local', sub: 'cleo' } }],
  ['an approval whose envelope names that other too', 'EVIDENCE_KEY', 'tapped/approve', (entries) => {
    const data = dataOf(entries, at('tapped/approve'))
    data['by'] = { iss: 'exeat:local', sub: 'cleo' }
    data['envelope'] = { ...data['envelope'], actor: data['by'] }
  }],
  ['an approval of another document', 'OPTOUT_HISTORY', 'tapped/approve', (entries) => { dataOf(entries, at('tapped/approve'))['binding'] = { ...dataOf(entries, at('tapped/approve'))['binding'], optOut: 'a'.repeat(64) } }],
  ['an approval under a window that nobody signed', 'OPTOUT_ACTOR', 'tapped/approve', (entries) => {
    const data = dataOf(entries, at('tapped/approve'))
    data['envelope'] = { ...data['envelope'], window: { from: '2026-11-22T10:00:00.000Z', until: '2029-11-22T10:00:00.000Z' } }
  }],
  ['an approval of a day later', 'EVIDENCE_LATE', 'tapped/approve', (entries) => { moveTime(entries, at('tapped/approve'), 86_400_000) }],
  ['an activation without its approval', 'OPTOUT_HISTORY', 'tapped/activate', (entries) => without(entries, at('tapped/approve'))],
  ['an activation that counts an approval of another opt-out', 'EVIDENCE_OTHER', 'tapped/activate', (entries) => {
    const data = dataOf(entries, at('tapped/activate'))
    data['envelope'] = { ...data['envelope'], approvals: (dataOf(entries, at('federated/activate'))['envelope'] ?? {})['approvals'] }
  }],
  ['somebody approves twice', 'OPTOUT_HISTORY', 'tapped/approve', (entries) => twice(entries, at('tapped/approve'))],
  ['whoever asked approves', 'OPTOUT_HISTORY', 'tapped/approve', (entries) => {
    const ben = { iss: 'exeat:local', sub: 'ben' }
    const data = dataOf(entries, at('tapped/request'))
    data['requester'] = ben
    data['envelope'] = { ...data['envelope'], actor: ben }
  }],
  ['whoever wrote it approves', 'OPTOUT_HISTORY', 'tapped/approve', (entries) => { Object.assign(dataOf(entries, at('tapped/request')), { involved: [{ iss: 'exeat:local', sub: 'ben' }] }) }],
  ['a key for which nobody vouched', 'EVIDENCE_NOT_COUNTING', 'tapped/approve', (entries) => without(entries, find(entries, 'enrolment.vouched', ({ person }) => person?.['sub'] === 'ben'))],
  ['a key for which a founder vouched with another key', 'EVIDENCE_SIGNATURE', 'ben is vouched for', (entries) => {
    const data = dataOf(entries, find(entries, 'enrolment.vouched', ({ person }) => person?.['sub'] === 'ben'))
    data['evidence'] = { ...data['evidence'], signature: Buffer.alloc(64, 7).toString('base64url') }
  }],
  ['another key than was vouched for', 'EVIDENCE_KEY', 'tapped/approve', (entries) => {
    const data = dataOf(entries, find(entries, 'enrolment.added', ({ person }) => person?.['sub'] === 'ben'))
    data['credential'] = { ...data['credential'], rpId: 'evil.example' }
  }],
  ['a key that was removed before the activation', 'OPTOUT_HISTORY', 'tapped/activate', (entries) => removedBefore(entries, at('tapped/activate'), 'ben')],
  ['an ID token of another act', 'EVIDENCE_OTHER', 'federated/approve', (entries) => { dataOf(entries, at('federated/approve'))['evidence'] = dataOf(entries, at('federated/activate'))['evidence'] ?? {} }],
  ['no provider\'s key', 'EVIDENCE_KEY', 'federated/approve', (entries) => without(entries, find(entries, 'enrolment.added', ({ person }) => person === undefined))],
  ['an emergency in another team\'s name', 'OPTOUT_ACTOR', 'fire/emergency', (entries) => { Object.assign(dataOf(entries, at('fire/emergency')), { groups: ['sre', 'other'], team: 'other' }) }],
  ['a review with the other verdict', 'OPTOUT_ACTOR', 'fire/review', (entries) => { Object.assign(dataOf(entries, at('fire/review')), { verdict: 'unjustified' }) }],
  ['a request of another document', 'OPTOUT_DIGEST', 'tapped/request', (entries) => {
    const [mine, other] = [dataOf(entries, at('tapped/request')), dataOf(entries, at('federated/request'))]
    mine['binding'] = { ...mine['binding'], optOut: other['binding']?.['optOut'] }
  }],
  ['a name that was given before', 'OPTOUT_DUPLICATE', '', (entries) => { Object.assign(dataOf(entries, at('tapped/request'))['asked'] ?? {}, { name: 'federated' }) }],
  ['an erasure of what nothing erases', 'ENTRY_ERASED', '', (entries) => {
    const vouch = find(entries, 'enrolment.vouched')
    const leaf = entries[vouch]?.leaf
    if (leaf === undefined) throw new Error('no entry')
    Object.assign(dataOf(entries, at('gone/erase')), { erased: [...dataOf(entries, at('gone/erase'))['erased'] as unknown as object[], { kind: 'event', digest: leaf.body }] })
    entries[vouch] = { leaf, event: undefined }
  }],
  ['no delegation', 'DELEGATION_INVALID', '', (entries) => without(entries, 0)],
  ['a delegation that no founder signed', 'DELEGATION_UNSIGNED', '', (entries) => {
    const data = dataOf(entries, 0)
    const { signatures, ...rest } = data['delegation'] as unknown as { signatures: { keyid: string; sig: string }[] }
    data['delegation'] = { ...rest, signatures: signatures.slice(0, 1) }
  }],
]

/** With its leaf, by so many milliseconds. */
function moveTime(entries: Told[], index: number, by: number): void {
  const told = entries[index]
  if (told?.event === undefined) throw new Error('no entry')
  const time = told.leaf.time + by
  told.event.time = new Date(time).toISOString()
  Object.assign(told.leaf, { time })
}

const again = (told: Told): Told => {
  const id = told.leaf.id.replace(/.$/, (last) => (last === '0' ? '1' : '0'))
  return { leaf: { ...told.leaf, id }, event: told.event === undefined ? undefined : { ...told.event, id } as never }
}

function twice(entries: readonly Told[], index: number): readonly Told[] {
  const told = entries[index]
  if (told === undefined) throw new Error('no entry')
  return [...entries.slice(0, index + 1), again(structuredClone(told)), ...entries.slice(index + 1)]
}

/** The entry that removes cleo's key, about this person's, put before another. Entries behind it stand one further on, so the keys are those before it. */
function removedBefore(entries: readonly Told[], index: number, name: string): readonly Told[] {
  const removal = structuredClone(entries.at(-1))
  const vouch = dataOf(entries, find(entries, 'enrolment.vouched', ({ person }) => person?.['sub'] === name))
  const before = entries[index - 1]
  if (removal?.event === undefined || before === undefined) throw new Error('no entry')
  const time = before.leaf.time
  const data = removal.event.data as unknown as Record<string, unknown>
  data['person'] = vouch['person']
  data['credential'] = vouch['credential']
  data['envelope'] = { ...data['envelope'] as object, about: vouch['credential'], at: new Date(time).toISOString() }
  removal.event.time = new Date(time).toISOString()
  Object.assign(removal.leaf, { time })
  return [...entries.slice(0, index), removal, ...entries.slice(index)]
}

describe('what people did not sign is found out, whatever the log commits to', () => {
  test.each(cases)('%s: %s', async (_, code, name, change) => {
    const told = await audit(change)
    expect(told.faults.map((fault) => fault.code)).toContain(code)
    expect(told.faults.every(({ kind }) => kind === 'wrong')).toBe(true)
    const index = acted.entries.get(name)
    if (index !== undefined) expect(told.acts.filter(({ state }) => state === 'wrong').map((act) => [act.type.split('.')[3], act.name])).toContainEqual([written[index]?.leaf.type.split('.')[3], name.split('/')[0]])
  })
})

test('what governs an act is part of what must be read', () => {
  expect(['workspace.changed', 'enrolment.added', 'enrolment.removed', 'body.erased', 'use.claimed', 'optout.approved'].map((type) => isGround(`dev.exeat.${type}.v1`))).toEqual([true, true, true, true, false, false])
})
