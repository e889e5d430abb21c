import { formatVerifierKey } from '@exeat/log'
import type { Instant } from '@exeat/core'
import { describe, expect, test } from 'vitest'
import { delegationDigest, type Dsse, encodeDelegation, type RecordedDelegation, delegationAt, signDsse, verifyDelegation, verifyDelegations } from '../../src/index.ts'
import { delegation, key, keys, origin, pins, sha256, sign, signed, signedText, statedRoots, tools, twoFounders } from './support.ts'

const codeOf = (answer: { readonly ok: boolean; readonly problem?: { readonly code: string } }): string => (answer.ok ? 'ok' : answer.problem?.code ?? 'none')
const judge = (envelope: unknown, of = pins()): string => codeOf(verifyDelegation(envelope, of, tools))

describe('one delegation', () => {
  test('two founders: the keys it names, and no single founder', () => {
    const answer = verifyDelegation(signed(delegation()), pins(), tools)
    expect(answer).toMatchObject({ ok: true, value: { singleFounder: false, log: { name: origin }, bundle: { name: `${origin}/bundle` }, webhook: { name: `${origin}/webhook` } } })
    expect(answer.ok && answer.value.digest).toBe(delegationDigest(delegation(), sha256))
  })
  test('one founder is enough where one is pinned, and it is said', () => {
    const alone = [keys.alice]
    expect(verifyDelegation(signed(delegation({ roots: statedRoots(alone) }), alone), pins(alone), tools)).toMatchObject({ ok: true, value: { singleFounder: true } })
  })
  test('any two of three are enough', () => {
    const three = [keys.alice, keys.bob, keys.carol]
    for (const by of [[keys.alice, keys.carol], [keys.bob, keys.carol], three]) expect(judge(signed(delegation({ roots: statedRoots(three) }), by), pins(three))).toBe('ok')
  })
  test('the order of the roots says nothing', () => {
    expect(judge(signed(delegation({ roots: statedRoots([keys.bob, keys.alice]) })))).toBe('ok')
  })
})

describe('who signed', () => {
  const unsigned = (by: readonly (typeof keys.alice)[], of = pins()) => judge(signed(delegation(), by), of)
  test('one of two is too few', () => { expect(unsigned([keys.alice])).toBe('DELEGATION_UNSIGNED') })
  test('one who signs twice counts once', () => { expect(unsigned([keys.alice, keys.alice])).toBe('DELEGATION_UNSIGNED') })
  test('a stranger counts for nobody', () => {
    expect(unsigned([keys.carol])).toBe('DELEGATION_UNSIGNED')
    expect(unsigned([keys.alice, keys.carol])).toBe('DELEGATION_UNSIGNED')
  })
  test('the log\'s own key cannot delegate to itself', () => { expect(unsigned([keys.log, keys.bundle])).toBe('DELEGATION_UNSIGNED') })
  test('a key pinned under two names does not count for two', () => {
    const again = key('alice-again', 1)
    expect(judge(signed(delegation({ roots: statedRoots([keys.alice, again]) }), [keys.alice, again]), pins([keys.alice, again]))).toBe('DELEGATION_INVALID')
  })
  test('a forged signature refuses all', () => {
    const good = signed(delegation())
    const [first, second] = good.signatures
    if (first === undefined || second === undefined) throw new Error('two signatures are made')
    expect(judge({ ...good, signatures: [first, { ...second, sig: first.sig }] })).toBe('DSSE_SIGNATURE')
  })
  test('another payload under the same signatures', () => {
    const other = signed(delegation({ at: 1_795_000_000_001 as Instant }))
    expect(judge({ ...signed(delegation()), payload: other.payload })).toBe('DSSE_SIGNATURE')
  })
  test('a payload of another type', () => {
    const text = new TextEncoder().encode(encodeDelegation(delegation()))
    expect(judge(signDsse('application/vnd.exeat.bundle+json', text, twoFounders, sign))).toBe('DSSE_MALFORMED')
  })
  test.each([undefined, null, 1, 'x', [], {}, { payload: 1 }, JSON.parse('{"__proto__":{"payloadType":"x"}}')])('no envelope: %j', (value: unknown) => {
    expect(judge(value)).toBe('DSSE_MALFORMED')
  })
  test('pins under which nothing could be trusted', () => {
    expect(judge(signed(delegation()), pins([]))).toBe('DELEGATION_INVALID')
    expect(judge(signed(delegation()), pins([key('alice', 1, 'cosignature/v1'), keys.bob]))).toBe('DELEGATION_INVALID')
  })
})

