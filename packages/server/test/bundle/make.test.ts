/** Bundles that the server makes, read by those who verify them. */
import { type Decision, decider, type HexDigest, type Instant } from '@exeat/core'
import { afterEach, describe, expect, test } from 'vitest'
import { auditBundle, type Bundle, readEntry, verifyBundle, type BundleContext } from '@exeat/verify'
import { bundleMaker } from '../../src/bundle/index.ts'
import { bundleTags } from '../../src/http/bundle-tag.ts'
import type { BundleMaker } from '../../src/ports/bundle.ts'
import type { LogStore } from '../../src/ports/log.ts'
import { sha256 } from '../../src/store/ed25519.ts'
import { bodyKinds } from '../../src/use/stored.ts'
import { bundleOf, bytesOf, contextAt, deps, findingOf, hour, keys, must, optOutJson, origin, person, start, world, type World } from './world.ts'

let open: World | undefined
afterEach(async () => {
  await open?.close()
  open = undefined
})

/** What a point makes of the bundle, as `name: state` of each opt-out. */
async function seen(it: World, over: { readonly make?: BundleMaker['make']; readonly revoked?: ReadonlyMap<HexDigest, Instant>; readonly at?: number; readonly context?: Partial<BundleContext> } = {}): Promise<string[]> {
  const { make = it.dependencies.bundles.make, revoked = new Map(), at = it.clock.now } = over
  const { optOuts, problems } = must(verifyBundle(bytesOf(await make({}, { governed: it.governed(), revoked })), it.pins, contextAt(at, over.context), deps))
  expect(problems).toEqual([])
  return [...optOuts.active.map(({ document }) => `${document.metadata.name}: active`), ...optOuts.ended.map(({ document, ended }) => `${document.metadata.name}: ${ended.state}`)].sort()
}

const makerOf = (it: World, log: LogStore = it.log): BundleMaker['make'] => {
  const { random, pseudonymKey } = it.dependencies
  return bundleMaker({ log, writer: { random, pseudonymKey, origin }, logKey: keys.log, bundleKey: () => keys.bundle, now: () => it.clock.now }).make
}

async function eventTypes(it: World): Promise<string[]> {
  const { size } = await it.log.head()
  const types: string[] = []
  for (let index = 0; index < size; index++) types.push((JSON.parse(Buffer.from((await it.log.entry(index))?.entry ?? []).toString('utf8')) as { type: string }).type)
  return types
}
const published = async (it: World): Promise<number> => (await eventTypes(it)).filter((type) => type === 'dev.exeat.bundle.published.v1').length

describe('what is made is what is verified', () => {
  test('an activated opt-out excuses its finding, until it ends', async () => {
    const it = open = await world()
    const uid = await it.activated('log4j')
    const value = must(verifyBundle(bytesOf(await it.use.bundle({})), it.pins, contextAt(it.clock.now + hour / 2), deps))
    expect(value.problems).toEqual([])
    expect(value.optOuts.active.map((each) => [each.uid, each.document.metadata.name, each.met])).toEqual([[uid, 'log4j', {
      evidence: 'operator-asserted', approvers: [['security'], ['security']], requester: ['engineering'], activator: ['engineering'],
      log: { renewal: 0, total: 48 * hour, witnessed: false },
    }]])
    expect([value.workspace.document.spec.id, value.policies.map(({ document }) => document.metadata.name), value.commit]).toEqual(['acme', ['staging'], it.governed().commit])
    const facts = { repository: { value: { name: 'acme/payments', id: '1001' }, provenance: 'verified', from: 'test' }, environment: { value: 'staging', provenance: 'asserted', from: 'test' } } as const
    const outcome = (name: string, at: number): Decision['outcome'] | undefined => decider(it.governed().policySet, value.optOuts)([findingOf(name)], facts, at as Instant, { sha256 })[0]?.outcome
    expect([outcome('log4j', start), outcome('log4j', start + 48 * hour - 1), outcome('log4j', start + 48 * hour), outcome('other', start)]).toEqual(['excused', 'excused', 'blocked', 'blocked'])
  })
  test('revoked, it is told as revoked', async () => {
    const it = open = await world()
    const uid = await it.activated('log4j')
    expect(await seen(it)).toEqual(['log4j: active'])
    await it.use.revoke(person('bob'), uid, 'no longer needed', it.nextKey())
    expect(await seen(it)).toEqual(['log4j: revoked'])
  })
  test('nothing is told before it is activated', async () => {
    const it = open = await world()
    expect(await seen(it)).toEqual([])
  })
  test('lapsed, and forgotten after 30 days', async () => {
    const it = open = await world()
    await it.activated('log4j')
    it.clock.now = start + 48 * hour
    expect(await seen(it)).toEqual(['log4j: lapsed'])
    it.clock.now = start + (48 + 30 * 24) * hour
    expect(await seen(it)).toEqual(['log4j: lapsed'])
    it.clock.now += 1
    expect(await seen(it)).toEqual([])
  })
  test('many, at any place of a log that spans tiles', async () => {
    const it = open = await world()
    for (let i = 0; i < 90; i++) await it.activated(`many-${i}`)
    expect((await it.log.head()).size).toBeGreaterThan(360)
    expect(await seen(it)).toHaveLength(90)
  })
})

