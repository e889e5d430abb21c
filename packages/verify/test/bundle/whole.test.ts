/** What refuses the whole bundle, each with its own code; nothing is excused then. */
import type { Instant, Json } from '@exeat/core'
import { consistencyPlan, encodeBase64, formatVerifierKey, proofOf, rootOfLeaves, type SignerKey, signNote, formatCheckpoint } from '@exeat/log'
import { describe, expect, test } from 'vitest'
import { type Bundle, type BundleContext, bundlePins, largestBundle, verifyBundle } from '../../src/index.ts'
import { delegation, signed } from '../delegation/support.ts'
import {
  at, bytesOf, context, decoded, digestOf, hour, key, keys, must, optOutJson, origin, placed, plain, policyJson, scene, sha256, sign, signBundle, signedBytes, start, tools, verified, workspaceJson,
} from './scene.ts'

const codeOf = (answer: { readonly ok: boolean; readonly problem?: { readonly code: string } }): string => (answer.ok ? 'ok' : answer.problem?.code ?? 'none')

const it = scene()
const life = it.life('log4j')
const good = it.bundle([life])
const judge = (bundle: Bundle, over: Partial<BundleContext> = {}): string => codeOf(verified(bundle, it.pins, over))
const judgeBytes = (bytes: Uint8Array): string => codeOf(verifyBundle(bytes, it.pins, context(), tools))
const text = (value: string): Uint8Array => new Uint8Array(Buffer.from(value, 'utf8'))

test('the one that all of these spoil', () => { expect(judge(good)).toBe('ok') })

describe('signature and delegation', () => {
  test('a signature that does not verify', () => {
    const dsse = signBundle(plain(good))
    const sig = Buffer.from(dsse.signatures[0]?.sig ?? '', 'base64')
    sig[7] = (sig[7] ?? 0) ^ 1
    expect(judgeBytes(bytesOf({ ...dsse, signatures: [{ ...dsse.signatures[0], sig: sig.toString('base64') }] }))).toBe('DSSE_SIGNATURE')
  })
  test.each([['the log\'s key', keys.log], ['the webhook\'s key', keys.webhook], ['a founder', keys.alice], ['a key that was replaced', keys.bundle2]])('signed by %s', (_, by) => {
    expect(judgeBytes(signedBytes(good, [by]))).toBe('DSSE_UNSIGNED')
  })
  test('a delegation by one of two founders', () => {
    expect(judge({ ...good, delegation: signed(delegation(), [keys.alice]) })).toBe('DELEGATION_UNSIGNED')
  })
  test('a delegation that only the thief of the bundle key signed', () => {
    expect(judge({ ...good, delegation: signed(delegation(), [keys.bundle, keys.log]) })).toBe('DELEGATION_UNSIGNED')
  })
  test('of another workspace altogether', () => {
    const foreign = signed(delegation({ workspace: 'other' }))
    expect(judge({ ...good, workspace: 'other', delegation: foreign })).toBe('DELEGATION_INVALID')
  })
  test('pins that nothing could satisfy', () => {
    expect(codeOf(verified(good, { ...it.pins, roots: [] }))).toBe('DELEGATION_INVALID')
    expect(codeOf(verified(good, { ...it.pins, witnesses: { atLeast: 1, keys: [] } }))).toBe('BUNDLE_CHECKPOINT')
  })
})

