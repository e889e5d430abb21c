/** Hand-overs while polls, answers and acts come at once: on real rows, with the other's step put between a read and its write. */
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { generateKeyPair, exportJWK, calculateJwkThumbprint } from 'jose'
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest'
import { temporaryFolder } from '../../../testkit/src/git.ts'
import { must } from '../../../testkit/src/log-store-kit.ts'
import { devices } from '../../src/identity/devices.ts'
import type { Session } from '../../src/identity/types.ts'
import { type IdentityRows, rowKinds } from '../../src/ports/identity.ts'
import { openSqliteIdentity } from '../../src/store/sqlite/identity.ts'
import { codesOf } from '../use/support.ts'

const folder = temporaryFolder()
afterAll(() => { rmSync(folder, { recursive: true, force: true }) })

let made = 0
let rows: IdentityRows
/** Runs once, before the next write of a hand-over. */
let between: (() => Promise<unknown>) | undefined
beforeEach(() => {
  const own = must(openSqliteIdentity(join(folder, `${made += 1}.sqlite`)))
  rows = { ...own, put: async (kind, ...more) => {
    const first = kind === rowKinds.device ? between : undefined
    if (first !== undefined) between = undefined
    await first?.()
    return own.put(kind, ...more)
  } }
})
afterEach(async () => rows.close())

const clock = { now: 1_000_000 }
const service = (): ReturnType<typeof devices> => devices(rows, () => clock.now)
const ben = { iss: 'exeat:local', sub: 'ben' }
const session = (id = 'a'.repeat(64)): Session => ({ id, person: ben, label: 'ben', method: 'passkey', authenticatedAt: clock.now }) as unknown as Session
const digest = 'b'.repeat(64)
const act = { purpose: 'approve', id: digest, signed: { optOut: digest, terms: digest, impact: null } } as const

async function begun(handed: { readonly act?: typeof act } = { act }) {
  const { publicKey } = await generateKeyPair('ES256', { extractable: true })
  const { x, y } = await exportJWK(publicKey)
  const key = { kty: 'EC', crv: 'P-256', x: String(x), y: String(y) } as const
  const it = service()
  const { deviceCode, userCode } = await it.begin({ key, client: { host: 'h', user: 'u', command: 'c' }, ...handed }, { address: '::1', origin: 'https://x.example', person: ben })
  return { it, deviceCode, userCode, thumbprint: await calculateJwkThumbprint(key) }
}

describe('a hand-over', () => {
  test('that is answered while it is asked about is answered, and both are told so', async () => {
    const { it, deviceCode, userCode, thumbprint } = await begun()
    between = () => it.answer(session(), userCode, true)
    expect(await it.poll(deviceCode, thumbprint)).toMatchObject({ state: 'pending' })
    await it.done(session(), act, 7)
    expect(await it.poll(deviceCode, thumbprint)).toEqual({ state: 'done', index: 7 })
  })
  test('that is asked about while it is answered, and while its act is done', async () => {
    const { it, deviceCode, userCode, thumbprint } = await begun()
    const poll = async (): Promise<void> => { expect(await it.poll(deviceCode, thumbprint)).toMatchObject({ state: 'pending' }) }
    between = poll
    await it.answer(session(), userCode, true)
    between = poll
    await it.done(session(), act, 7)
    expect(await it.poll(deviceCode, thumbprint)).toEqual({ state: 'done', index: 7 })
    expect(await codesOf(it.poll(deviceCode, thumbprint))).toEqual(['DEVICE_UNKNOWN'])
  })
  test('twenty answers at once: one is taken', async () => {
    const { it, userCode } = await begun()
    const outcomes = await Promise.allSettled(Array.from({ length: 20 }, (_, i) => it.answer(session(), userCode, i % 2 === 0)))
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
  })
  test('an act that is done is told of however many others wait, and takes no harm from one that is gone', async () => {
    const { it, deviceCode, userCode, thumbprint } = await begun()
    for (let i = 0; i < 1100; i++) await rows.put(rowKinds.device, `${'0'.repeat(10)}${i}`, { value: Buffer.from(JSON.stringify({ answer: { state: 'pending' } })), expires: clock.now + 60_000 }, 0, clock.now)
    await it.answer(session(), userCode, true)
    await it.done(session(), act, 9)
    expect(await it.poll(deviceCode, thumbprint)).toEqual({ state: 'done', index: 9 })
    await it.done(session(), act, 9)
  })
  test('another session\'s act, or another act, completes nothing', async () => {
    const { it, deviceCode, userCode, thumbprint } = await begun()
    await it.answer(session(), userCode, true)
    await it.done(session('c'.repeat(64)), act, 1)
    await it.done(session(), { ...act, purpose: 'activate' }, 2)
    await it.done(session(), { ...act, signed: { ...act.signed, terms: 'd'.repeat(64) } }, 3)
    expect(await it.poll(deviceCode, thumbprint)).toMatchObject({ state: 'pending' })
  })
})