describe('whom and when it is for', () => {
  const life = ({ issuedAt, notAfter }: Bundle): number => notAfter - issuedAt
  test('five minutes where the point is in a protected environment, else an hour', async () => {
    const it = open = await world()
    expect(life(bundleOf(await it.bundle()))).toBe(hour)
    expect(life(bundleOf(await it.bundle({ protected: 'false' })))).toBe(hour)
    const short = await it.bundle({ protected: 'true' })
    expect(life(bundleOf(short))).toBe(300_000)
    expect(verifyBundle(bytesOf(short), it.pins, contextAt(it.clock.now, { protectedEnvironment: true }), deps).ok).toBe(true)
  })
  test('nonce and audience are repeated', async () => {
    const it = open = await world()
    const nonce = 'ab'.repeat(16)
    expect(bundleOf(await it.bundle({ nonce, audience: '1002' }))).toMatchObject({ nonce, audience: '1002' })
    expect(bundleOf(await it.bundle())).toMatchObject({ nonce: null, audience: '*' })
  })
})

describe('one entry for each content', () => {
  test('however many ask, at once or later', async () => {
    const it = open = await world()
    await it.activated('log4j')
    const bundles = await Promise.all(Array.from({ length: 20 }, () => it.bundle()))
    for (let i = 0; i < 5; i++) bundles.push(await it.bundle())
    expect(new Set(bundles.map((each) => bundleOf(each).published.content)).size).toBe(1)
    expect(await published(it)).toBe(1)
  })
  test('a fold is made once for a head, and the rest is signing', async () => {
    const it = open = await world()
    await it.activated('log4j')
    let snapshots = 0
    const counted: LogStore = { ...it.log, snapshot: (read) => { snapshots += 1; return it.log.snapshot(read) } }
    const make = makerOf(it, counted)
    await Promise.all(Array.from({ length: 20 }, () => seen(it, { make })))
    expect(snapshots).toBe(2)
    for (let i = 0; i < 5; i++) await seen(it, { make })
    expect(snapshots).toBe(2)
    await it.activated('more')
    expect(await seen(it, { make })).toEqual(['log4j: active', 'more: active'])
    expect(snapshots).toBe(4)
  })
  test('several processes on one log agree', async () => {
    const it = open = await world()
    await it.activated('log4j')
    const makers = [makerOf(it), makerOf(it), makerOf(it)]
    const all = await Promise.all(Array.from({ length: 12 }, (_, i) => seen(it, { make: makers[i % 3] ?? makerOf(it) })))
    expect(new Set(all.map((each) => each.join())).size).toBe(1)
    expect(await published(it)).toBe(1)
  })
  test('acts that go on meanwhile', async () => {
    const it = open = await world()
    const acting = (async () => { for (let i = 0; i < 5; i++) await it.activated(`n-${i}`) })()
    for (let i = 0; i < 20; i++) await seen(it)
    await acting
    expect(await seen(it)).toHaveLength(5)
  })
  test('acts that never pause keep nobody waiting: what was published a moment ago is told', async () => {
    const it = open = await world()
    const names = Array.from({ length: 6 }, (_, i) => `n-${i}`)
    it.merge(...names.map((name) => optOutJson(name)))
    let acts = 0
    const restless: LogStore = {
      ...it.log,
      append: async (operation) => {
        const answer = await it.log.append(operation)
        it.clock.now += 1
        await it.activated(names[acts] ?? '')
        acts += 1
        return answer
      },
    }
    expect((await seen(it, { make: makerOf(it, restless) })).length).toBeGreaterThan(0)
    expect([acts, await published(it)]).toEqual([3, 3])
    expect(await seen(it)).toHaveLength(3)
  })
  test('a monitor finds every bundle to be what the log says', async () => {
    const it = open = await world()
    const uid = await it.activated('log4j')
    await it.activated('other')
    const bundles = [await it.use.bundle({})]
    await it.use.revoke(person('bob'), uid, 'no longer needed', it.nextKey())
    bundles.push(await it.use.bundle({}))
    it.clock.now = start + 49 * hour
    bundles.push(await it.use.bundle({}))
    const entries = []
    const { size } = await it.log.head()
    for (let index = 0; index < size; index++) {
      const leaf = Buffer.from((await it.log.entry(index))?.entry ?? []).toString('utf8')
      const kept = await it.log.body(bodyKinds.event, (JSON.parse(leaf) as { body: string }).body)
      entries.push(must(readEntry({ leaf, ...(kept === undefined ? {} : { body: { salt: Buffer.from(kept.subarray(0, 32)).toString('base64'), event: Buffer.from(kept.subarray(32)).toString('utf8') } }) }, sha256)))
    }
    for (const each of bundles) expect(must(auditBundle(bytesOf(each), it.pins, entries, deps))).toEqual([])
  })
})

