import fc from 'fast-check'
import type { Json } from '@exeat/core'
import { describe, expect, test } from 'vitest'
import { largestGrant, mostGranted } from '@exeat/core/offline'
import { type SshKey, sshKey } from '../../../testkit/src/ssh-authenticator.ts'
import { judgeOffline, offlinePath } from '../../src/offline/index.ts'
import { sshDeps } from '../ssh/support.ts'
import { type By, bytesOf, digestOf, files, fingerprint, governed, grantJson, judge, keys, mail, policyJson, sha256, signed, signersOf, usual } from './world.ts'

describe('attack-28: who signed it', () => {
  test('two people of the group, each with a hardware key that verified them', () => {
    const { people, active, digest } = signed()
    expect(people.map(({ identity, groups }) => [identity, groups])).toEqual([[{ iss: 'git', sub: mail('ann') }, ['desk', 'sre']], [{ iss: 'git', sub: mail('ben') }, ['sre']]])
    expect(active.met).toMatchObject({ evidence: 'user-signed', unlogged: true, factor: { attested: false, backupEligible: false, age: 600_000 }, approvers: [] })
    expect([...active.impact ?? []]).toEqual([fingerprint])
    expect(offlinePath(digest)).toBe(files(grantJson()).path)
    expect(judge(files(grantJson(), ['ben', 'ann']))).toBe('ok')
  })

  const second = sshKey('sk-ed25519')
  const software = sshKey('ed25519')
  const stranger = sshKey('sk-ed25519')
  const also = `${signersOf()}${mail('ann')} namespaces="exeat-offline@v1" ${second.line}\n${mail('ben')} namespaces="exeat-offline@v1" ${software.line}\n`
  test.each<[string, readonly By[], string]>([
    ['nobody', [], 'OFFLINE_UNSIGNED'],
    ['one person', ['ann'], 'OFFLINE_UNSIGNED'],
    ['one key twice', ['ann', 'ann'], 'OFFLINE_SIGNERS'],
    ['one person with two keys', ['ann', [second]], 'OFFLINE_SIGNERS'],
    ['a software key', ['ann', [software]], 'ACT_WEAK'],
    ['a key that nobody touched', ['ann', [keys.ben, { flags: 0 }]], 'ACT_WEAK'],
    ['a key that verified nobody', ['ann', [keys.ben, { flags: 0x01 }]], 'ACT_WEAK'],
    ['a key that says verified and not touched', ['ann', [keys.ben, { flags: 0x04 }]], 'ACT_WEAK'],
    ['somebody of no group', ['ann', 'eve'], 'OFFLINE_SIGNERS'],
    ['a key that is nobody\'s', ['ann', [stranger]], 'ACT_SIGNER'],
    ['a signature for acts', ['ann', [keys.ben, { namespace: 'exeat-act@v1' }]], 'SSH_NAMESPACE'],
    ['a signature for git', ['ann', [keys.ben, { namespace: 'git' }]], 'SSH_NAMESPACE'],
    ['a signature over something else', ['ann', [keys.ben, { digest: sha256(Buffer.from('else')) }]], 'SSH_SIGNATURE'],
    ['a signature that claims another key', ['ann', [stranger, { claimed: keys.cid.blob }]], 'SSH_SIGNATURE'],
  ])('%s is not enough', (_, by, code) => { expect(judge(files(grantJson(), by), governed({ signers: also }))).toBe(code) })

  test('two names that the workspace says are one person\'s are not enough', () => {
    const people = [{ label: 'Ann', identities: ['ann', 'ben'].map((name) => ({ iss: 'git', sub: mail(name) })) }]
    expect(judge(files(grantJson()), governed({ people }))).toBe('OFFLINE_SIGNERS')
  })

  test('a signature that is none takes down no other, and the first eight are looked at', () => {
    const good = files(grantJson())
    const junk = { path: 'a.sshsig', bytes: Buffer.from('junk') }
    expect(judge({ ...good, signatures: [junk, ...good.signatures] })).toBe('ok')
    expect(judge({ ...good, signatures: [...Array.from({ length: 8 }, () => junk), ...good.signatures] })).toBe('SSH_MALFORMED')
    expect(judge({ ...good, signatures: [{ path: 'a.sshsig', bytes: new Uint8Array(9000) }] })).toBe('SSH_MALFORMED')
  })

  test('the keys must be listed for offline grants, then and now; whoever was taken off counts no more', () => {
    expect(judge(files(grantJson()), governed({ signers: signersOf('namespaces="exeat-act@v1,git"') }))).toBe('ACT_SIGNER')
    expect(judge(files(grantJson()), governed({ signers: signersOf(undefined, ['ann', 'cid']) }))).toBe('ACT_SIGNER')
    const until = signersOf('namespaces="exeat-offline@v1",valid-before="202611221205Z"')
    expect(judge(files(grantJson()), governed({ signers: until }))).toBe('ACT_SIGNER')
    expect(judge(files(grantJson()), governed({ signers: until }), 'afterwards')).toBe('ok')
    expect(judge(files(grantJson()), governed({ signers: signersOf('namespaces="exeat-offline@v1",valid-after="202611221205Z"') }))).toBe('ACT_SIGNER')
    expect(judge(files(grantJson()), governed({ signers: '' }))).toBe('ACT_SIGNER')
  })

  test('one of them is of the team on whose account it goes', () => {
    expect(signed(grantJson({ grant: { team: 'desk' } }), ['ben', 'ann']).people.map(({ identity }) => identity.sub)).toEqual([mail('ann'), mail('ben')])
    expect(judge(files(grantJson({ grant: { team: 'desk' } }), ['ben', 'cid']))).toBe('OFFLINE_SIGNERS')
  })
})

