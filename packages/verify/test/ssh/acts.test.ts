import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { HexDigest, Instant } from '@exeat/core'
import { flag, sshKey, touchedAndVerified } from '../../../testkit/src/ssh-authenticator.ts'
import { act, governed, groups, instant, keys, look, mail, type Name, names, now, policyOf, signers, standing } from './acts-world.ts'

const approval = act('approve', 'bob')
const activation = (given: Parameters<typeof act>[2] = {}, ...approvals: readonly { readonly digest: string }[]) =>
  act('activate', 'carol', { ...given, envelope: { approvals: (approvals.length === 0 ? [approval] : approvals).map(({ digest }) => digest).sort(), ...given.envelope } })
const usual = governed()

describe('an approval and an activation', () => {
  test('put an opt-out into force, whatever order they are read in', () => {
    const both = [activation(), approval]
    for (const acts of [both, both.toReversed()]) {
      const { active, codes, shown } = look(acts)
      expect({ active, codes }).toEqual({ active: true, codes: [] })
      expect(shown[0]?.met).toEqual({ evidence: 'user-signed', factor: { attested: false, age: 3_600_000, backupEligible: false }, approvers: [['security']], requester: [], activator: ['engineering', 'sre'] })
    }
  })

  test('are both needed', () => {
    expect(look([])).toMatchObject({ active: false, because: ['approve', 'activate', 'mfa'] })
    expect(look([approval])).toMatchObject({ active: false, because: ['activate', 'mfa'], approvals: [{ digest: approval.digest }] })
    expect(look([activation()])).toMatchObject({ active: false, because: ['approve'] })
  })

  test('an activation counts the approvals that it names, and no other', () => {
    expect(look([approval, activation({ envelope: { approvals: [] } })])).toMatchObject({ active: false, because: ['approve'] })
    expect(look([approval, activation({ envelope: { approvals: ['0'.repeat(64)] } })])).toMatchObject({ active: false, because: ['approve'] })
    expect(look([{ ...approval, place: 4 }, activation()])).toMatchObject({ active: false, because: ['approve'] })
    expect(look([{ ...approval, place: 3 }, activation()])).toMatchObject({ active: true })
  })

  test('one that holds is enough beside others that do not', () => {
    const wrong = act('activate', 'eve', { envelope: { approvals: [approval.digest] } })
    expect(look([approval, wrong, activation()])).toMatchObject({ active: true })
    expect(look([approval, wrong])).toMatchObject({ active: false, because: ['activate'] })
  })

  test('approvals alone are enough where anyone may activate and no second factor is asked for', () => {
    const tip = governed({ policy: policyOf('  activate: anyone\n  mfa: none\n') })
    expect(look([act('approve', 'bob', { tip })], { tip })).toMatchObject({ active: true, codes: [] })
    expect(look([act('approve', 'carol', { tip })], { tip })).toMatchObject({ active: false, codes: ['ACT_NOT_COUNTED'] })
  })
})