describe('while the log cannot be written', () => {
  const broken = (it: World): LogStore => ({ ...it.log, append: async () => ({ ok: false, problem: { code: 'STORE_FULL', message: 'the disk is full' } }) })
  test('a revocation by word alone is withheld at once, and nothing need be published', async () => {
    const it = open = await world()
    const uid = await it.activated('log4j')
    await it.activated('other')
    await seen(it)
    const revoked = new Map([[uid, it.clock.now as Instant]])
    expect(await seen(it, { make: makerOf(it, broken(it)), revoked })).toEqual(['log4j: revoked', 'other: active'])
    expect(await seen(it, { revoked })).toEqual(['log4j: revoked', 'other: active'])
    expect(await seen(it)).toEqual(['log4j: active', 'other: active'])
  })
  test('a bundle that withholds more is another one to whoever holds the one before', async () => {
    const it = open = await world()
    const uid = await it.activated('log4j')
    const make = makerOf(it)
    await make({}, { governed: it.governed(), revoked: new Map() })
    const tagsWith = async (revoked: ReadonlyMap<HexDigest, Instant>) => bundleTags(await make({}, { governed: it.governed(), revoked }), {})
    const held = await tagsWith(new Map())
    expect((await tagsWith(new Map())).stillGood(held.tag, it.clock.now)).toBe(true)
    expect((await tagsWith(new Map([[uid, it.clock.now as Instant]]))).stillGood(held.tag, it.clock.now)).toBe(false)
  })
  test('what was published last serves on; the clock ends what it ends', async () => {
    const it = open = await world()
    await it.activated('log4j')
    await seen(it)
    it.clock.now = start + 48 * hour
    expect(await seen(it, { make: makerOf(it, broken(it)) })).toEqual(['log4j: lapsed'])
    expect(await published(it)).toBe(1)
    expect(await seen(it)).toEqual(['log4j: lapsed'])
    expect(await published(it)).toBe(2)
  })
  test('what was revoked in the log since is withheld, and what was activated since is not told', async () => {
    const it = open = await world()
    const uid = await it.activated('log4j')
    await it.activated('other')
    it.merge(optOutJson('later'))
    await seen(it)
    it.clock.now += 1
    await it.use.revoke(person('bob'), uid, 'no longer needed', it.nextKey())
    await it.activated('later')
    expect(await seen(it, { make: makerOf(it, broken(it)) })).toEqual(['log4j: revoked', 'other: active'])
  })
  test('where nothing was published, or something else governs since, there is no bundle', async () => {
    const it = open = await world()
    const make = makerOf(it, broken(it))
    await expect(seen(it, { make })).rejects.toThrow('the disk is full')
    await seen(it)
    expect(await seen(it, { make })).toEqual([])
    it.merge()
    await expect(seen(it, { make })).rejects.toThrow('the disk is full')
  })
  test('a clock behind the log brings nothing back', async () => {
    const it = open = await world()
    const uid = await it.activated('log4j')
    it.clock.now += hour
    await it.use.revoke(person('bob'), uid, 'no longer needed', it.nextKey())
    await seen(it)
    it.clock.now -= hour
    expect(await seen(it, { make: makerOf(it) })).toEqual(['log4j: revoked'])
  })
})

test('an erased opt-out is not told', async () => {
  const it = open = await world()
  const uid = await it.activated('log4j')
  await it.use.revoke(person('bob'), uid, 'no longer needed', it.nextKey())
  it.clock.now = start + 32 * 24 * hour
  await it.use.erase(person('operator'), { uid, reason: 'asked for' }, it.nextKey())
  expect(await seen(it)).toEqual([])
})
