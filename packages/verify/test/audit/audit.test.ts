import type { LogEvent } from '@exeat/core/entry'
import { formatVerifierKey } from '@exeat/log'
import { describe, expect, test } from 'vitest'
import { auditBundle, type Bundle, type ReadEntry } from '../../src/index.ts'
import { at, digestOf, hour, key, keys, must, scene, signedBytes, tools, verified, type Life, type Scene } from '../bundle/scene.ts'

const findings = (it: Scene, bundle: Bundle, entries: readonly ReadEntry[] = it.read()): (string | undefined)[][] =>
  must(auditBundle(signedBytes(bundle), it.pins, entries, tools)).map(({ code, uid }) => (uid === undefined ? [code] : [code, uid]))
const told = ({ item: { impact: _impact, ...rest } }: Life, state: 'revoked' | 'lapsed', when: number): Bundle['ended'][number] => ({ ...rest, state, at: at(when) })
const revoked = [['bob', 'approve'], ['carol', 'approve'], ['dave', 'activate'], ['bob', 'revoke', 1000]] as const

describe('a bundle and the log that it is of', () => {
  test('say the same', () => {
    const it = scene()
    const lives = [it.life('one'), it.life('two')]
    it.life('asked', { acts: [['bob', 'approve']] })
    const over = it.life('over', { acts: revoked })
    expect(findings(it, it.bundle(lives, { ended: [told(over, 'revoked', 1000)] }))).toEqual([])
  })
  test('revoked, and listed as active with the revocation withheld: the point cannot tell, the monitor can', () => {
    const it = scene()
    const life = it.life('log4j', { acts: revoked })
    const made = it.bundle([life], { before: ({ active }) => { active[0]?.entries.pop() } })
    expect(must(verified(made, it.pins)).optOuts.active).toHaveLength(1)
    expect(findings(it, made)).toEqual([['AUDIT_NOT_ACTIVE', life.uid]])
  })
  test('dropped, or told as ended though it is not', () => {
    const it = scene()
    const [one, two] = [it.life('one'), it.life('two')]
    expect(findings(it, it.bundle([one]))).toEqual([['AUDIT_LEFT_OUT', two.uid]])
    expect(findings(it, it.bundle([one], { ended: [told(two, 'revoked', 1000)] }))).toEqual([['AUDIT_LEFT_OUT', two.uid]])
    const over = it.life('over', { acts: revoked })
    expect(findings(it, it.bundle([one, two]))).toEqual([['AUDIT_LEFT_OUT', over.uid]])
    expect(findings(it, it.bundle([one, two], { ended: [told(over, 'lapsed', 1000)] }))).toEqual([['AUDIT_LEFT_OUT', over.uid]])
    expect(findings(it, it.bundle([one, two], { ended: [told(over, 'revoked', 2000)] }))).toEqual([['AUDIT_LEFT_OUT', over.uid]])
  })
  test('lapsed since the content was published: either way of telling it is right', () => {
    const it = scene()
    const short = it.life('short', { over: { window: { from: '2026-11-22T10:00:00Z', until: '2026-11-22T10:30:00Z' } } })
    expect(findings(it, it.bundle([short]))).toEqual([])
    expect(findings(it, it.bundle([], { ended: [told(short, 'lapsed', hour / 2)] }))).toEqual([])
    expect(findings(it, it.bundle([]))).toEqual([['AUDIT_LEFT_OUT', short.uid]])
  })
  test('ended so long ago that nobody need tell it', () => {
    const it = scene()
    const old = it.life('old', { acts: revoked })
    const later = 31 * 24 * hour
    expect(findings(it, it.bundle([], { after: (bundle) => { bundle.issuedAt = at(later); bundle.notAfter = at(later + 1) } }))).toEqual([])
    expect(findings(it, it.bundle([]))).toEqual([['AUDIT_LEFT_OUT', old.uid]])
  })
  test('what is withheld is known to be', () => {
    const it = scene()
    const life = it.life('log4j')
    expect(findings(it, it.bundle([life], { after: (bundle) => { bundle.withheld = [{ uid: life.uid, at: at(1) }] } }))).toEqual([])
  })
  test('never activated, or never asked for', () => {
    const it = scene()
    const life = it.life('log4j', { acts: [['bob', 'approve']] })
    expect(findings(it, it.bundle([life]))).toEqual([['AUDIT_NOT_ACTIVE', life.uid]])
    const foreign = scene().life('foreign')
    expect(findings(it, it.bundle([{ ...foreign, indexes: life.indexes }]))).toEqual([['ENTRY_ERASED', foreign.uid]])
  })
  test('erased bodies: nothing is said of those that ended, and none may be active', () => {
    const it = scene()
    const over = it.life('over', { acts: revoked })
    const life = it.life('log4j', { requested: 2000 })
    const erased = it.read(over.indexes)
    expect(findings(it, it.bundle([life]), [...erased, ...it.read().slice(erased.length)])).toEqual([])
    const made = it.bundle([life])
    expect(findings(it, made, it.read([...over.indexes, life.indexes[1] ?? 0]))).toEqual([['ENTRY_ERASED', life.uid]])
  })
})