describe('attack-28: what the terms say', () => {
  const under = (...policies: readonly Json[]): string => {
    const by = governed({ policies })
    return judge(files(grantJson({ policySet: by.policySet })), by)
  }
  test.each([
    ['that offline is not permitted', policyJson({ offline: false }), 'OFFLINE_TERMS'],
    ['nothing of offline', policyJson({ offline: null as never }), 'OFFLINE_TERMS'],
  ])('%s', (_, policy, code) => {
    const spec = (policy as { spec: { emergency: Record<string, unknown> } }).spec.emergency
    if (spec['offline'] === null) delete spec['offline']
    expect(under(policy)).toBe(code)
  })
  test('no emergency at all', () => {
    const policy = policyJson()
    delete (policy as { spec: { emergency?: unknown } }).spec.emergency
    expect(under(policy)).toBe('OFFLINE_TERMS')
  })
  test('every covering policy must say it: one that does not refuses', () => { expect(under(policyJson(), policyJson({ offline: false }, {}, 'another'))).toBe('OFFLINE_TERMS') })
  test('a forbid ends it', () => { expect(under(policyJson(), { apiVersion: 'exeat.dev/v1', kind: 'OptOutPolicy', metadata: { name: 'never' }, spec: { controls: ['trivy/*'], effect: 'forbid' } })).toBe('OFFLINE_TERMS') })
  test('attested keys, which nothing shows', () => { expect(under(policyJson({ mfa: { evidence: 'user-signed', attested: true } }))).toBe('OFFLINE_ATTESTATION') })
  test('a second factor younger than ten minutes is not shown after ten minutes', () => {
    expect(under(policyJson({ mfa: { evidence: 'user-signed', maxAge: '5m' } }))).toBe('OFFLINE_TERMS')
    expect(under(policyJson({ mfa: { evidence: 'user-signed', maxAge: '10m' } }))).toBe('ok')
  })
  test('keys that cannot be copied', () => {
    const by = governed({ policies: [policyJson({ mfa: { evidence: 'user-signed', backupEligible: false } })] })
    const json = grantJson({ policySet: by.policySet })
    expect(judge(files(json), by)).toBe('ok')
    expect(judge(files(json, ['ann', [keys.ben, { flags: 0x0d }]]), by)).toBe('OFFLINE_TERMS')
  })
  test('uses, witnesses, tickets and ceilings that a grant does not meet', () => {
    expect(under(policyJson({}, { limits: { duration: '14d', findings: 3, uses: 5 } }))).toBe('OFFLINE_TERMS')
    expect(under(policyJson({}, { requires: { witness: true } }))).toBe('OFFLINE_TERMS')
    expect(under(policyJson({}, { requires: { compensatingControl: true } }))).toBe('OFFLINE_TERMS')
    expect(under(policyJson({}, { requires: { targets: ['resources'] } }))).toBe('OFFLINE_TERMS')
    expect(under(policyJson({ duration: '30m' }))).toBe('OFFLINE_TERMS')
    expect(under(policyJson({ groups: ['desk'] }))).toBe('OFFLINE_SIGNERS')
  })
  test('a condition of the request that is not true', () => {
    expect(under(policyJson({}, { conditions: [{ at: 'request', expression: 'requester.groups.exists(g, g == "nobody")', message: 'nobody may' }] }))).toBe('OFFLINE_TERMS')
  })
  test('terms that changed since it was signed void it', () => {
    expect(judge(files(grantJson()), governed({ policies: [policyJson({ duration: '2h' })] }))).toBe('OFFLINE_OTHER')
    expect(judge(files(grantJson({ grant: { terms: digestOf('other') } })))).toBe('OFFLINE_OTHER')
  })
  test('four findings, and the terms allow three', () => {
    const four = ['a', 'b', 'c', 'd'].map((each) => digestOf(each)).sort()
    expect(judge(files(grantJson({ targets: { fingerprints: four }, spec: { limits: { findings: 4 } } })))).toBe('OFFLINE_TERMS')
    expect(judge(files(grantJson({ targets: { fingerprints: four.slice(1) }, spec: { limits: { findings: 3 } } })))).toBe('ok')
  })
})

