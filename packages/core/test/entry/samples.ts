/** One event of every type; those of the lifecycle as the judge grants them. */
import { type EventData, type EventType, type LogEvent, operatorIssuer, recorded } from '../../src/entry/index.ts'
import type { Envelope, Purpose } from '../../src/envelope/index.ts'
import type { Act, ActFacts, Identity, LifecycleEvent } from '../../src/lifecycle/index.ts'
import { asked, at, binding, day, facts, hour, start, World } from '../lifecycle/world.ts'

export const origin = 'log.example/acme'
export const digest = (letter: string): string => letter.repeat(64)
const operator: Identity = { iss: operatorIssuer, sub: 'alice' }

const purposes: Readonly<Partial<Record<LifecycleEvent['type'], Purpose>>> = {
  'optout.proposed': 'request', 'optout.renewed': 'renew', 'optout.approved': 'approve', 'optout.rejected': 'reject', 'optout.withdrawn': 'withdraw', 'optout.activated': 'activate',
  'optout.revoked': 'revoke', 'emergency.activated': 'emergency', 'emergency.reviewed': 'review',
}

export function envelopeOf(over: Partial<Envelope> = {}): Envelope {
  return {
    schema: 'exeat/act/v1', purpose: 'approve', workspace: 'acme', repositoryIds: ['1001', '1002'], uid: digest('1'), ...binding, approvals: [digest('2')], actor: operator,
    window: { from: start, until: at(day) }, nonce: 'ab'.repeat(16), at: at(5), ...over,
  }
}

const id = (n: number): string => `01900000-0000-7000-8000-${n.toString(16).padStart(12, '0')}`

/** As an entry's body says it. */
export function bodyOf(event: LifecycleEvent, n = 0): LogEvent {
  const purpose = purposes[event.type]
  const signed = purpose === undefined ? null : { envelope: envelopeOf({ purpose, uid: event.uid, at: event.at }), evidence: { strength: 'operator-asserted' as const, name: 'alice' } }
  return { ...recorded(event, signed), id: id(n), source: origin, subject: event.uid, time: event.at } as LogEvent
}

/** Every lifecycle event that the judge can grant, each kind at least once, in the order of one log. */
export function lifecycle(): readonly LifecycleEvent[] {
  const world = new World()
  const weak = { evidence: 'operator-asserted' as const }
  let clock = 0
  const act = (what: Act, who: string, over: Partial<ActFacts> = {}): void => { world.act(what, facts(who, { ...weak, ...over }), at(clock += 1)) }
  const one = (name: string, over: Parameters<typeof asked>[1] = {}): string => {
    const uid = name.padEnd(64, '0').replace(/[^0-9a-f]/g, 'e')
    act({ kind: 'request', uid, asked: asked(name, over), involved: [{ iss: 'git', sub: 'x@acme.example' }] }, 'alice')
    return uid
  }
  const scope = (control: string) => ({ scope: { controls: [control], targets: {} } })
  const used = one('used', { ...scope('trivy/a'), limits: { uses: 2, findings: 3 } })
  act({ kind: 'approve', uid: used, signed: binding }, 'bob')
  act({ kind: 'activate', uid: used, signed: binding }, 'dave')
  act({ kind: 'use', uid: used, point: 'gate/1', subject: 'commit:1' }, 'mallory')
  act({ kind: 'use', uid: used, point: 'gate/1', subject: 'commit:2' }, 'mallory')
  act({ kind: 'use', uid: used, point: 'gate/1', subject: 'commit:3' }, 'mallory')
  const again = one('again', { ...scope('trivy/a'), reason: 'another reason', renews: 'used' })
  act({ kind: 'approve', uid: again, signed: binding }, 'bob')
  act({ kind: 'activate', uid: again, signed: binding }, 'dave')
  act({ kind: 'revoke', uid: again, reason: 'no longer needed' }, 'bob')
  act({ kind: 'reject', uid: one('rejected', scope('trivy/b')), reason: 'no' }, 'bob')
  act({ kind: 'withdraw', uid: one('withdrawn', scope('trivy/c')), reason: 'no' }, 'alice')
  act({ kind: 'approve', uid: one('stale', scope('trivy/d')), signed: binding }, 'bob', { binding: { ...binding, terms: digest('9') } })
  const fire = digest('f')
  act({ kind: 'emergency', uid: fire, team: 'sre', asked: asked('fire', { ...scope('trivy/e'), emergency: true, limits: { findings: 1 }, window: { from: at(0), until: at(3 * hour) } }), second: { identity: { iss: 'x', sub: 'y' }, groups: ['sre'] } }, 'dave')
  act({ kind: 'review', uid: fire, verdict: 'justified', reason: 'it burnt' }, 'bob')
  return world.events
}

const dsse = { payloadType: 'x', payload: 'AA==', signatures: [{ keyid: '00', sig: 'AA==' }] }
const person: Identity = { iss: operatorIssuer, sub: 'alice' }