describe('bytes that are no bundle', () => {
  const whole = signedBytes(good)
  test.each([0, 1, 100, whole.length - 1])('cut after %i bytes', (length) => { expect(judgeBytes(whole.subarray(0, length))).toBe('DSSE_MALFORMED') })
  test.each(['', 'null', '[]', '{}', '"x"', '\ufeff{}', '{"payload":"","payloadType":"x","signatures":[]}', `${'['.repeat(200_000)}${']'.repeat(200_000)}`, '{"__proto__":{"payload":"x"}}'])('%s', (given) => {
    expect(judgeBytes(text(given))).toBe('DSSE_MALFORMED')
  })
  test('no UTF-8', () => { expect(judgeBytes(Uint8Array.of(0x22, 0xff, 0x22))).toBe('DSSE_MALFORMED') })
  test('too large', () => { expect(judgeBytes(new Uint8Array(largestBundle + 1))).toBe('BUNDLE_TOO_LARGE') })
  test.each([null, 1, 'x', [], {}, { delegation: 1 }])('an envelope of %j', (payload) => { expect(judgeBytes(bytesOf(signBundle(payload)))).toBe('BUNDLE_UNREADABLE') })
  test('signed, and no bundle of this release', () => {
    const changed: readonly { readonly [key: string]: Json }[] = [
      { schema: 'exeat/bundle/v2' }, { more: 1 }, { issuedAt: '2026-11-22' }, { issuedAt: '2026-11-22T11:00:00Z' }, { active: null }, { nonce: 'AA' }, { documents: {} }, { withheld: [{}] },
      { ended: [{ uid: life.uid }] }, { audience: '' },
    ]
    for (const over of changed) expect([over, judgeBytes(bytesOf(signBundle({ ...plain(good), ...over })))]).toEqual([over, 'BUNDLE_UNREADABLE'])
  })
  test('more opt-outs than are read', () => {
    expect(judgeBytes(bytesOf(signBundle({ ...plain(good), withheld: Array.from({ length: 100_001 }, () => ({ uid: life.uid, at: '2026-11-22T10:00:00.000Z' })) })))).toBe('BUNDLE_UNREADABLE')
  })
  test('a key that stands twice has its last value, and one that would change a prototype has none', () => {
    const json = JSON.stringify(plain(good))
    const twice = `{"workspace":"other",${json.slice(1)}`
    expect(judgeBytes(bytesOf({ ...signBundle(plain(good)), ...rawly(twice) }))).toBe('ok')
    expect(judgeBytes(bytesOf({ ...signBundle(plain(good)), ...rawly(`{"__proto__":{"audience":"*"},${json.slice(1)}`) }))).toBe('BUNDLE_UNREADABLE')
    const hidden = json.replaceAll('"spec":', '"__proto__":{"x":1},"constructor":{},"spec":')
    expect(judgeBytes(bytesOf({ ...signBundle(plain(good)), ...rawly(hidden) }))).toBe('BUNDLE_DOCUMENTS')
    expect(({} as { x?: number }).x).toBeUndefined()
  })
})

/** Payload and signature of a text that no serialiser would write. */
function rawly(json: string) {
  const { payload } = signBundle(null)
  expect(payload).toBeDefined()
  const bytes = text(json)
  const message = Buffer.concat([Buffer.from(`DSSEv1 ${Buffer.byteLength('application/vnd.exeat.bundle+json')} application/vnd.exeat.bundle+json ${bytes.length} `), bytes])
  return { payload: encodeBase64(bytes), signatures: [{ keyid: Buffer.from(keys.bundle.id).toString('hex'), sig: encodeBase64(sign(keys.bundle.seed, message)) }] }
}

