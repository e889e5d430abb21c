import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Facts, Instant, Json } from '@exeat/core'
import { formatVerifierKey, type SignerKey } from '@exeat/log'
import { bundlePins, type BundlePins, type SeenHead } from '../../src/index.ts'
import { checkOfflineRun, type KeptBundle, type KnownGrant, mostUnlogged, type OfflineRun, oldestCheckpoint, unloggedRefusal } from '../../src/offline/index.ts'
import { key, keys as logKeys, must, origin, scene, start, tools, workspaceJson } from '../bundle/scene.ts'
import { delegation, signed as signedDelegation } from '../delegation/support.ts'
import { at, digestOf, governed, grantJson, hour, log, now, sha256, signed } from './world.ts'

const fact = <T>(value: T) => ({ value, provenance: 'asserted' as const, from: 'test' })
const facts: Facts = { repository: fact({ name: 'acme/payments', id: '1001' }), commit: fact('c'.repeat(40)), environment: fact('staging') }
const pins: BundlePins = must(bundlePins(governed().workspace, sha256))
const head = log.headAt()
const kept = (over: Partial<KeptBundle> = {}): KeptBundle => ({ ...head, issuedAt: at(hour), uids: new Set(), ...over })
const seen = (over: Partial<SeenHead> = {}): SeenHead => ({ ...head, epoch: 1, ...over })

const run = (over: Partial<OfflineRun> = {}, json = grantJson()): string => {
  const answer = checkOfflineRun(signed(json), { facts, now, pins, last: undefined, kept: kept(), ...over }, tools)
  if (!answer.ok) expect(answer.problem.message).toMatch(/^\P{Cc}*[^.\p{Cc}]$/u)
  return answer.ok ? 'ok' : answer.problem.code
}

describe('attack-28: one run', () => {
  test('of this repository, commit and environment, now', () => {
    expect(run()).toBe('ok')
    expect(run({ now: at(2 * hour) })).toBe('ok')
    expect(run({ now: (at(3 * hour) - 1) as Instant })).toBe('ok')
  })
  test.each<[string, Facts]>([
    ['another repository', { ...facts, repository: fact({ name: 'acme/payments', id: '1002' }) }],
    ['another commit', { ...facts, commit: fact('e'.repeat(40)) }],
    ['another environment', { ...facts, environment: fact('development') }],
    ['a repository that is unknown', { commit: fact('c'.repeat(40)), environment: fact('staging') }],
    ['a commit that is unknown', { repository: fact({ name: 'acme/payments', id: '1001' }), environment: fact('staging') }],
    ['nothing that is known', {}],
  ])('%s is refused', (_, given) => { expect(run({ facts: given })).toBe('OFFLINE_OTHER') })
  test.each<[string, number]>([['before it begins', at(2 * hour) - 1], ['when it ends', at(3 * hour)], ['a day later', at(27 * hour)], ['at no instant', Number.NaN]])('%s it does not hold', (_, when) => {
    expect(run({ now: when as Instant, kept: kept({ issuedAt: at(0) }) })).toBe('OFFLINE_NOT_NOW')
  })
  test('to be in the log ends it', () => { expect(run({ kept: kept({ uids: new Set([signed().optOut.uid]) }) })).toBe('OFFLINE_ENTERED') })
})

