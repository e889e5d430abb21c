/** What other systems reported, as an auditor reads it: asserted, and held against what the log says before it. */
import type { Instant } from '@exeat/core'
import { commitment, encodeEvent, encodeLeaf, type LogEvent } from '@exeat/core/entry'
import { expect, test } from 'vitest'
import { sha256, verifySignature } from '../../../server/src/store/ed25519.ts'
import { type EvidenceAudit, evidenceAuditor, isGround, type SoughtBody } from '../../src/audit/index.ts'
import { newLife, newReading } from '../../src/audit/reading.ts'
import { addShadow } from '../../src/audit/shadow.ts'
import { deps } from '../evidence/support.ts'

const origin = 'exeat.acme.example/log'
const start = Date.UTC(2026, 10, 22, 10) as Instant
const [thing, other, uid] = ['a'.repeat(64), 'b'.repeat(64), 'c'.repeat(64)]

interface Said { readonly type: string; readonly data: object; readonly subject?: string }
const common = { receiver: 'hub', source: 'github', what: 'code-scanning.dismissed', thing, at: start }
const detected = (more: object = {}): Said => ({ type: 'shadow.detected', data: { ...common, ...more } })
const covered = (): Said => ({ type: 'shadow.covered', data: { ...common, optOut: { uid, name: 'log4j' } } })
const resolved = (entry: number, more: object = {}): Said => ({ type: 'shadow.resolved', data: { ...common, entry, ...more } })
const event = ({ type, data, subject }: Said, index: number): LogEvent =>
  ({ type: `dev.exeat.${type}.v1`, id: `01995e00-0000-7000-8000-${String(index).padStart(12, '0')}`, source: origin, subject: subject ?? null, time: start, data }) as unknown as LogEvent
const verifying = { sha256, verify: verifySignature, evidence: deps }

async function audit(said: readonly Said[], { lost, optOuts = [] }: { readonly lost?: number; readonly optOuts?: readonly string[] } = {}): Promise<EvidenceAudit> {
  const auditor = evidenceAuditor({ origin, log: [] }, async () => ({ state: 'absent' }), verifying)
  for (const each of optOuts) auditor.pass(each)
  for (const [index, each] of said.entries()) {
    const made = event(each, index)
    const body = encodeEvent(made)
    const salt = new Uint8Array(32).fill(index)
    const leaf = encodeLeaf({ v: 1, id: made.id, type: made.type, time: made.time, uid: made.subject, actor: 'b'.repeat(64), body: commitment(salt, body, sha256) })
    const sought: SoughtBody = index === lost ? { state: 'absent' } : { state: 'found', value: { salt: Buffer.from(salt).toString('base64'), event: Buffer.from(body).toString('utf8') } }
    // oxlint-disable-next-line no-await-in-loop -- in the order of the log
    await auditor.add(index, Buffer.from(leaf).toString('utf8'), sought)
  }
  return auditor.finish()
}

const states = ({ acts }: EvidenceAudit) => acts.map(({ state, problem }) => problem?.code ?? state)

test.each<[string, readonly Said[], readonly string[], (readonly string[])?]>([
  ['is gone, and comes again', [detected(), resolved(0), detected(), resolved(2)], ['asserted', 'asserted', 'asserted', 'asserted']],
  ['turns into something else, whose end counts', [detected(), detected(), resolved(1)], ['asserted', 'asserted', 'asserted']],
  ['is gone twice', [detected(), resolved(0), resolved(0)], ['asserted', 'asserted', 'SHADOW_HISTORY']],
  ['is gone, and never was', [resolved(0)], ['SHADOW_HISTORY']],
  ['is gone, says an entry about another thing', [detected(), resolved(0, { thing: other })], ['asserted', 'SHADOW_HISTORY']],
  ['is gone, though it has become something else', [detected(), detected(), resolved(0)], ['asserted', 'asserted', 'SHADOW_HISTORY']],
  ['is about an opt-out', [{ ...detected(), subject: uid }], ['SHADOW_HISTORY']],
  ['is declared by an opt-out', [covered()], ['asserted'], [uid]],
  ['is declared by an opt-out that the log does not have', [covered()], ['SHADOW_HISTORY']],
])('a report that %s', async (_, said, wanted, optOuts = []) => { expect(states(await audit(said, { optOuts }))).toEqual(wanted) })

test('of what an entry said whose body is missing, nobody can tell whether it is gone', async () => {
  expect(states(await audit([detected(), resolved(0)], { lost: 0 }))).toEqual(['unchecked', 'unchecked'])
})

test('an opt-out that was not in force declares nothing', () => {
  const reading = newReading({ origin, log: [] }, async () => ({ state: 'absent' }), verifying)
  const life = newLife()
  const asked = { name: 'log4j', window: { from: start, until: start + 1000 } }
  reading.uids.add(uid)
  reading.lives.set(uid, life)
  life.ledger.records.set(uid, { uid, asked, activatedAt: start } as never)
  const add = (time: number): void => { addShadow(reading, 1, { ...event(covered(), 1), time } as never) }
  add(start)
  add(start + 1000)
  expect(reading.acts.map(({ state, problem }) => problem?.code ?? state)).toEqual(['asserted', 'SHADOW_HISTORY'])
})

test('every one of them is read, whichever entry is asked about', () => {
  expect(['shadow.detected', 'shadow.covered', 'shadow.resolved'].map((type) => isGround(`dev.exeat.${type}.v1`))).toEqual([true, true, true])
})
