/** The factors by themselves, on real rows: passkeys of every algorithm, attestation, counters, one-time codes, and what providers said of people. */
import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { rmSync } from 'node:fs'
import { ExeatError } from '@exeat/core/error'
import { generate } from 'otplib'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { must } from '../../../testkit/src/log-store-kit.ts'
import { temporaryFolder } from '../../../testkit/src/index.ts'
import { createAuthenticator } from '../../../testkit/src/software-authenticator.ts'
import { advanceCounter } from '../../src/identity/counters.ts'
import { directory, groupsLast, recordPerson, recordSignOut } from '../../src/identity/directory.ts'
import { newCode, spendCode } from '../../src/identity/totp.ts'
import { type Passkey, verifyAssertion, verifyRegistration } from '../../src/identity/webauthn.ts'
import { type IdentityRows, rowKinds } from '../../src/ports/identity.ts'
import { openSqliteIdentity } from '../../src/store/sqlite/identity.ts'
import { start } from '../use/support.ts'
import { rpId, site, who } from './people.ts'

let folder: string
let rows: IdentityRows
beforeEach(() => {
  folder = temporaryFolder()
  rows = must(openSqliteIdentity(join(folder, 'identity.db')))
})
afterEach(async () => {
  await rows.close()
  rmSync(folder, { recursive: true, force: true })
})

const codeOf = (run: Promise<unknown>): Promise<string> => run.then(() => 'ok', (error: unknown) => {
  if (error instanceof ExeatError) return error.problems[0].code
  throw error
})
const party = { id: rpId, origins: [site] }
const bytes = (fill: number): Uint8Array => new Uint8Array(32).fill(fill)
const text = (value: Uint8Array): string => Buffer.from(value).toString('base64url')
const makers = { roots: [], now: start }

describe('a passkey', () => {
  test.each(['ES256', 'EdDSA', 'RS256'] as const)('of %s is enrolled as it will be verified offline, and signs', async (algorithm) => {
    const device = createAuthenticator({ origin: site, rpId, algorithm })
    const { passkey } = await verifyRegistration(device.create({ challenge: text(bytes(1)) }), bytes(1), party, makers)
    expect(passkey).toEqual({ kind: 'webauthn', id: device.id, alg: algorithm, publicKey: device.publicKey, rpId, aaguid: device.aaguid, backupEligible: false, attested: false } satisfies Passkey)
    const answer = device.get({ challenge: text(bytes(2)) })
    expect(await verifyAssertion(answer, bytes(2), party, passkey, who('ann'), 'TAP_WRONG')).toMatchObject({ signed: { signature: answer.response.signature } })
    expect(await codeOf(verifyAssertion(answer, bytes(3), party, passkey, who('ann'), 'TAP_WRONG'))).toBe('TAP_WRONG')
  })
  test('attack-02: a registration from another site, for another, in a frame, without its owner, or over another challenge is none', async () => {
    for (const twist of [{ origin: 'https://evil.example' }, { rpId: 'evil.example' }, { crossOrigin: true }, { userVerified: false }, { userPresent: false }, { challenge: text(bytes(9)) }, { type: 'webauthn.get' }]) {
      const device = createAuthenticator({ origin: site, rpId })
      expect(await codeOf(verifyRegistration(device.create({ challenge: text(bytes(1)) }, twist), bytes(1), party, makers)), JSON.stringify(twist)).toBe('PASSKEY_WRONG')
    }
  })
  test('what is no answer at all is told as a wrong one', async () => {
    for (const answer of [undefined, null, 1, 'x', [], {}, { id: 'x' }, { id: 'AAAA', rawId: 'AAAA', type: 'public-key', response: { clientDataJSON: 'AAAA', attestationObject: 'AAAA' } }, JSON.parse('{"__proto__": {"id": "AAAA"}}')]) {
      expect(await codeOf(verifyRegistration(answer, bytes(1), party, makers))).toBe('PASSKEY_WRONG')
    }
  })
  test('that can be copied says so, and one that says otherwise later is not it', async () => {
    const device = createAuthenticator({ origin: site, rpId, backupEligible: true })
    const { passkey } = await verifyRegistration(device.create({ challenge: text(bytes(1)) }), bytes(1), party, makers)
    expect(passkey.backupEligible).toBe(true)
    const answer = device.get({ challenge: text(bytes(2)) })
    expect(await codeOf(verifyAssertion(answer, bytes(2), party, { ...passkey, backupEligible: false }, who('ann'), 'TAP_WRONG'))).toBe('TAP_WRONG')
  })
})

