/** Who heard alarms, as an auditor reads it: nothing of it is signed, and all of it is held against what was raised. */
import type { Identity, Instant } from '@exeat/core'
import { commitment, encodeEvent, encodeLeaf, type LogEvent, operatorIssuer } from '@exeat/core/entry'
import { describe, expect, test } from 'vitest'
import { sha256, verifySignature } from '../../../server/src/store/ed25519.ts'
import { type EvidenceAudit, evidenceAuditor, type SoughtBody } from '../../src/audit/index.ts'
import { addHearing, noteEmergency } from '../../src/audit/hearing.ts'
import { newReading } from '../../src/audit/reading.ts'
import { deps } from '../evidence/support.ts'

const origin = 'exeat.acme.example/log'
const start = Date.UTC(2026, 10, 22, 10) as Instant
const minute = 60_000
const signedIn = (name: string): Identity => ({ iss: 'https://idp.acme.example', sub: name })
const signIn = { strength: 'none', kind: 'sign-in', method: 'passkey', at: start } as const
const typedBy = (name: string) => ({ by: { iss: operatorIssuer, sub: name }, evidence: { strength: 'operator-asserted', name } }) as const
const uid = 'a'.repeat(64)

type Said = { readonly type: string; readonly data: object; readonly subject?: string; readonly at?: number }
const event = ({ type, data, subject, at = 0 }: Said, index: number): LogEvent =>
  ({ type: `dev.exeat.${type}.v1`, id: `01995e00-0000-7000-8000-${String(index).padStart(12, '0')}`, source: origin, subject: subject ?? null, time: start + at, data }) as unknown as LogEvent

const drill = (more: object = {}): Said => ({ type: 'drill.started', data: { by: signedIn('ann'), evidence: signIn, sinks: ['pager'], until: start + 10 * minute, ...more } })
const heardBy = (name: string, more: Partial<Said> = {}, about = 0): Said => ({ type: 'drill.acknowledged', data: { by: signedIn(name), evidence: signIn, drill: about }, at: minute, ...more })
const ended = (outcome: string, about = 0): Said => ({ type: 'drill.ended', data: { drill: about, outcome }, at: minute })

async function audit(said: readonly Said[], lost?: number): Promise<EvidenceAudit> {
  const auditor = evidenceAuditor({ origin, log: [] }, async () => ({ state: 'absent' }), { sha256, verify: verifySignature, evidence: deps })
  for (const [index, each] of said.entries()) {
    const made = event(each, index)
    const body = encodeEvent(made)
    const salt = new Uint8Array(32).fill(index)
    const leaf = encodeLeaf({ v: 1, id: made.id, type: made.type, time: made.time, uid: made.subject, actor: 'b'.repeat(64), body: commitment(salt, body, sha256) })
    const sought: SoughtBody = index === lost ? { state: 'absent' } : { state: 'found', value: { salt: Buffer.from(salt).toString('base64'), event: Buffer.from(body).toString('utf8') } }
    await auditor.add(index, Buffer.from(leaf).toString('utf8'), sought)
  }
  return auditor.finish()
}

const states = ({ acts }: EvidenceAudit) => acts.map(({ state, problem }) => problem?.code ?? state)

describe('a drill', () => {
  test('that somebody else heard is told as the server says it, with the way they were known', async () => {
    const told = await audit([drill(), heardBy('ben'), ended('acknowledged')])
    expect(states(told)).toEqual(['asserted', 'asserted', 'asserted'])
    expect(told.acts.map(({ by, evidence }) => [by?.sub, evidence?.kind])).toEqual([['ann', 'sign-in'], ['ben', 'sign-in'], [undefined, undefined]])
    expect(states(await audit([drill(typedBy('keeper')), { ...heardBy('x'), data: { ...typedBy('other'), drill: 0 } }]))).toEqual(['asserted', 'asserted'])
  })
  test.each<[string, readonly Said[], readonly string[]]>([
    ['is heard by who started it', [drill(), heardBy('ann')], ['asserted', 'ALARM_HISTORY']],
    ['is heard twice', [drill(), heardBy('ben'), heardBy('cleo')], ['asserted', 'asserted', 'ALARM_HISTORY']],
    ['is heard when it is over', [drill(), heardBy('ben', { at: 10 * minute })], ['asserted', 'ALARM_HISTORY']],
    ['is heard after its end', [drill(), ended('unacknowledged'), heardBy('ben')], ['asserted', 'asserted', 'ALARM_HISTORY']],
    ['was never started', [heardBy('ben', {}, 7)], ['ALARM_HISTORY']],
    ['is said to have been heard, and nobody heard it', [drill(), ended('acknowledged')], ['asserted', 'ALARM_HISTORY']],
    ['was heard, and is said not to have been', [drill(), heardBy('ben'), ended('undelivered')], ['asserted', 'asserted', 'ALARM_HISTORY']],
    ['ends twice', [drill(), ended('undelivered'), ended('undelivered')], ['asserted', 'asserted', 'ALARM_HISTORY']],
    ['was started under a name that somebody else typed', [drill({ by: signedIn('ann'), evidence: { strength: 'operator-asserted', name: 'ann' } })], ['EVIDENCE_OTHER']],
    ['was started by a typed name that says it signed in', [drill({ by: { iss: operatorIssuer, sub: 'ann' } })], ['EVIDENCE_OTHER']],
  ])('that %s is wrong', async (_, said, wanted) => { expect(states(await audit(said))).toEqual(wanted) })
  test('whose beginning is missing: nobody can say what was heard', async () => {
    expect(states(await audit([drill(), heardBy('ben')], 0))).toEqual(['unchecked', 'unchecked'])
  })
})

describe('an emergency', () => {
  const reading = () => {
    const made = newReading({ origin, log: [] }, async () => ({ state: 'absent' }), { sha256, verify: verifySignature, evidence: deps })
    noteEmergency(made, 4, uid, { by: signedIn('ann'), second: signedIn('ben') } as never)
    return made
  }
  const acknowledged = (name: string, entry = 4, subject = uid) => event({ type: 'emergency.acknowledged', data: { by: signedIn(name), evidence: signIn, entry }, subject }, 5) as Parameters<typeof addHearing>[2]
  test.each<[string, string, number, string, string]>([
    ['somebody else', 'cleo', 4, uid, 'asserted'], ['who declared it', 'ann', 4, uid, 'ALARM_HISTORY'], ['who confirmed it', 'ben', 4, uid, 'ALARM_HISTORY'],
    ['somebody, of another entry', 'cleo', 3, uid, 'ALARM_HISTORY'], ['somebody, of another opt-out', 'cleo', 4, 'c'.repeat(64), 'ALARM_HISTORY'],
  ])('heard by %s', (_, name, entry, subject, wanted) => {
    const made = reading()
    addHearing(made, 5, acknowledged(name, entry, subject))
    expect(made.acts.map(({ state, problem }) => problem?.code ?? state)).toEqual([wanted])
  })
  test('is no drill', () => {
    const made = reading()
    addHearing(made, 5, event({ ...heardBy('cleo', {}, 4) }, 5) as Parameters<typeof addHearing>[2])
    expect(made.acts).toMatchObject([{ state: 'wrong', problem: { code: 'ALARM_HISTORY' } }])
  })
})