describe('attack-28: the log that it rests on', () => {
  const grantWith = (over: { readonly [key: string]: Json }) => grantJson({ grant: { log: { delegation: log.delegated as unknown as Json, checkpoint: log.checkpoint(), published: null, ...over } } })

  test('is signed by the key that the pinned root keys delegate to', () => {
    expect(run({}, grantWith({ checkpoint: log.checkpoint(undefined, [key(origin, 99)]) }))).toBe('OFFLINE_CHECKPOINT')
    expect(run({}, grantWith({ checkpoint: log.checkpoint(undefined, [logKeys.bundle]) }))).toBe('OFFLINE_CHECKPOINT')
    expect(run({}, grantWith({ checkpoint: 'no note at all' }))).toBe('OFFLINE_CHECKPOINT')
    expect(run({}, grantWith({ delegation: signedDelegation(delegation(), [logKeys.carol]) as unknown as Json }))).toBe('DELEGATION_UNSIGNED')
    expect(run({}, grantWith({ delegation: signedDelegation(delegation({ workspace: 'other' })) as unknown as Json }))).toBe('DELEGATION_INVALID')
  })
  test('of another origin is another log', () => {
    expect(run({ pins: { ...pins, origin: 'log.other.example' } })).toBe('DELEGATION_INVALID')
  })
  test('is not older than the one seen here, nor another', () => {
    expect(run({ last: seen() })).toBe('ok')
    expect(run({ last: seen({ size: head.size - 1 }) })).toBe('ok')
    expect(run({ last: seen({ size: head.size + 1 }) })).toBe('OFFLINE_ROLLBACK')
    expect(run({ last: seen({ epoch: 2 }) })).toBe('OFFLINE_ROLLBACK')
    expect(run({ last: seen({ root: sha256(new Uint8Array(1)) }) })).toBe('OFFLINE_ROLLBACK')
  })
  test('was seen within a day: a bundle kept here, an entry under it, or a witness says when', () => {
    const oldest = (now - oldestCheckpoint) as Instant
    expect(run({ kept: kept({ issuedAt: oldest }) })).toBe('ok')
    expect(run({ kept: kept({ issuedAt: (oldest - 1) as Instant }) })).toBe('OFFLINE_OLD')
    expect(run({ kept: undefined })).toBe('OFFLINE_OLD')
    expect(run({ kept: kept({ size: head.size + 1 }) })).toBe('OFFLINE_OLD')
    expect(run({ kept: kept({ root: sha256(new Uint8Array(1)) }) })).toBe('OFFLINE_OLD')
    // A clock that is further ahead than clocks may be says nothing.
    expect(run({ kept: kept({ issuedAt: (now + 60_001) as Instant }) })).toBe('OFFLINE_OLD')
  })
  test('by an entry, where it stands in that log', () => {
    const own = scene({ workspace: workspaceJson() })
    const entry = own.entryAt(1)
    const json = (published: unknown) => grantJson({ grant: { log: { delegation: own.delegated as unknown as Json, checkpoint: own.checkpoint(), published: published as Json } } })
    expect(run({ kept: undefined }, json(entry))).toBe('ok')
    expect(run({ kept: undefined }, json({ ...entry, index: 2 }))).toBe('OFFLINE_OLD')
    expect(run({ kept: undefined }, json({ ...entry, event: entry.event.replace('"time":"2026', '"time":"2027') }))).toBe('OFFLINE_OLD')
    expect(run({ kept: undefined, now: at(2 * hour) }, json(entry))).toBe('ok')
  })
  test('by a witness that the workspace pins, and by no other', () => {
    const witness = key('w.example', 21, 'cosignature/v1')
    const other = key('x.example', 22, 'cosignature/v1')
    const watched = governed({ log: { witnesses: [formatVerifierKey(witness)], quorum: 1 } })
    const watching = must(bundlePins(watched.workspace, sha256))
    const by = (...keys: readonly SignerKey[]) => grantWith({ checkpoint: log.checkpoint(undefined, keys) })
    expect(run({ pins: watching, kept: undefined }, by(logKeys.log, witness))).toBe('ok')
    expect(run({ pins: watching, kept: kept() }, by(logKeys.log, other))).toBe('OFFLINE_CHECKPOINT')
    expect(run({ pins: { ...watching, witnesses: { ...watching.witnesses, atLeast: 0 } }, kept: undefined }, by(logKeys.log, other))).toBe('OFFLINE_OLD')
    // It saw the log at `start`, two hours and ten minutes before.
    expect(now - start).toBe(2 * hour + 600_000)
  })
})

describe('attack-28: how many the log does not have', () => {
  const known = (n: number, minute = n, repositoryId = '1001'): KnownGrant => ({ uid: digestOf(`grant ${n}`), repositoryId, at: at(2 * hour + minute * 60_000) })
  const codes = (all: readonly KnownGrant[], bundle: KeptBundle | undefined = kept()): readonly string[] => all.map((each) => unloggedRefusal(each, all, bundle)?.problem.code ?? 'ok')

  test(`the first ${mostUnlogged} of a repository hold, in whatever order they are found, and each counts once`, () => {
    expect(codes([known(1), known(2), known(3), known(4)])).toEqual(['ok', 'ok', 'OFFLINE_TOO_MANY', 'OFFLINE_TOO_MANY'])
    expect(codes([known(4), known(3), known(2), known(1)])).toEqual(['OFFLINE_TOO_MANY', 'OFFLINE_TOO_MANY', 'ok', 'ok'])
    expect(codes([known(1), known(1), known(1), known(2)])).toEqual(['ok', 'ok', 'ok', 'ok'])
    expect(codes([known(1), known(2), known(3, 3, '1002')])).toEqual(['ok', 'ok', 'ok'])
    expect(codes([known(1), known(2), known(3)], undefined)).toEqual(['ok', 'ok', 'OFFLINE_TOO_MANY'])
  })
  test('those that the log has count no more', () => {
    expect(codes([known(1), known(2), known(3)], kept({ uids: new Set([known(1).uid]) })).slice(1)).toEqual(['ok', 'ok'])
  })
  test('once the server was there, one that was not entered refuses all, itself too', () => {
    const back = kept({ issuedAt: at(2 * hour + 20 * 60_000) })
    expect(codes([known(1), known(30)], back)).toEqual(['OFFLINE_LEFT_OUT', 'OFFLINE_LEFT_OUT'])
    expect(codes([known(1), known(30)], { ...back, uids: new Set([known(1).uid]) })[1]).toBe('ok')
    expect(codes([known(1, 1, '1002'), known(30)], back)[1]).toBe('ok')
  })
  test('a grant that is not among the known holds by nothing', () => { expect(unloggedRefusal(known(9), [known(1)], kept())?.problem.code).toBe('OFFLINE_TOO_MANY') })
  test('whatever is known, no more than so many of a repository hold', () => {
    fc.assert(fc.property(fc.array(fc.record({ n: fc.nat(8), minute: fc.nat(5), repository: fc.constantFrom('1001', '1002') })), (list) => {
      const all = [...new Map(list.map(({ n, minute, repository }) => [n, known(n, minute, repository)])).values()]
      const holds = all.filter((each) => unloggedRefusal(each, all, kept()) === undefined)
      return ['1001', '1002'].every((id) => holds.filter(({ repositoryId }) => repositoryId === id).length <= mostUnlogged)
    }), { numRuns: 200 })
  })
})