describe('whom it is for, and when', () => {
  test('another workspace, log or audience', () => {
    expect(judge({ ...good, workspace: 'other' })).toBe('BUNDLE_OTHER_WORKSPACE')
    expect(judge({ ...good, origin: 'log.other.example' })).toBe('BUNDLE_OTHER_WORKSPACE')
    expect(judge({ ...good, audience: '1002' })).toBe('BUNDLE_OTHER_WORKSPACE')
    expect(judge({ ...good, audience: '1001' })).toBe('ok')
    expect(judge({ ...good, audience: '1001' }, { audience: '*' })).toBe('BUNDLE_OTHER_WORKSPACE')
  })
  test.each([
    ['yesterday\'s', 25 * hour, 'BUNDLE_STALE'], ['the instant it ends', hour + 300_000, 'BUNDLE_STALE'], ['the instant before', hour + 299_999, 'ok'],
    ['issued in a minute', hour - 60_000, 'ok'], ['issued in more', hour - 60_001, 'BUNDLE_NOT_YET'], ['from the future', -24 * hour, 'BUNDLE_NOT_YET'],
    ['no clock', NaN, 'BUNDLE_NOT_YET'], ['an endless clock', Infinity, 'BUNDLE_NOT_YET'], ['a clock of fractions', hour + 0.5, 'BUNDLE_NOT_YET'],
  ])('%s', (_, after, code) => { expect(judge(good, { now: (start + after) as Instant })).toBe(code) })
  test('a longer life than is honoured, whatever it says of itself', () => {
    const until = (after: number): Bundle => ({ ...good, notAfter: at(hour + after) })
    expect(judge(until(hour))).toBe('ok')
    expect(judge(until(hour + 1))).toBe('BUNDLE_TOO_LONG')
    expect(judge(until(300_000), { protectedEnvironment: true })).toBe('ok')
    expect(judge(until(300_001), { protectedEnvironment: true })).toBe('BUNDLE_TOO_LONG')
    expect(judge({ ...good, issuedAt: at(0), notAfter: at(365 * 24 * hour) })).toBe('BUNDLE_TOO_LONG')
  })
  test('the nonce of another request, or none', () => {
    const nonce = 'ab'.repeat(16)
    expect(judge({ ...good, nonce }, { nonce })).toBe('ok')
    expect(judge(good, { nonce })).toBe('BUNDLE_NONCE')
    expect(judge({ ...good, nonce: 'cd'.repeat(16) }, { nonce })).toBe('BUNDLE_NONCE')
    expect(judge({ ...good, nonce })).toBe('ok')
  })
})

describe('the head of the log', () => {
  const head = it.headAt()
  const seen = (over: Partial<NonNullable<BundleContext['last']>>): Partial<BundleContext> => ({ last: { ...head, epoch: 1, ...over } })
  const proofFrom = (from: number): Uint8Array[] => [...must(proofOf(sha256, must(consistencyPlan(from, head.size)),
    ({ level, index }) => rootOfLeaves(sha256, it.entered.slice(index * 2 ** level, (index + 1) * 2 ** level).map(({ leaf }) => leaf))))]

  test('the one seen last, or one that extends it', () => {
    expect(judge(good, seen({}))).toBe('ok')
    for (let size = 1; size < head.size; size++) expect(judge(good, seen({ ...it.headAt(size), proof: proofFrom(size) }))).toBe('ok')
    expect(judge(good, seen(it.headAt(2)))).toBe('ok')
    expect(judge(good, seen({ size: 0, root: sha256(new Uint8Array(0)) }))).toBe('ok')
  })
  test('older than one seen before', () => {
    expect(judge(good, seen({ size: head.size + 1 }))).toBe('BUNDLE_ROLLBACK')
    expect(judge(good, seen({ epoch: 2 }))).toBe('BUNDLE_ROLLBACK')
    expect(judge(good, seen({ size: NaN }))).toBe('BUNDLE_ROLLBACK')
  })
  test('another log than one seen before', () => {
    expect(judge(good, seen({ root: sha256(head.root) }))).toBe('BUNDLE_SPLIT_VIEW')
    expect(judge(good, seen({ root: new Uint8Array(0) }))).toBe('BUNDLE_SPLIT_VIEW')
    expect(judge(good, seen({ size: 2, root: sha256(head.root), proof: proofFrom(2) }))).toBe('BUNDLE_SPLIT_VIEW')
    expect(judge(good, seen({ ...it.headAt(2), proof: [] }))).toBe('BUNDLE_SPLIT_VIEW')
  })
  test('a checkpoint that nobody pinned signed', () => {
    expect(judge(it.bundle([life], { checkpointBy: [key(origin, 99)] }))).toBe('BUNDLE_CHECKPOINT')
    expect(judge(it.bundle([life], { checkpointBy: [keys.bundle] }))).toBe('BUNDLE_CHECKPOINT')
    expect(judge({ ...good, checkpoint: '' })).toBe('BUNDLE_CHECKPOINT')
    expect(judge({ ...good, checkpoint: good.checkpoint.replace(/\n\d+\n/, '\n999\n') })).toBe('BUNDLE_CHECKPOINT')
  })
  test('a checkpoint of another log by the same key', () => {
    const note = must(signNote(must(formatCheckpoint({ origin: 'log.other.example', ...head, extensions: [] })), [keys.log], sign, 0))
    expect(judge({ ...good, checkpoint: Buffer.from(note).toString('utf8') })).toBe('BUNDLE_CHECKPOINT')
  })
})