describe('who signed', () => {
  test.each<readonly [string, Parameters<typeof act>[2], string]>([
    ['a software key', { key: sshKey('ed25519'), signing: {} }, 'ACT_WEAK'],
    ['a touch without PIN', { signing: { flags: flag.present } }, 'ACT_WEAK'],
    ['a PIN without touch', { signing: { flags: flag.verified } }, 'ACT_WEAK'],
    ['an authenticator that saw nobody', { signing: { flags: 0 } }, 'ACT_WEAK'],
    ['a signature for another purpose', { signing: { namespace: 'git' } }, 'SSH_NAMESPACE'],
    ['a key that is listed for nobody', { key: sshKey('sk-ed25519') }, 'ACT_SIGNER'],
    ['somebody else\'s key', { key: keys.dave }, 'ACT_SIGNER'],
    ['the address in another case', { envelope: { actor: { iss: 'git', sub: 'Bob@acme.example' } } }, 'ACT_SIGNER'],
    ['the address of another issuer', { envelope: { actor: { iss: 'exeat:operator', sub: mail('bob') } } }, 'ACT_SIGNER'],
  ])('is refused: %s', (_, options, code) => {
    const wrong = act('approve', 'bob', options)
    expect(look([wrong, activation({}, wrong)])).toMatchObject({ active: false, codes: [code] })
  })

  test.each<readonly [string, string, Instant | undefined]>([
    ['expired when it signed', 'valid-before="20260601Z"', undefined], ['not yet valid when it signed', 'valid-after="20260603Z"', undefined],
    ['expired between signature and merge', 'valid-before="202606012330Z"', undefined], ['expired since', 'valid-before="20260609Z"', now],
    ['listed for another purpose', 'namespaces="git"', undefined],
  ])('a key that is %s says nothing', (_, options) => {
    const tip = governed({ signers: signers.replace(`${mail('bob')} `, `${mail('bob')} ${options} `) })
    const approved = act('approve', 'bob', { tip })
    expect(look([approved, activation({ tip }, approved)], { tip })).toMatchObject({ active: false, codes: ['ACT_SIGNER'] })
  })

  test('attack-08: an expired key gains nothing by dating its signature back', () => {
    const tip = governed({ signers: signers.replace(`${mail('bob')} `, `${mail('bob')} valid-before="20260602Z" `) })
    const dated = act('approve', 'bob', { tip, at: instant('2026-06-05T00:00:00Z'), envelope: { at: instant('2026-06-01T12:00:00Z') } })
    expect(look([dated], { tip }).codes).toEqual(['ACT_SIGNER'])
  })

  test('attack-08: a signature that is dated after its merge is refused, beyond a minute of clock skew', () => {
    const at = instant('2026-06-02T00:00:00Z')
    for (const [ahead, codes] of [[60_000, []], [60_001, ['ACT_OTHER']]] as const) expect(look([act('approve', 'bob', { at, envelope: { at: (at + ahead) as Instant } })]).codes).toEqual(codes)
  })

  test('attack-04: one person counts once, whatever they sign and with however many keys', () => {
    const second = sshKey('sk-p256')
    const tip = governed({ policy: policyOf('  approve: [{ groups: [security], count: 2 }]\n'), signers: `${signers}BOB@acme.example ${second.line}\n` })
    const [one, two, three, other] = [act('approve', 'bob', { tip }), act('approve', 'bob', { tip }), act('approve', 'bob', { tip, key: second }), act('approve', 'dave', { tip })]
    expect(look([one, two, three, activation({ tip }, one, two, three)], { tip })).toMatchObject({ active: false, codes: ['ACT_NOT_COUNTED', 'ACT_NOT_COUNTED'], because: ['approve'] })
    expect(look([one, other, activation({ tip }, one, other)], { tip })).toMatchObject({ active: true })
  })

  test('attack-04: one person of two groups fills one place', () => {
    const tip = governed({ policy: policyOf('  approve: [{ groups: [security], count: 1 }, { groups: [sre], count: 1 }]\n'), groups: { ...groups, sre: ['carol', 'bob'] } })
    const [one, other] = [act('approve', 'bob', { tip }), act('approve', 'dave', { tip })]
    expect(look([one, activation({ tip }, one)], { tip })).toMatchObject({ active: false, because: ['approve'] })
    expect(look([one, other, activation({ tip }, one, other)], { tip })).toMatchObject({ active: true })
  })

  test('attack-04: nor do two names that the workspace says are one person\'s, who approves nothing of their own under either', () => {
    const two = policyOf('  approve: [{ groups: [security], count: 2 }]\n')
    const one = governed({ policy: two, one: ['bob', 'dave'] })
    const both = [act('approve', 'bob', { tip: one }), act('approve', 'dave', { tip: one })] as const
    expect(look([...both, activation({ tip: one }, ...both)], { tip: one })).toMatchObject({ active: false, codes: ['ACT_NOT_COUNTED'], because: ['approve'] })
    const own = governed({ one: ['bob', 'eve'] })
    const approved = act('approve', 'bob', { tip: own })
    expect(look([approved, activation({ tip: own }, approved)], { tip: own })).toMatchObject({ active: true })
    expect(look([approved, activation({ tip: own }, approved)], { tip: own, involved: [{ iss: 'git', sub: mail('eve') }] })).toMatchObject({ active: false, codes: ['ACT_SEPARATION'] })
    const activating = governed({ one: ['bob', 'carol'] })
    const self = act('approve', 'bob', { tip: activating })
    expect(look([self, activation({ tip: activating }, self)], { tip: activating })).toMatchObject({ active: false, codes: ['ACT_SEPARATION'] })
  })

  test('attack-03: nobody approves what they wrote, merged or asked for', () => {
    const bob = { iss: 'git', sub: mail('bob') }
    for (const given of [{ involved: [bob] }, { requester: { identity: bob, groups: ['security'] } }]) {
      expect(look([approval, activation()], given)).toMatchObject({ active: false, codes: ['ACT_SEPARATION'], because: ['approve'] })
    }
    expect(look([approval, activation()], { involved: [{ iss: 'git', sub: mail('carol') }] })).toMatchObject({ active: true })
  })

  test('attack-03: whoever activates is no counted approver, unless the terms say so', () => {
    const people = { ...groups, security: ['bob', 'carol'] }
    const tip = governed({ groups: people })
    const own = act('approve', 'carol', { tip })
    expect(look([own, activation({ tip }, own)], { tip })).toMatchObject({ active: false, codes: ['ACT_SEPARATION'], because: ['approve'] })
    const lenient = governed({ groups: people, policy: policyOf('  approverMayActivate: true\n') })
    const allowed = act('approve', 'carol', { tip: lenient })
    expect(look([allowed, activation({ tip: lenient }, allowed)], { tip: lenient })).toMatchObject({ active: true })
  })
})

