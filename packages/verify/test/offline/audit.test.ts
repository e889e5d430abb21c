/** An offline grant in the log, as monitors and points read it: it is over from its entry on, whatever a bundle says. */
import { describe, expect, test } from 'vitest'
import { type Act, type ActFacts, askedOf, decodeDocument, emptyLedger, encodeDocument, type HexDigest, type Instant, transition, unlocated } from '@exeat/core'
import { recorded } from '@exeat/core/entry'
import { auditBundle, type Bundle } from '../../src/index.ts'
import { agreed, at, hour, must, scene, type Scene, signedBytes, tools, verified } from '../bundle/scene.ts'
import { grantJson, mail, signed } from './world.ts'

const grant = signed(grantJson())
const { optOut: { document, digest, uid, impact }, binding } = grant
const by = { iss: 'git', sub: mail('ann') }

function enter(it: Scene, when: Instant): { readonly index: number; readonly ended: Bundle['ended'][number] } {
  const terms = { ...agreed(), emergency: { ...agreed().emergency, groups: ['sre'] } } as ReturnType<typeof agreed>
  const facts: ActFacts = { actor: by, groups: ['sre'], evidence: 'user-signed', binding, terms, groupsOf: () => [] }
  const act: Act = { kind: 'offline', uid, asked: askedOf(document), team: 'sre', second: { iss: 'git', sub: mail('ben') }, grant: grant.digest }
  const verdict = transition(emptyLedger(), act, facts, when)
  const [event] = verdict.events
  if (!verdict.ok || event?.type !== 'emergency.activated') throw new Error('it was not granted')
  const evidence = { strength: 'user-signed', kind: 'offline', grant: 'e30', signatures: ['AA', 'AA'] } as const
  const envelope = {
    schema: 'exeat/act/v1', purpose: 'emergency', workspace: 'acme', repositoryIds: ['1001'], uid, optOut: digest, terms: binding.terms, impact: binding.impact, approvals: [], actor: by,
    window: document.spec.window, nonce: '0'.repeat(32), at: when,
  } as const
  const index = it.append(recorded(event, { envelope: { ...envelope, approvals: [], repositoryIds: ['1001'] }, evidence: { ...evidence, signatures: ['AA', 'AA'] } }), uid, when, 'keeper')
  const { until } = document.spec.window
  return {
    index,
    ended: {
      uid, document: encodeDocument(document) as { readonly [key: string]: never }, digest, origin: { file: 'grant.json', line: 1, column: 1 }, repositoryId: '1001',
      ...(when < until ? { state: 'revoked' as const, at: when } : { state: 'lapsed' as const, at: until }),
    },
  }
}

const findings = (it: Scene, bundle: Bundle): readonly string[] => must(auditBundle(signedBytes(bundle), it.pins, it.read(), tools)).map(({ code }) => code)
const issued = (when: number) => (bundle: Bundle): void => {
  bundle.issuedAt = when as Instant
  bundle.notAfter = (when + 1000) as Instant
}

describe.each([['within its hour', at(2 * hour + 60_000)], ['afterwards', at(9 * hour)]])('attack-28: entered %s', (_, when) => {
  test('a bundle tells it as ended, and the log says the same', () => {
    const it = scene()
    const { ended } = enter(it, when)
    const bundle = it.bundle([], { ended: [ended], after: issued(when + 1000) })
    expect(findings(it, bundle)).toEqual([])
    const { optOuts } = must(verified(bundle, it.pins, { now: (when + 1001) as Instant }))
    expect(optOuts.ended.map((each): HexDigest => each.uid)).toEqual([uid])
    expect(optOuts.active).toEqual([])
  })
  test('one that leaves it out is found by whoever reads the log', () => {
    const it = scene()
    enter(it, when)
    expect(findings(it, it.bundle([], { after: issued(when + 1000) }))).toEqual(['AUDIT_LEFT_OUT'])
  })
  test('one that tells it as active is believed by no point', () => {
    const it = scene()
    const { index, ended: { state: _state, at: _at, ...item } } = enter(it, when)
    const life = { uid, document, indexes: [index], item: { ...item, impact: [...impact] } }
    const bundle = it.bundle([life], { after: issued(when + 1000) })
    const { optOuts, problems } = must(verified(bundle, it.pins, { now: (when + 1001) as Instant }))
    expect(optOuts.active).toEqual([])
    expect(problems.map(({ problem: { code } }) => code)).toEqual(['OPTOUT_HISTORY'])
  })
})

test('a document of a grant is one that anybody decodes', () => {
  expect(decodeDocument(unlocated(encodeDocument(document), 'test'))).toMatchObject({ ok: true, kind: 'OptOut' })
})