describe('witnesses', () => {
  const witnesses = [key('w1.example', 21, 'cosignature/v1'), key('w2.example', 22, 'cosignature/v1'), key('w3.example', 23, 'cosignature/v1')]
  const watched = scene({ log: { witnesses: witnesses.map(formatVerifierKey), quorum: 2 } })
  const own = watched.life('log4j')
  const judged = (by: readonly SignerKey[], after?: (bundle: Bundle) => void) => verified(watched.bundle([own], { checkpointBy: [keys.log, ...by], ...(after === undefined ? {} : { after }) }), watched.pins)
  test('as many as are asked for, and it is said', () => {
    const value = must(judged(witnesses.slice(1)))
    expect(value.witnesses).toEqual(['w2.example', 'w3.example'])
    expect(value.optOuts.active[0]?.met.log?.witnessed).toBe(true)
  })
  test('too few, one twice, a stranger', () => {
    const [one] = witnesses
    if (one === undefined) throw new Error('there are three')
    for (const by of [[], [one], [one, one], [one, key('w4.example', 24, 'cosignature/v1')], [one, key('w2.example', 24, 'cosignature/v1')]]) expect(codeOf(judged(by))).toBe('BUNDLE_CHECKPOINT')
  })
  test('where they lag, the checkpoint need not reach the entry that publishes', () => {
    expect(codeOf(judged(witnesses, (bundle) => { bundle.published.entry = null }))).toBe('ok')
  })
})

describe('what governs', () => {
  const others = (documents: Partial<Bundle['documents']>): string => judge(it.bundle([life], { documents: { ...good.documents, ...documents } }))
  const spoiled = (each: Bundle['documents']['workspace'], over: object): Bundle['documents']['workspace'] => ({ ...each, document: { ...each.document, ...over } })
  const [policy] = good.documents.policies
  if (policy === undefined) throw new Error('there is one')

  test('a document that is not what its digest says, or is wrong', () => {
    expect(others({ policies: [spoiled(policy, { metadata: { name: 'other' } })] })).toBe('BUNDLE_DOCUMENTS')
    expect(others({ policies: [spoiled(policy, { spec: {} })] })).toBe('BUNDLE_DOCUMENTS')
    expect(others({ policies: [{ ...policy, digest: digestOf('x') }] })).toBe('BUNDLE_DOCUMENTS')
    expect(others({ workspace: spoiled(good.documents.workspace, { kind: 'Nothing' }) })).toBe('BUNDLE_DOCUMENTS')
  })
  test('a document under another kind', () => {
    expect(others({ workspace: policy })).toBe('BUNDLE_DOCUMENTS')
    expect(others({ policies: [placed(optOutJson('x'))] })).toBe('BUNDLE_DOCUMENTS')
    expect(others({ aliases: [policy] })).toBe('BUNDLE_DOCUMENTS')
  })
  test('the document of another workspace', () => {
    const foreign = decoded(workspaceJson()).document
    const other = { ...(workspaceJson() as { readonly [key: string]: Json }), spec: { ...(workspaceJson() as { readonly spec: { readonly [key: string]: Json } }).spec, id: 'other' } }
    expect(foreign.kind).toBe('Workspace')
    expect(others({ workspace: placed(other) })).toBe('BUNDLE_DOCUMENTS')
  })
  test('documents that do not fit each other', () => {
    const aliases: Json = { apiVersion: 'exeat.dev/v1', kind: 'Aliases', metadata: { name: 'a' }, spec: { controls: [['trivy/a', 'grype/a']] } }
    expect(others({ aliases: [placed(aliases)] })).toBe('ok')
    expect(others({ aliases: [placed(aliases), placed(aliases)] })).toBe('BUNDLE_DOCUMENTS')
  })
  test('a source may forbid, for itself alone, and never permit', () => {
    const made = it.bundle([life], { documents: { ...good.documents, policies: [policy, placed(policyJson('own', 'forbid'), 'acme/payments')] } })
    expect(must(verified(made, it.pins)).policies.map(({ document, repository }) => [document.metadata.name, repository])).toEqual([['staging', undefined], ['own', 'acme/payments']])
    expect(others({ policies: [placed(policyJson(), 'acme/payments')] })).toBe('BUNDLE_DOCUMENTS')
  })
})