describe('what was signed', () => {
  const text = encodeDelegation(delegation())
  const without = (member: string): string => {
    const { [member]: _gone, ...rest } = JSON.parse(text) as Record<string, unknown>
    return JSON.stringify(rest)
  }
  test.each([
    ['white space', text.replace(',', ', ')],
    ['another order', text.replace(/^\{("at":"[^"]+"),(.*)\}$/, '{$2,$1}')],
    ['a repeated member', text.replace('{', '{"at":"2027-01-01T00:00:00.000Z",')],
    ['an unknown member', text.replace(/\}$/, ',"zz":1}')],
    ['a polluting member', text.replace('{', '{"__proto__":{"epoch":1},')],
    ['a byte order mark', `\ufeff${text}`],
    ['an instant of another spelling', text.replace('.000Z', 'Z')],
    ['an epoch as text', text.replace('"epoch":1', '"epoch":"1"')],
    ['epoch 0', text.replace('"epoch":1', '"epoch":0')],
    ['an epoch with a fraction', text.replace('"epoch":1', '"epoch":1.5')],
    ['another schema', text.replace('delegation/v1', 'delegation/v2')],
    ['no roots', text.replace(/"roots":\[.*\]/, '"roots":[]')],
    ['not JSON', text.slice(0, -1)],
    ['nothing', ''],
    ['no keys', without('keys')],
    ['no previous', without('previous')],
  ])('%s', (_, wrong) => {
    expect(wrong).not.toBe(text)
    expect(judge(signedText(wrong))).toBe('DELEGATION_INVALID')
  })
  test('bytes that are no UTF-8', () => {
    expect(judge(signDsse('application/vnd.exeat.delegation+json', Uint8Array.of(0xff, 0xfe), twoFounders, sign))).toBe('DELEGATION_INVALID')
  })
  test('of another workspace, of another log', () => {
    expect(judge(signed(delegation({ workspace: 'globex' })))).toBe('DELEGATION_INVALID')
    expect(judge(signed(delegation({ origin: 'log.globex.example' })))).toBe('DELEGATION_INVALID')
  })
  test('a first epoch with a predecessor, a later one without', () => {
    expect(judge(signed(delegation({ previous: 'a'.repeat(64) })))).toBe('DELEGATION_INVALID')
    expect(judge(signed(delegation({ epoch: 2 })))).toBe('DELEGATION_INVALID')
  })
  test('roots that are not those pinned: fewer, more, others, twice, misnamed', () => {
    const [alice, bob] = statedRoots(twoFounders)
    if (alice === undefined || bob === undefined) throw new Error('two roots are stated')
    for (const roots of [[alice], [alice, bob, ...statedRoots([keys.carol])], [alice, ...statedRoots([keys.carol])], [alice, alice], [alice, { ...bob, name: 'robert' }]]) {
      expect(judge(signed(delegation({ roots })))).toBe('DELEGATION_INVALID')
    }
  })
  const working = delegation().keys
  test.each([
    ['one key for two purposes', { bundle: working.webhook }],
    ['one secret under two names', { webhook: formatVerifierKey(key('other', 12)) }],
    ['a root key that works', { bundle: formatVerifierKey(keys.alice) }],
    ['a log key of another name', { log: formatVerifierKey(key('log', 11)) }],
    ['a witness\'s key', { bundle: formatVerifierKey(key('bundle', 12, 'cosignature/v1')) }],
    ['a key whose id is another\'s', { bundle: working.bundle.replace(/\+[0-9a-f]{8}\+/, '+00000000+') }],
    ['no key', { webhook: 'none' }],
  ])('%s', (_, wrong) => {
    expect(judge(signed(delegation({ keys: { ...working, ...wrong } })))).toBe('DELEGATION_INVALID')
  })
})

describe('a chain of epochs', () => {
  const first = delegation()
  const rotated = (bundle: typeof keys.bundle, epoch: number, previous: typeof first) => delegation({
    epoch, previous: delegationDigest(previous, sha256), keys: { ...previous.keys, bundle: formatVerifierKey(bundle) }, at: (first.at + epoch) as Instant,
  })
  const second = rotated(keys.bundle2, 2, first)
  const third = rotated(keys.bundle3, 3, second)
  const at = (index: number, envelope: Dsse): RecordedDelegation => ({ index, envelope })
  const chain = (...recorded: readonly RecordedDelegation[]) => verifyDelegations(recorded, pins(), tools)

  test('each is in force from its entry on', () => {
    const answer = chain(at(0, signed(first)), at(7, signed(second)), at(9, signed(third)))
    if (!answer.ok) throw new Error(answer.problem.message)
    expect(answer.value.current.delegation.epoch).toBe(3)
    expect([0, 1, 7, 8, 9, 10].map((size) => delegationAt(answer.value, size)?.delegation.epoch)).toEqual([undefined, 1, 1, 2, 2, 3])
  })
  test.each([
    ['nothing', []],
    ['no genesis at entry 0', [at(1, signed(first))]],
    ['a later epoch as the genesis', [at(0, signed(second))]],
    ['an epoch left out', [at(0, signed(first)), at(3, signed(third))]],
    ['the same epoch twice', [at(0, signed(first)), at(3, signed(second)), at(4, signed(second))]],
    ['the genesis again', [at(0, signed(first)), at(3, signed(first))]],
    ['entries out of order', [at(0, signed(first)), at(5, signed(second)), at(4, signed(third))]],
    ['another predecessor', [at(0, signed(first)), at(3, signed({ ...second, previous: 'a'.repeat(64) }))]],
    ['a date before', [at(0, signed(first)), at(3, signed({ ...second, at: (first.at - 1) as Instant }))]],
    ['another log key', [at(0, signed(first)), at(3, signed({ ...second, keys: { ...second.keys, log: formatVerifierKey(key(origin, 20)) } }))]],
    ['a key that was replaced', [at(0, signed(first)), at(3, signed(second)), at(4, signed(rotated(keys.bundle, 3, second)))]],
    ['a key that had another purpose', [at(0, signed(first)), at(3, signed({ ...second, keys: { ...first.keys, bundle: first.keys.webhook, webhook: formatVerifierKey(keys.bundle2) } }))]],
  ] as const)('%s', (_, recorded) => { expect(codeOf(chain(...recorded))).toBe('DELEGATION_INVALID') })
  test('a rotation needs as many founders as the genesis', () => {
    expect(codeOf(chain(at(0, signed(first)), at(3, signed(second, [keys.bob]))))).toBe('DELEGATION_UNSIGNED')
  })
})
