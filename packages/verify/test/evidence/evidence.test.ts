import { createSign, generateKeyPairSync, type KeyObject } from 'node:crypto'
import type { EvidenceOf } from '@exeat/core/entry'
import { type AnyEnvelope, challengeOf } from '@exeat/core/envelope'
import { describe, expect, test } from 'vitest'
import { verifyEvidence } from '../../src/evidence/index.ts'
import { after, day, deps, device, envelope, identity, local, origin, register, root, sha256, t0, tap, type Device } from './support.ts'
import type { Twist } from '../../../testkit/src/software-authenticator.ts'
import type { Identity, Instant } from '@exeat/core'

const ann = local('ann')
const asked = after(day)
const at = after(day + 60_000)

function enrolled(options?: Parameters<typeof device>[0]) {
  const founder = root('ann')
  const log = register([founder])
  const annDevice = device(options)
  const key = log.add(ann, annDevice.credential, t0)
  log.vouchByRoot(founder, ann, log.digestOf(ann, annDevice), t0)
  return { log, annDevice, key, context: { ledger: log.ledger(), identity, deps } }
}

const code = (answer: ReturnType<typeof verifyEvidence>): string => (answer.ok ? 'ok' : answer.problem.code)

describe('a tap with a passkey', () => {
  test.each(['ES256', 'EdDSA', 'RS256'] as const)('%s: shows its owner, the key and how old it is', (algorithm) => {
    const { annDevice, key, context } = enrolled({ algorithm, backupEligible: algorithm === 'EdDSA' })
    const over = envelope(ann, asked)
    expect(verifyEvidence(tap(annDevice, key, over), over, ann, at, context)).toMatchObject({
      ok: true, value: { strength: 'user-signed', factor: { attested: false, backupEligible: algorithm === 'EdDSA', age: 60_000 }, key: { index: key } },
    })
  })

  const twists: readonly (readonly [string, Twist])[] = [
    ['EVIDENCE_OTHER', { origin: 'https://evil.example' }], ['EVIDENCE_OTHER', { origin: `${origin}.evil.example` }], ['EVIDENCE_OTHER', { origin: 'http://exeat.acme.example' }], ['EVIDENCE_OTHER', { rpId: 'acme.example' }],
    ['EVIDENCE_OTHER', { crossOrigin: true }], ['EVIDENCE_OTHER', { type: 'webauthn.create' }], ['EVIDENCE_OTHER', { challenge: Buffer.alloc(32).toString('base64url') }],
    ['EVIDENCE_UNVERIFIED_USER', { userVerified: false }], ['EVIDENCE_UNVERIFIED_USER', { userPresent: false }], ['EVIDENCE_SIGNATURE', { otherKey: true }],
  ]
  test.each(twists)('attack-02: %s for %j', (wanted, twist) => {
    const { annDevice, key, context } = enrolled()
    const over = envelope(ann, asked)
    expect(code(verifyEvidence(tap(annDevice, key, over, twist), over, ann, at, context))).toBe(wanted)
  })

  test('attack-05: signs this envelope and no other: each member that is changed refuses', () => {
    const { annDevice, key, context } = enrolled()
    const over = envelope(ann, asked)
    const evidence = tap(annDevice, key, over)
    const changes: readonly Partial<typeof over>[] = [
      { purpose: 'activate' }, { workspace: 'other' }, { repositoryIds: ['1002'] }, { uid: 'd'.repeat(64) }, { optOut: 'd'.repeat(64) }, { terms: 'd'.repeat(64) }, { impact: 'd'.repeat(64) },
      { approvals: ['d'.repeat(64)] }, { window: { ...over.window, until: after(3 * day) } }, { nonce: '0'.repeat(32) }, { at: after(day + 1) }, { statement: 'd'.repeat(64) },
    ]
    for (const change of changes) expect(code(verifyEvidence(evidence, { ...over, ...change }, ann, at, context)), JSON.stringify(change)).toBe('EVIDENCE_OTHER')
  })

  test('any bit that is turned over refuses, wherever it stands', () => {
    const { annDevice, key, context } = enrolled()
    const over = envelope(ann, asked)
    const evidence = tap(annDevice, key, over)
    for (const part of ['random', 'clientData', 'authenticatorData', 'signature'] as const) {
      const bytes = Buffer.from(evidence[part], 'base64url')
      for (let bit = 0; bit < bytes.length * 8; bit += 3) {
        const turned = Buffer.from(bytes)
        turned[bit >> 3] = (turned[bit >> 3] ?? 0) ^ (1 << (bit & 7))
        expect(verifyEvidence({ ...evidence, [part]: turned.toString('base64url') }, over, ann, at, context).ok, `${part} ${bit}`).toBe(false)
      }
    }
  })

  test('attack-08: from the challenge on, for five minutes and no instant longer', () => {
    const { annDevice, key, context } = enrolled()
    const over = envelope(ann, asked)
    const evidence = tap(annDevice, key, over)
    expect(code(verifyEvidence(evidence, over, ann, asked, context))).toBe('ok')
    expect(code(verifyEvidence(evidence, over, ann, after(299_999, asked), context))).toBe('ok')
    expect(code(verifyEvidence(evidence, over, ann, after(300_000, asked), context))).toBe('EVIDENCE_LATE')
    expect(code(verifyEvidence(evidence, over, ann, after(-1, asked), context))).toBe('EVIDENCE_LATE')
    expect(code(verifyEvidence(evidence, over, ann, Number.NaN as Instant, context))).toBe('EVIDENCE_LATE')
  })

  test('by the key that the log enrolled for this person, and by no other', () => {
    const { log, annDevice, key } = enrolled()
    const eve = local('eve')
    const eveDevice = device()
    const eveKey = log.add(eve, eveDevice.credential, t0)
    const totp = log.add(ann, { kind: 'totp', id: '0'.repeat(32) }, t0)
    const context = { ledger: log.ledger(), identity, deps }
    const over = envelope(ann, asked)
    const as = (who: Identity, by: Device, index: number, envelope_: AnyEnvelope = over): string => code(verifyEvidence(tap(by, index, envelope_), envelope_, who, at, context))
    expect(as(ann, eveDevice, eveKey)).toBe('EVIDENCE_KEY')
    expect(as(ann, annDevice, 99)).toBe('EVIDENCE_KEY')
    expect(as(ann, annDevice, totp)).toBe('EVIDENCE_KEY')
    expect(as(eve, annDevice, key, envelope(eve, asked))).toBe('EVIDENCE_KEY')
    expect(as(eve, eveDevice, eveKey, envelope(eve, asked))).toBe('EVIDENCE_NOT_COUNTING')
    expect(as(eve, annDevice, key)).toBe('EVIDENCE_OTHER')
    log.remove(ann, log.digestOf(ann, annDevice), after(2 * day))
    expect(code(verifyEvidence(tap(annDevice, key, over), over, ann, at, { ...context, ledger: log.ledger() }))).toBe('EVIDENCE_NOT_COUNTING')
  })

  test('only where the workspace names a relying party, and this one', () => {
    const { annDevice, key, context } = enrolled()
    const over = envelope(ann, asked)
    const evidence = tap(annDevice, key, over)
    expect(code(verifyEvidence(evidence, over, ann, at, { ...context, identity: undefined }))).toBe('EVIDENCE_OTHER')
    expect(code(verifyEvidence(evidence, over, ann, at, { ...context, identity: { relyingParty: { id: 'acme.example', origins: [origin] } } }))).toBe('EVIDENCE_OTHER')
    expect(code(verifyEvidence(evidence, over, ann, at, { ...context, identity: { relyingParty: { id: 'exeat.acme.example', origins: ['https://other.example'] } } }))).toBe('EVIDENCE_OTHER')
  })

  test('a part that is no base64url, or cut off, is malformed', () => {
    const { annDevice, key, context } = enrolled()
    const over = envelope(ann, asked)
    const evidence = tap(annDevice, key, over)
    const text = (value: string): string => Buffer.from(value).toString('base64url')
    for (const change of [{ clientData: text('{') }, { clientData: text('[]') }, { clientData: Buffer.from([0xff]).toString('base64url') }, { authenticatorData: 'AAAA' }, { random: 'A'.repeat(42) }, { clientData: 'A' }] as const) {
      expect(code(verifyEvidence({ ...evidence, ...change }, over, ann, at, context)), JSON.stringify(change)).toBe('EVIDENCE_MALFORMED')
    }
  })
})