/** Of what is no part of an opt-out's life. */
const ann: Identity = { iss: 'exeat:local', sub: 'ann' }
const about = { envelope: { schema: 'exeat/act/v1', purpose: 'enrol', workspace: 'acme', about: digest('c'), actor: ann, nonce: '0'.repeat(32), at: at(0) }, evidence: { strength: 'none', kind: 'sign-in', method: 'passkey', at: at(0) } } as const
const passkey = { kind: 'webauthn', id: 'AAAA', alg: 'ES256', publicKey: 'AAAA', rpId: 'exeat.acme.example', aaguid: '00000000-0000-0000-0000-000000000000', backupEligible: false, attested: false } as const
const random = 'A'.repeat(43)

export const others: readonly (readonly [EventType, EventData[EventType]])[] = [
  ['dev.exeat.enrolment.added.v1', { person: ann, credential: passkey, label: 'laptop', own: about }],
  ['dev.exeat.enrolment.added.v1', { person: ann, credential: { kind: 'ssh', publicKey: 'AAAA' }, label: 'blue key', invitedBy: ann }],
  ['dev.exeat.enrolment.added.v1', { person: ann, credential: { kind: 'totp', id: '0'.repeat(32) }, label: 'phone' }],
  ['dev.exeat.enrolment.added.v1', { credential: { kind: 'issuer-key', iss: 'https://id.acme.example', kid: 'k', alg: 'RS256', publicKey: 'AAAA' }, label: 'idp' }],
  ['dev.exeat.enrolment.vouched.v1', { person: ann, credential: digest('c'), by: ann, ...about, evidence: { kind: 'root', name: 'ann', signature: 'A'.repeat(86) } }],
  ['dev.exeat.enrolment.vouched.v1', { person: ann, credential: digest('c'), by: ann, ...about, evidence: { strength: 'user-signed', kind: 'webauthn', enrolment: 3, random, clientData: 'AAAA', authenticatorData: 'AAAA', signature: 'AAAA' } }],
  ['dev.exeat.enrolment.vouched.v1', { person: ann, credential: digest('c'), by: ann, ...about, evidence: { strength: 'user-signed', kind: 'ssh', enrolment: 3, signature: 'AAAA' } }],
  ['dev.exeat.enrolment.vouched.v1', { person: ann, credential: digest('c'), by: ann, ...about, evidence: { strength: 'idp-signed', kind: 'oidc', enrolment: 3, random, token: 'AA.AA.AA' } }],
  ['dev.exeat.enrolment.vouched.v1', { person: ann, credential: digest('c'), by: ann, ...about, evidence: { strength: 'server-asserted', kind: 'totp', enrolment: 3, step: 1 } }],
  ['dev.exeat.enrolment.removed.v1', { person: ann, credential: digest('c'), by: ann, reason: 'lost', ...about }],
  ['dev.exeat.workspace.changed.v1', { delegation: dsse }],
  ['dev.exeat.workspace.changed.v1', { ref: 'refs/heads/main', commit: 'a'.repeat(40), workspace: digest('a'), previous: null }],
  ['dev.exeat.policy.changed.v1', { commit: 'a'.repeat(40), changes: [{ kind: 'Aliases', name: 'x', digest: null, previous: digest('b') }] }],
  ['dev.exeat.bundle.published.v1', { content: digest('c'), size: 12, commit: 'a'.repeat(40) }],
  ['dev.exeat.body.erased.v1', { by: person, reason: 'asked for', erased: [{ kind: 'event', digest: digest('d') }] }],
  ['dev.exeat.audit.degraded.v1', { code: 'STORE_FULL', message: 'the disk is full' }],
  ['dev.exeat.audit.restored.v1', { code: 'STORE_FULL', message: 'there is room again' }],
  ['dev.exeat.emergency.acknowledged.v1', { by: ann, evidence: about.evidence, entry: 12 }],
  ['dev.exeat.drill.started.v1', { by: ann, evidence: about.evidence, sinks: ['pager', 'chat'], until: at(hour) }],
  ['dev.exeat.drill.acknowledged.v1', { by: person, evidence: { strength: 'operator-asserted', name: 'alice' }, drill: 13 }],
  ['dev.exeat.drill.ended.v1', { drill: 13, outcome: 'acknowledged' }],
  ['dev.exeat.shadow.detected.v1', { receiver: 'hub', source: 'github', what: 'code-scanning.dismissed', thing: digest('f'), at: at(0), control: 'codeql/js/xss', repository: { id: '1001', name: 'acme/payments' }, path: 'src/a.ts', actor: 'mona (1)', reason: 'false positive', ends: at(hour) }],
  ['dev.exeat.shadow.covered.v1', { receiver: 'cluster', source: 'kubernetes', what: 'policy-exception.created', thing: digest('f'), at: at(0), environment: 'production', resource: 'Pod/a/b', optOut: { uid: digest('1'), name: 'log4j' } }],
  ['dev.exeat.shadow.resolved.v1', { receiver: 'hub', source: 'github', what: 'code-scanning.reopened', thing: digest('f'), at: at(0), entry: 16 }],
]

export function samples(): readonly LogEvent[] {
  const lived = lifecycle().map(bodyOf)
  return [...lived, ...others.map(([type, data], n) => ({ type, data, id: id(1000 + n), source: origin, subject: type === 'dev.exeat.body.erased.v1' || type === 'dev.exeat.emergency.acknowledged.v1' ? digest('1') : null, time: at(n) } as LogEvent))]
}