describe('what governs, and what was published', () => {
  test('a policy left out, or a commit that was never recorded', () => {
    const it = scene()
    expect(findings(it, it.bundle([], { before: (content) => { content.documents = { ...content.documents, policies: [] } } }))).toEqual([['AUDIT_DOCUMENTS']])
    expect(findings(it, it.bundle([], { before: (content) => { content.commit = '1'.repeat(40) } }))).toEqual([['AUDIT_DOCUMENTS']])
    const changed = { type: 'dev.exeat.policy.changed.v1', data: { commit: '0'.repeat(40), changes: [{ kind: 'OptOutPolicy', name: 'staging', digest: null, previous: digestOf('x') }] } } as Pick<LogEvent, 'type' | 'data'>
    it.append(changed, null, at(1), 'server')
    expect(findings(it, it.bundle([]))).toEqual([['AUDIT_DOCUMENTS']])
    expect(findings(it, it.bundle([], { before: (content) => { content.documents = { ...content.documents, policies: [] } } }))).toEqual([])
  })
  test('said to a point, and never published', () => {
    const it = scene()
    const life = it.life('log4j')
    expect(findings(it, it.bundle([life], { after: (bundle) => { bundle.ended = [told(scene().life('x', { acts: revoked }), 'revoked', 1000)] } }))).toEqual([['AUDIT_UNPUBLISHED']])
  })
})

describe('the log that was read', () => {
  const it = scene()
  const life = it.life('log4j')
  const made = it.bundle([life])
  test('is another one than the bundle\'s', () => {
    const other = scene()
    const own = other.life('log4j')
    expect(other.bundle([own])).toBeDefined()
    expect(findings(it, made, other.read())).toEqual([['AUDIT_SPLIT_VIEW']])
  })
  test('ends before the bundle\'s checkpoint', () => {
    expect(auditBundle(signedBytes(made), it.pins, it.read().slice(0, -1), tools)).toMatchObject({ problem: { code: 'AUDIT_INCOMPLETE' } })
  })
  test('may go on behind it', () => {
    const count = it.read().length
    it.life('later')
    expect(it.read().length).toBeGreaterThan(count)
    expect(findings(it, made)).toEqual([])
  })
  test('nobody is held to what they did not sign', () => {
    expect(auditBundle(signedBytes(made, [keys.log]), it.pins, it.read(), tools)).toMatchObject({ problem: { code: 'DSSE_UNSIGNED' } })
    expect(auditBundle(signedBytes(it.bundle([life], { checkpointBy: [key('log.acme.example', 99)] })), it.pins, it.read(), tools)).toMatchObject({ problem: { code: 'BUNDLE_CHECKPOINT' } })
    const unwitnessed = { ...it.pins, witnesses: { atLeast: 1, keys: [key('w.example', 50, 'cosignature/v1')] } }
    expect(auditBundle(signedBytes(made), unwitnessed, it.read(), tools)).toMatchObject({ problem: { code: 'BUNDLE_CHECKPOINT' } })
    expect(formatVerifierKey(keys.log)).toContain('log.acme.example')
  })
})