describe('names and sign-ins', () => {
  test('a typed name is its own person\'s, at that instant; a sign-in shows no factor', () => {
    const { context } = enrolled()
    const alice = { iss: 'exeat:operator', sub: 'alice' }
    expect(verifyEvidence({ strength: 'operator-asserted', name: 'alice' }, envelope(alice, at), alice, at, context)).toEqual({ ok: true, value: { strength: 'operator-asserted' } })
    expect(code(verifyEvidence({ strength: 'operator-asserted', name: 'bob' }, envelope(alice, at), alice, at, context))).toBe('EVIDENCE_OTHER')
    expect(code(verifyEvidence({ strength: 'operator-asserted', name: 'ann' }, envelope(ann, at), ann, at, context))).toBe('EVIDENCE_OTHER')
    const signIn = { strength: 'none', kind: 'sign-in', method: 'passkey', at } as const
    expect(verifyEvidence(signIn, envelope(ann, at), ann, at, context)).toEqual({ ok: true, value: { strength: 'none' } })
    expect(code(verifyEvidence(signIn, envelope(ann, asked), ann, at, context))).toBe('EVIDENCE_OTHER')
    expect(code(verifyEvidence(signIn, envelope(alice, at), alice, at, context))).toBe('EVIDENCE_OTHER')
  })
})