describe('a counter', () => {
  const advance = (counter: number, told: unknown[] = []) => codeOf(advanceCounter(rows, 'a'.repeat(64), counter, start, (problem) => { told.push(problem) }))
  test('goes forward alone; one that goes back or stands still is refused and reported', async () => {
    const told: unknown[] = []
    expect([await advance(5), await advance(6), await advance(6, told), await advance(5, told), await advance(0, told), await advance(Number.NaN, told), await advance(7)])
      .toEqual(['ok', 'ok', 'TAP_COUNTER', 'TAP_COUNTER', 'TAP_COUNTER', 'TAP_COUNTER', 'ok'])
    expect(told).toHaveLength(4)
  })
  test('of a passkey that has none stays at nothing', async () => { expect([await advance(0), await advance(0)]).toEqual(['ok', 'ok']) })
  test('that two show at once is believed once', async () => {
    const codes = await Promise.all(Array.from({ length: 10 }, () => advance(3)))
    expect(codes.filter((code) => code === 'ok')).toHaveLength(1)
  })
})

describe('a one-time code', () => {
  const sealing = { key: bytes(7), random: (count: number) => new Uint8Array(randomBytes(count)) }
  const made = () => newCode(rows, sealing, who('ann'), { label: 'ann', life: 900_000, now: start })
  const codeAt = (secret: string, at: number) => generate({ secret, epoch: Math.floor(at / 1000) })
  const spend = (id: string, code: string, now = start, person = 'ann', key = sealing) => codeOf(spendCode(rows, key, who(person), id, code, now))

  test('attack-01: is good once, of twenty at once for one; and no earlier one after it', async () => {
    const { id, secret } = await made()
    const code = await codeAt(secret, start)
    const codes = await Promise.all(Array.from({ length: 20 }, () => spend(id, code)))
    expect(codes.filter((each) => each === 'ok')).toHaveLength(1)
    expect(await spend(id, await codeAt(secret, start - 30_000))).toBe('TAP_WRONG')
    expect(await spend(id, await codeAt(secret, start + 30_000))).toBe('ok')
  })
  test('attack-08: of a step before and after is taken, of two not', async () => {
    for (const [offset, expected] of [[-60, 'TAP_WRONG'], [60, 'TAP_WRONG'], [-30, 'ok'], [0, 'ok'], [30, 'ok']] as const) {
      const { id, secret } = await made()
      expect(await spend(id, await codeAt(secret, start + offset * 1000)), String(offset)).toBe(expected)
    }
  })
  test('of somebody else, of no secret, of another length, or that is none', async () => {
    const { id, secret } = await made()
    const code = await codeAt(secret, start)
    expect([await spend(id, code, start, 'ben'), await spend('f'.repeat(32), code), await spend(id, '12345'), await spend(id, 'abcdef'), await spend(id, '')]).toEqual(Array.from({ length: 5 }, () => 'TAP_WRONG'))
  })
  test('the secret is sealed for its person under the key of the folder, and is over where nobody confirms it', async () => {
    const { id, secret, uri } = await made()
    expect(uri).toContain(secret)
    const row = await rows.get(rowKinds.totp, id, start)
    expect(Buffer.from(row?.value ?? []).toString('utf8')).not.toContain(secret)
    await expect(spendCode(rows, { ...sealing, key: bytes(8) }, who('ann'), id, await codeAt(secret, start), start)).rejects.toThrow(/authenticate/)
    expect(await spend(id, await codeAt(secret, start + 900_000), start + 900_000)).toBe('TAP_WRONG')
  })
})

describe('what identity providers said', () => {
  test('lasts seven days, and is gone with a sign-out, which voids what came before', async () => {
    let now = start
    const { groupsOf, voidUntil } = directory(rows, () => now)
    expect([await groupsOf(who('ann')), await voidUntil(who('ann'))]).toEqual([[], undefined])
    await recordPerson(rows, who('ann'), { groups: ['security'], label: 'Ann' }, now)
    now += groupsLast - 1
    expect(await groupsOf(who('ann'))).toEqual(['security'])
    now += 1
    expect(await groupsOf(who('ann'))).toEqual([])
    await recordPerson(rows, who('ann'), { groups: ['security'], label: 'Ann' }, now)
    await recordSignOut(rows, who('ann'), now)
    expect([await groupsOf(who('ann')), await voidUntil(who('ann'))]).toEqual([[], now])
    const out = now
    now += 1
    await recordPerson(rows, who('ann'), { groups: ['security'], label: 'Ann' }, now)
    expect([await groupsOf(who('ann')), await voidUntil(who('ann'))]).toEqual([['security'], out])
    now -= 10
    expect(await groupsOf(who('ann'))).toEqual([])
  })
})