describe('what was signed', () => {
  const other = 'f'.repeat(64)
  test.each<readonly [string, NonNullable<Parameters<typeof act>[2]>['envelope']]>([
    ['attack-01: another uid', { uid: other }], ['another document', { optOut: other }], ['another workspace', { workspace: 'other' }], ['another repository', { repositoryIds: ['1002'] }],
    ['no repository', { repositoryIds: [] }], ['an impact where there is none', { impact: other }], ['another end', { window: { from: instant('2026-06-01T00:00:00Z'), until: instant('2036-07-01T00:00:00Z') } }],
    ['more than the act says', { statement: other }], ['other terms', { terms: other }],
  ])('is stale or foreign: %s', (_, envelope) => {
    for (const wrong of [act('approve', 'bob', { envelope: envelope ?? {} })]) expect(look([wrong, activation({}, wrong)])).toMatchObject({ active: false, codes: ['ACT_OTHER'] })
    expect(look([approval, activation({ envelope: envelope ?? {} })])).toMatchObject({ active: false, codes: ['ACT_OTHER'] })
  })

  test('attack-01: is no other act by standing in another folder or under another name', () => {
    for (const path of [`.exeat/signatures/${other}/${approval.digest}.json`, `.exeat/signatures/${standing(usual).uid}/${other}.json`]) {
      expect(look([{ ...approval, path }]).codes).toEqual(['ACT_UNREADABLE'])
    }
  })

  test('an approval is no activation, and no other purpose is known', () => {
    const approved = act('approve', 'carol', { envelope: { approvals: [approval.digest] } })
    expect(look([approval, approved])).toMatchObject({ active: false })
    for (const purpose of ['revoke', 'emergency', 'renew', 'review'] as const) expect(look([act('approve', 'bob', { envelope: { purpose } })]).codes).toEqual(['ACT_UNREADABLE'])
  })

  test.each<readonly [string, (text: string) => string]>([
    ['white space', (text) => `${text}\n`], ['another order', (text) => text.replace(/"actor":\{("iss":"git"),("sub":"[^"]*")\}/, '"actor":{$2,$1}')],
    ['a member twice', (text) => text.replace('{', '{"purpose":"approve",')], ['a member too many', (text) => text.replace('{', '{"__proto__":{},')], ['a member too few', (text) => text.replace(/"impact":null,/, '')],
    ['no JSON', () => 'x'], ['nothing', () => ''], ['null', () => 'null'], ['an instant in other words', (text) => text.replaceAll('.000Z', 'Z')], ['no UTF-8', () => '\ud800'],
  ])('is refused with %s, whoever signed it', (_, change) => {
    const text = change(Buffer.from(approval.envelope).toString())
    const signature = Buffer.from(keys.bob.sign(Buffer.from(text), { namespace: 'exeat-act@v1' }))
    expect(look([{ ...approval, envelope: Buffer.from(text), signature }]).codes).toEqual(['ACT_UNREADABLE'])
  })

  test('any byte changed in either file voids it', () => {
    const activated = activation()
    for (const [acts, which] of [[[approval, activated], 0], [[approval, activated], 1]] as const) {
      for (const member of ['envelope', 'signature'] as const) {
        const bytes = acts[which][member]
        fc.assert(fc.property(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), (at, change) => {
          const other = Uint8Array.from(bytes)
          other[at] = (other[at] ?? 0) ^ change
          expect(look(acts.map((each, index) => (index === which ? { ...each, [member]: other } : each))).active).toBe(false)
        }), { numRuns: 150 })
      }
    }
  })

  test('anything at all in the files is answered', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), fc.uint8Array({ maxLength: 300 }), (envelope, signature) => {
      expect(look([{ ...approval, envelope, signature }])).toMatchObject({ active: false, codes: [expect.any(String)] })
    }))
    fc.assert(fc.property(fc.json(), (text) => { expect(look([{ ...approval, envelope: Buffer.from(text) }]).codes).toEqual(['ACT_UNREADABLE']) }))
  })
})