describe('what was published', () => {
  const after = (change: (bundle: Bundle) => void): string => judge(it.bundle([life], { after: change }))
  test('something left out or slipped in by whoever has the bundle key alone', () => {
    expect(after((bundle) => { bundle.documents.policies = [] })).toBe('BUNDLE_CONTENT')
    expect(after((bundle) => { bundle.active = [] })).toBe('BUNDLE_CONTENT')
    expect(after((bundle) => { bundle.active[0]?.entries.pop() })).toBe('BUNDLE_CONTENT')
    expect(after((bundle) => { bundle.commit = '1'.repeat(40) })).toBe('BUNDLE_CONTENT')
    expect(after((bundle) => { (bundle.documents.policies[0] as { origin: object }).origin = { file: 'x', line: 1, column: 1, source: 'acme/ledger' } })).toBe('BUNDLE_DOCUMENTS')
    expect(after((bundle) => { bundle.published.content = digestOf('x') })).toBe('BUNDLE_CONTENT')
  })
  test('a forbid that is made to speak of one repository alone', () => {
    const documents = { ...good.documents, policies: [...good.documents.policies, placed(policyJson('no', 'forbid'))] }
    const narrowed = it.bundle([life], { documents, after: (bundle) => { (bundle.documents.policies[1] as { origin: object }).origin = { file: 'x', line: 1, column: 1, source: 'acme/ledger' } } })
    expect(judge(narrowed)).toBe('BUNDLE_CONTENT')
  })
  test('no entry, or another one', () => {
    expect(after((bundle) => { bundle.published.entry = null })).toBe('BUNDLE_CONTENT')
    expect(after((bundle) => { bundle.published.entry = it.entryAt(0) })).toBe('BUNDLE_CONTENT')
    expect(after((bundle) => { bundle.published.entry = it.entryAt(good.published.entry?.index ?? 0) })).toBe('ok')
  })
  test('an entry that is not in the log', () => {
    expect(after((bundle) => { (bundle.published.entry as { index: number }).index -= 1 })).toBe('ENTRY_NOT_COVERED')
    expect(after((bundle) => { (bundle.published.entry as { event: string }).event = '{}' })).toBe('ENTRY_MALFORMED')
  })
})

describe('pins', () => {
  const pinsOf = (json: Json): string => codeOf(bundlePins(decoded(json).document as never, sha256))
  test('of the workspace', () => {
    expect(it.pins).toMatchObject({ workspace: 'acme', origin, witnesses: { atLeast: 0, keys: [] } })
    expect(it.pins.roots.map(({ name }) => name)).toEqual(['alice', 'bob'])
  })
  test('none, or keys that cannot be read', () => {
    const { log: _log, ...spec } = (workspaceJson() as { readonly spec: { readonly [key: string]: Json } }).spec
    expect(pinsOf({ ...(workspaceJson() as object), spec } as Json)).toBe('PINS_INVALID')
    expect(pinsOf(workspaceJson({ keys: ['alice+00000000+AAAA'] }))).toBe('PINS_INVALID')
    expect(pinsOf(workspaceJson({ witnesses: ['nobody'] }))).toBe('PINS_INVALID')
  })
})
