import { describe, expect, test } from 'vitest'
import { askedOf } from '@exeat/core'
import { offlineGrantBytes } from '@exeat/core/offline'
import { type OfflineEntry, verifyOfflineEntry, verifyOfflineSignatures } from '../../src/offline/index.ts'
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
    expect(code(entry({ offline: digestOf('another') }))).toBe('OPTOUT_ACTOR')
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
    expect(code(entry({}, { grant: text(offlineGrantBytes(signed(grantJson({ grant: { commit: 'e'.repeat(40) } })).grant)) }))).toBe('OPTOUT_ACTOR')
    expect(code(entry(), uid, governed({ signers: signersOf(undefined, ['ann']) }))).toBe('ACT_SIGNER')
  })
})

describe('attack-28: an entry of an offline grant, without the branch', () => {
  const shown = (data: OfflineEntry, of = uid): string => {
    const answer = verifyOfflineSignatures(of, data, sshDeps)
    return answer.ok ? 'ok' : answer.problem.code
  }
  const [a = '', b = ''] = signatures
  const by = (namespace: string, how: object = {}): string => text(keys.ben.raw(message, { namespace, ...how }))
  test('shows which two keys signed it', () => {
    const answer = verifyOfflineSignatures(uid, entry(), sshDeps)
    expect(answer.ok && answer.value.map(({ kind, userVerified }) => [kind, userVerified])).toEqual([['sk', true], ['sk', true]])
  })
  test.each<[string, object, object, string]>([
    ['team', { team: 'desk' }, {}, 'OPTOUT_ACTOR'],
    ['document', { asked: { ...askedOf(document), reason: 'another' } }, {}, 'OPTOUT_ACTOR'],
    ['repository', { asked: { ...askedOf(document), repositories: ['acme/other'] } }, {}, 'OFFLINE_SCOPE'],
    ['impact', { binding: { ...binding, impact: null } }, {}, 'OPTOUT_ACTOR'],
    ['grant', { offline: digestOf('another') }, {}, 'OPTOUT_ACTOR'],
    ['person than its envelope', { by: second.identity, second: first.identity }, {}, 'OPTOUT_ACTOR'],
    ['person twice', { second: first.identity }, {}, 'OPTOUT_ACTOR'],
    ['kind of evidence', { evidence: { strength: 'operator-asserted', name: 'ann' } }, {}, 'EVIDENCE_OTHER'],
    ['one key twice', {}, { signatures: [a, a] }, 'OFFLINE_SIGNERS'],
    ['namespace', {}, { signatures: [a, by('exeat-act@v1')] }, 'SSH_NAMESPACE'],
    ['key that knew nobody', {}, { signatures: [a, by('exeat-offline@v1', { flags: 1 })] }, 'ACT_WEAK'],
    ['message', {}, { signatures: [a, text(keys.ben.raw(new Uint8Array(3), { namespace: 'exeat-offline@v1' }))] }, 'SSH_SIGNATURE'],
    ['half of a signature', {}, { signatures: [a, b.slice(0, -4)] }, 'SSH_MALFORMED'],
    ['text that is no base64', {}, { signatures: [a, '*'] }, 'EVIDENCE_MALFORMED'],
    ['grant that cannot be read', {}, { grant: 'AAAA' }, 'EVIDENCE_MALFORMED'],
    ['spelling of the same grant', {}, { grant: Buffer.from(` ${Buffer.from(message).toString('utf8')}`).toString('base64url') }, 'EVIDENCE_MALFORMED'],
  ])('another %s is refused', (_, over, evidence, wanted) => { expect(shown({ ...entry({}, evidence), ...over } as OfflineEntry)).toBe(wanted) })
  test('of another opt-out', () => { expect(shown(entry(), digestOf('another'))).toBe('OPTOUT_ACTOR') })
})