describe('when it came', () => {
  test('before the opt-out, or with it, is too early', () => {
    for (const place of [0, 1]) expect(look([{ ...approval, place }]).codes).toEqual(['ACT_NOT_AFTER'])
    expect(look([{ ...approval, before: undefined }]).codes).toEqual(['ACT_NOT_AFTER'])
    expect(look([{ ...approval, before: governed({ absent: true }) }]).codes).toEqual(['ACT_NOT_AFTER'])
    expect(look([{ ...approval, place: Number.NaN }]).codes).toEqual(['ACT_NOT_AFTER'])
  })

  test('attack-01: signed before it stood, it says nothing, whenever it is merged', () => {
    const since = { place: 1, at: instant('2026-06-01T23:01:00Z') }
    expect(look([approval], { since }).codes).toEqual([])
    expect(look([approval], { since: { ...since, at: (since.at + 1) as Instant } }).codes).toEqual(['ACT_NOT_AFTER'])
    expect(look([approval], { since: { ...since, at: Number.NaN as Instant } }).codes).toEqual(['ACT_NOT_AFTER'])
  })

  test('attack-12: who may sign and who is in which group is read from before the merge', () => {
    const unlisted = governed({ signers: signers.replace(`${mail('bob')} ${keys.bob.line}\n`, '') })
    expect(look([act('approve', 'bob', { before: unlisted })]).codes).toEqual(['ACT_SIGNER'])
    const outside = governed({ groups: { ...groups, security: ['dave'] } })
    expect(look([act('approve', 'bob', { before: outside })]).codes).toEqual(['ACT_NOT_COUNTED'])
    expect(look([approval, activation({ before: governed({ groups: { ...groups, sre: ['dave'] } }) })])).toMatchObject({ active: false, because: ['activate'] })
    const swapped = governed({ signers: signers.replace(keys.bob.line, 'x').replace(keys.eve.line, keys.bob.line).replace(`${mail('bob')} x\n`, '') })
    expect(look([act('approve', 'bob', { before: swapped })]).codes).toEqual(['ACT_SIGNER'])
  })

  test('attack-25: removal bites at once, and coming back does not undo it in between', () => {
    const without = governed({ groups: { ...groups, security: ['dave'] } })
    const activated = activation()
    expect(look([approval, activated], { tip: without })).toMatchObject({ active: false, because: ['approve'] })
    const unlisted = governed({ signers: signers.replace(`${mail('bob')} ${keys.bob.line}\n`, '') })
    expect(look([approval, activated], { tip: unlisted })).toMatchObject({ active: false, because: ['approve'] })
    expect(look([approval, activation({ before: without })])).toMatchObject({ active: false, because: ['approve'] })
    expect(look([approval, activated], { tip: governed({ groups: { ...groups, sre: ['dave'] } }) })).toMatchObject({ active: false, because: ['activate'] })
  })

  test('attack-05: terms that changed before the activation void the approval; later ones are judged for what was met', () => {
    const stricter = governed({ policy: policyOf('  approve: [{ groups: [security], count: 2 }]\n') })
    const looser = governed({ policy: policyOf('  approve: none\n') })
    for (const before of [stricter, looser]) expect(look([approval, activation({ before })])).toMatchObject({ codes: ['ACT_OTHER'] })
    expect(look([approval, activation({ before: stricter })], { tip: stricter })).toMatchObject({ active: false, because: ['approve'] })
    expect(look([approval, activation({ before: usual, tip: usual })], { tip: stricter })).toMatchObject({ active: false, because: ['approve'] })
    expect(look([approval, activation()], { tip: looser })).toMatchObject({ active: true })
    expect(look([approval], { tip: stricter })).toMatchObject({ active: false, codes: ['ACT_OTHER'] })
  })

  test('attack-05: an activation under terms of another time is none', () => {
    const stricter = governed({ policy: policyOf('  approve: [{ groups: [security], count: 2 }]\n') })
    const [one, two] = [act('approve', 'bob'), act('approve', 'dave')]
    const dated = act('activate', 'carol', { before: usual, envelope: { approvals: [one.digest, two.digest].sort() } })
    expect(look([one, two, { ...dated, before: stricter }], { tip: stricter })).toMatchObject({ active: false })
  })
})