describe('attack-28: what it is wider than it may be', () => {
  const many = Array.from({ length: mostGranted + 1 }, (_, i) => digestOf(String(i))).sort()
  test.each<[string, Parameters<typeof grantJson>[0], string]>([
    ['61 minutes', { minutes: 61 }, 'OFFLINE_SCOPE'],
    ['a category that is none of an emergency', { spec: { category: 'waiver' } }, 'OFFLINE_SCOPE'],
    ['no fingerprints', { targets: { fingerprints: undefined as never } }, 'OFFLINE_SCOPE'],
    ['a fingerprint more than it counts', { targets: { fingerprints: [fingerprint, digestOf('more')].sort() } }, 'OFFLINE_SCOPE'],
    ['a ceiling above its fingerprints', { spec: { limits: { findings: 2 } } }, 'OFFLINE_SCOPE'],
    ['fewer uses', { spec: { limits: { findings: 1, uses: 3 } } }, 'OFFLINE_SCOPE'],
    ['a renewal', { spec: { renews: 'another' } }, 'OFFLINE_SCOPE'],
    ['two repositories', { targets: { repositories: ['acme/payments', 'acme/ledger'] } }, 'OFFLINE_SCOPE'],
    ['another repository', { targets: { repositories: ['acme/ledger'] } }, 'OFFLINE_SCOPE'],
    ['another id', { grant: { repositoryId: '1002' } }, 'OFFLINE_SCOPE'],
    ['an id that is no source', { grant: { repositoryId: '9' } }, 'OFFLINE_SCOPE'],
    ['another environment', { targets: { environments: ['production'] } }, 'OFFLINE_SCOPE'],
    ['a control by pattern', { spec: { controls: ['trivy/CVE-*'] } }, 'OFFLINE_SCOPE'],
    ['another name', { name: 'hotfix' }, 'OFFLINE_SCOPE'],
    ['a window before it was written', { grant: { at: '2026-11-22T12:00:00.001Z' } }, 'OFFLINE_SCOPE'],
    ['a window two days later', { grant: { at: '2026-11-20T11:59:59.999Z' } }, 'OFFLINE_SCOPE'],
    ['very many fingerprints', { targets: { fingerprints: many }, spec: { limits: { findings: many.length } } }, 'OFFLINE_SCOPE'],
    ['one twice', { targets: { fingerprints: [fingerprint, fingerprint] }, spec: { limits: { findings: 2 } } }, 'OFFLINE_SCOPE'],
    ['a document of another kind', { grant: { optOut: policyJson() } }, 'OFFLINE_SCOPE'],
    ['another workspace', { grant: { workspace: 'other' } }, 'OFFLINE_OTHER'],
    ['another purpose', { grant: { purpose: 'emergency' } }, 'OFFLINE_UNREADABLE'],
    ['another schema', { grant: { schema: 'exeat/act/v1' } }, 'OFFLINE_UNREADABLE'],
    ['something that nobody knows', { grant: { widen: true } }, 'OFFLINE_UNREADABLE'],
    ['a short commit', { grant: { commit: 'abc123' } }, 'OFFLINE_UNREADABLE'],
  ])('%s is refused', (_, how, code) => {
    const json = grantJson(how)
    const targets = (json['optOut'] as { spec?: { targets?: Record<string, unknown> } }).spec?.targets ?? {}
    for (const key of Object.keys(targets)) if (targets[key] === undefined) delete targets[key]
    expect(judge(files(json))).toBe(code)
  })

  test('bytes that are not the canonical ones, or stand under another name', () => {
    const good = files(grantJson())
    const text = Buffer.from(good.grant).toString('utf8')
    const spoilt = [`${text}\n`, ` ${text}`, text.replace('{', '{"__proto__":{},'), text.replace('"acme"', '"acme","workspace":"acme"'), `\uFEFF${text}`, '', 'null', '[]', '{}', text.replace('"reason":"', '"reason":"\\ud800'), text.replace('"findings":1', '"findings":1e999'), '['.repeat(5000)]
    for (const each of spoilt) expect(['OFFLINE_UNREADABLE', 'OFFLINE_SCOPE'], each.slice(0, 40)).toContain(judge({ ...good, grant: Buffer.from(each) }))
    expect(judge({ ...good, grant: new Uint8Array(largestGrant + 1) })).toBe('OFFLINE_UNREADABLE')
    expect(judge({ ...good, path: offlinePath(digestOf('another')) })).toBe('OFFLINE_UNREADABLE')
  })

  test('any change of a grant, and any bytes at all, are answered and grant nothing', () => {
    const good = files(grantJson())
    fc.assert(fc.property(fc.nat(good.grant.length - 1), fc.integer({ min: 1, max: 255 }), (index, change) => {
      const bytes = new Uint8Array(good.grant)
      bytes[index] = (bytes[index] ?? 0) ^ change
      return judge({ ...good, grant: bytes }) !== 'ok'
    }), { numRuns: 150 })
    fc.assert(fc.property(fc.json({ maxDepth: 4 }), (text) => judge({ ...good, grant: Buffer.from(text) }) !== 'ok'), { numRuns: 100 })
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => judge({ ...good, grant: bytes, signatures: [{ path: 'x', bytes }] }) !== 'ok'), { numRuns: 100 })
  })

  test('every refusal is one sentence', () => {
    const key: SshKey = sshKey('ed25519')
    for (const given of [files(grantJson({ minutes: 61 })), files(grantJson(), ['ann', [key]]), files(grantJson(), [])]) {
      const answer = judgeOffline(given, usual, undefined, sshDeps)
      expect(answer.ok ? '' : answer.problem.message).toMatch(/^\P{Cc}*[^.\p{Cc}]$/u)
    }
    expect(bytesOf(grantJson()).length).toBeLessThan(largestGrant)
  })
})
