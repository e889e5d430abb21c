import { describe, expect, test } from 'vitest'
import { askedOf } from '@exeat/core'
import { offlineGrantBytes } from '@exeat/core/offline'
import { type OfflineEntry, verifyOfflineEntry } from '../../src/offline/index.ts'
import { agreed, at, hour } from '../bundle/scene.ts'
import { sshDeps } from '../ssh/support.ts'
import { digestOf, governed, grantJson, keys, mail, signed, signersOf, usual } from './world.ts'

const grant = signed()
const { optOut: { uid, document }, binding, people: [first, second] } = grant
const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64url')
const message = offlineGrantBytes(grant.grant)
const signatures = [keys.ann, keys.ben].map((key) => text(key.raw(message, { namespace: 'exeat-offline@v1' })))

const entry = (over: object = {}, evidence: object = {}): OfflineEntry => ({
  asked: askedOf(document), by: first.identity, groups: [...first.groups], team: 'sre', second: second.identity, binding, terms: agreed(), reviewBy: at(80 * hour),
  envelope: {
    schema: 'exeat/act/v1', purpose: 'emergency', workspace: 'acme', repositoryIds: ['1001'], uid, optOut: binding.optOut, terms: binding.terms, impact: binding.impact, approvals: [],
    actor: first.identity, window: document.spec.window, nonce: '0'.repeat(32), at: at(9 * hour),
  },
  evidence: { strength: 'user-signed', kind: 'offline', grant: text(message), signatures: signatures as [string, string], ...evidence },
  offline: grant.digest, ...over,
} as unknown as OfflineEntry)

const code = (data: OfflineEntry, of = uid, by = usual): string => {
  const answer = verifyOfflineEntry(of, data, by, sshDeps)
  return answer.ok ? 'ok' : answer.problem.code
}

describe('attack-28: an entry of an offline grant', () => {
  test('is what two people signed, for anybody who has the branch', () => { expect(code(entry())).toBe('ok') })
  test.each<[string, object]>([
    ['person', { by: { iss: 'git', sub: mail('cid') } }], ['second person', { second: { iss: 'git', sub: mail('cid') } }], ['team', { team: 'desk' }], ['groups', { groups: ['sre', 'security'] }],
    ['document', { asked: { ...askedOf(document), reason: 'another' } }], ['set of terms', { binding: { ...binding, terms: digestOf('other') } }], ['impact', { binding: { ...binding, impact: null } }],
  ])('that states another %s is refused', (_, over) => { expect(code(entry(over))).toBe('OPTOUT_ACTOR') })
  test('that states nobody, another opt-out or another grant', () => {
    const { second: _, ...alone } = entry()
    expect(code(alone)).toBe('OPTOUT_ACTOR')
    expect(code(entry(), digestOf('another'))).toBe('OPTOUT_ACTOR')
    expect(code(entry({ offline: digestOf('another') }))).toBe('OFFLINE_UNREADABLE')
    const { offline: __, ...plain } = entry()
    expect(code(plain)).toBe('EVIDENCE_OTHER')
    expect(code(entry({ evidence: { strength: 'operator-asserted', name: 'ann' } }))).toBe('EVIDENCE_OTHER')
  })
  test('whose signatures are not two people\'s, or whose grant is none', () => {
    const [a = '', b = ''] = signatures
    expect(code(entry({}, { signatures: [a, a] }))).toBe('OFFLINE_SIGNERS')
    expect(code(entry({}, { signatures: [a, 'AAAA'] }))).toBe('SSH_MALFORMED')
    expect(code(entry({}, { signatures: [a, b.slice(0, -4)] }))).toBe('SSH_MALFORMED')
    expect(code(entry({}, { grant: 'AAAA' }))).toBe('EVIDENCE_MALFORMED')
    expect(code(entry({}, { grant: text(offlineGrantBytes(signed(grantJson({ grant: { commit: 'e'.repeat(40) } })).grant)) }))).toBe('OFFLINE_UNREADABLE')
    expect(code(entry(), uid, governed({ signers: signersOf(undefined, ['ann']) }))).toBe('ACT_SIGNER')
  })
})