describe('a step-up at an identity provider', () => {
  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const iss = 'https://id.acme.example'
  const carol = { iss, sub: 'sub-1' }
  const seconds = (instant: number): number => Math.floor(instant / 1000)

  function stepped(change: Readonly<Record<string, unknown>> = {}, header: Readonly<Record<string, unknown>> = {}, signer: KeyObject = privateKey) {
    const log = register([root('ann')])
    const key = log.add(undefined, { kind: 'issuer-key', iss, kid: 'k1', alg: 'RS256', publicKey: publicKey.export({ format: 'der', type: 'spki' }).toString('base64url') }, t0)
    const over = envelope(carol, asked)
    const random = Buffer.alloc(32, 9)
    const nonce = Buffer.from(challengeOf(random, over, sha256)).toString('base64url')
    const claims = { iss, sub: 'sub-1', aud: 'exeat', exp: seconds(asked) + 300, iat: seconds(asked) + 20, nonce, auth_time: seconds(asked) + 10, acr: 'phr', amr: ['pwd', 'hwk'], ...change }
    const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url')
    const signed = `${part({ alg: 'RS256', kid: 'k1', ...header })}.${part(claims)}`
    const token = `${signed}.${createSign('sha256').update(signed).sign(signer).toString('base64url')}`
    const evidence: EvidenceOf<'oidc'> = { strength: 'idp-signed', kind: 'oidc', enrolment: key, random: random.toString('base64url'), token }
    return { evidence, over, context: { ledger: log.ledger(), identity, deps } }
  }

  test('is bound to the act by its nonce', () => {
    const { evidence, over, context } = stepped()
    expect(verifyEvidence(evidence, over, carol, at, context)).toMatchObject({ ok: true, value: { strength: 'idp-signed', factor: { attested: false, backupEligible: true } } })
    expect(code(verifyEvidence(evidence, { ...over, optOut: 'd'.repeat(64) }, carol, at, context))).toBe('EVIDENCE_OTHER')
    const dave = { ...carol, sub: 'sub-2' }
    expect(code(verifyEvidence(evidence, { ...over, actor: dave }, dave, at, context))).toBe('EVIDENCE_OTHER')
  })

  test.each([
    ['EVIDENCE_UNVERIFIED_USER', { acr: 'pwd' }], ['EVIDENCE_UNVERIFIED_USER', { acr: undefined }], ['EVIDENCE_UNVERIFIED_USER', { amr: ['pwd'] }], ['EVIDENCE_UNVERIFIED_USER', { amr: undefined }],
    ['EVIDENCE_UNVERIFIED_USER', { auth_time: seconds(asked) - 31 }], ['EVIDENCE_UNVERIFIED_USER', { auth_time: seconds(at) + 61 }], ['EVIDENCE_UNVERIFIED_USER', { exp: seconds(asked) - 61 }], ['EVIDENCE_UNVERIFIED_USER', { iat: seconds(at) + 61 }],
    ['EVIDENCE_OTHER', { nonce: 'x' }], ['EVIDENCE_OTHER', { aud: 'other' }], ['EVIDENCE_OTHER', { aud: ['exeat', 'other'] }], ['EVIDENCE_OTHER', { azp: 'other' }], ['EVIDENCE_OTHER', { iss: 'https://other.example' }], ['EVIDENCE_OTHER', { sub: 'sub-2' }],
    ['EVIDENCE_MALFORMED', { auth_time: undefined }], ['EVIDENCE_MALFORMED', { nonce: undefined }], ['EVIDENCE_MALFORMED', { exp: 'soon' }],
  ] as const)('attack-07: %s for %j', (wanted, change) => {
    const { evidence, over, context } = stepped(change)
    expect(code(verifyEvidence(evidence, over, carol, at, context))).toBe(wanted)
  })

  test('by the key that was enrolled, in its own algorithm', () => {
    const stranger = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey
    for (const { evidence, over, context } of [stepped({}, {}, stranger), stepped({}, { alg: 'none' }), stepped({}, { alg: 'HS256' }), stepped({}, { kid: 'k2' })]) {
      expect(code(verifyEvidence(evidence, over, carol, at, context))).toBe('EVIDENCE_SIGNATURE')
    }
    const { evidence, over, context } = stepped({}, { crit: ['x'] })
    expect(code(verifyEvidence(evidence, over, carol, at, context))).toBe('EVIDENCE_MALFORMED')
    const [head, body] = evidence.token.split('.')
    expect(code(verifyEvidence({ ...evidence, token: `${head ?? ''}.${body ?? ''}.` }, over, carol, at, context))).toMatch(/^EVIDENCE_(?:MALFORMED|SIGNATURE)$/)
  })
})