describe('terms', () => {
  const withTip = (policy: string, signing: Parameters<typeof act>[2] = {}) => {
    const tip = governed({ policy: policyOf(policy) })
    const approved = act('approve', 'bob', { tip, ...signing })
    return look([approved, activation({ tip, ...signing }, approved)], { tip })
  }

  test('age is from the tap to the merge, as the protected branch dates it', () => {
    expect(withTip('  mfa: { evidence: user-signed, maxAge: 60m }\n')).toMatchObject({ active: true })
    expect(withTip('  mfa: { evidence: user-signed, maxAge: 59m }\n')).toMatchObject({ active: false, because: ['mfa'] })
  })

  test('a key that can be backed up is told by its own signature, and attestation by none', () => {
    const synced = { signing: { flags: touchedAndVerified | flag.backupEligible } }
    expect(withTip('  mfa: { evidence: user-signed, backupEligible: false }\n')).toMatchObject({ active: true })
    expect(withTip('  mfa: { evidence: user-signed, backupEligible: false }\n', synced)).toMatchObject({ active: false, because: ['mfa'] })
    const tip = governed({ policy: policyOf('  mfa: { evidence: user-signed, backupEligible: false }\n') })
    const approved = act('approve', 'bob', { tip, ...synced })
    expect(look([approved, activation({ tip }, approved)], { tip })).toMatchObject({ active: false, because: ['mfa'] })
    expect(withTip('  mfa: { evidence: user-signed, attested: true }\n')).toMatchObject({ active: false, because: ['mfa'] })
  })

  test('what only a log can show is refused, however much is signed', () => {
    expect(withTip('  timers: { approval: 72h }\n')).toMatchObject({ active: false, because: ['timers.approval'] })
    expect(withTip('  timers: { activation: 24h }\n')).toMatchObject({ active: false, because: ['timers.activation'] })
    expect(withTip('  limits: { duration: 365d, findings: 10, uses: 3 }\n')).toMatchObject({ active: false, because: ['limits.uses'] })
  })

  test('conditions read the groups of whoever is shown', () => {
    const conditions = (at: string, expression: string) => withTip(`  conditions: [{ at: ${at}, expression: '${expression}', message: no }]\n`).active
    expect(conditions('approve', 'approver.groups.exists(g, g == "security")')).toBe(true)
    expect(conditions('approve', 'approver.groups.exists(g, g == "sre")')).toBe(false)
    expect(conditions('activate', 'activator.groups.exists(g, g == "sre")')).toBe(true)
    expect(conditions('request', 'requester.groups.exists(g, g == "engineering")')).toBe(false)
  })

  test('a signed request shows who asks: with the opt-out, by a software key too, and by whoever was listed before', () => {
    const policy = policyOf().replace('request: anyone', 'request: { groups: [engineering] }')
    const software = sshKey('ed25519')
    const tip = governed({ policy, signers: `${signers}${mail('alice')} ${software.line}\n` })
    const approved = act('approve', 'bob', { tip })
    const acts = [approved, activation({ tip }, approved)]
    for (const asked of [act('request', 'alice', { tip }), act('request', 'alice', { tip, key: software, before: governed({ policy, signers: `${signers}${mail('alice')} ${software.line}\n`, absent: true }) })]) {
      expect(look([...acts, asked], { tip })).toMatchObject({ active: true, codes: [], requesters: [{ identity: { iss: 'git', sub: mail('alice') } }] })
    }
    expect(look([...acts, act('request', 'alice', { tip, key: software, before: governed({ policy }) })], { tip })).toMatchObject({ active: false, codes: ['ACT_SIGNER'], because: ['request'] })
    expect(look([...acts, act('request', 'bob', { tip })], { tip })).toMatchObject({ active: false, codes: ['ACT_SEPARATION'] })
    expect(look([...acts, act('request', 'alice', { tip, envelope: { optOut: 'f'.repeat(64) } })], { tip })).toMatchObject({ active: false, codes: ['ACT_OTHER'] })
    expect(look([act('request', 'bob', { tip }), act('request', 'alice', { tip }), approved, activation({ tip }, approved)], { tip, requester: { identity: { iss: 'git', sub: mail('dave') }, groups: [] } }).requesters).toHaveLength(3)
  })

  test('a request by somebody in no group spoils none by somebody who is in one', () => {
    const tip = governed({ policy: policyOf().replace('request: anyone', 'request: { groups: [engineering] }') })
    const approved = act('approve', 'bob', { tip })
    const acts = [approved, activation({ tip }, approved), act('request', 'eve', { tip, place: 0 }), act('request', 'alice', { tip })]
    expect(look(acts, { tip })).toMatchObject({ active: true })
  })

  test('a request is no approval, and counts as none', () => {
    const asked = act('request', 'dave')
    expect(look([asked, activation({}, asked)])).toMatchObject({ active: false, because: ['approve'] })
  })

  test('without a signed request a requester is shown by a signed commit alone', () => {
    const tip = governed({ policy: policyOf().replace('request: anyone', 'request: { groups: [engineering] }') })
    const approved = act('approve', 'bob', { tip })
    const acts = [approved, activation({ tip }, approved)]
    expect(look(acts, { tip })).toMatchObject({ active: false, because: ['request'] })
    expect(look(acts, { tip, requester: { identity: { iss: 'git', sub: mail('alice') }, groups: ['engineering'] } })).toMatchObject({ active: true })
  })
})

test('quorums of any people: in force exactly where distinct people of the group approve', () => {
  const tip = governed({ policy: policyOf('  approve: [{ groups: [security], count: 2 }]\n'), groups: { ...groups, security: ['alice', 'bob', 'dave'] } })
  const given = new Map<Name, ReturnType<typeof act>>(names.map((name) => [name, act('approve', name, { tip })]))
  fc.assert(fc.property(fc.subarray([...names]), fc.subarray([...names]), (approving, involved) => {
    const acts = approving.flatMap((name) => given.get(name) ?? [])
    const wanted = approving.filter((name) => ['alice', 'bob', 'dave'].includes(name) && !involved.includes(name)).length >= 2
    const all = [...acts, act('activate', 'carol', { tip, envelope: { approvals: acts.map(({ digest }): HexDigest => digest).sort() } })]
    expect(look(all, { tip, involved: involved.map((name) => ({ iss: 'git', sub: mail(name) })) }).active).toBe(wanted)
  }), { numRuns: 60 })
})
