/** Offline grants, entered once there is a log again. */
import { createHash } from 'node:crypto'
import canonicalize from 'canonicalize'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { compilePolicySet, decodeDocument, type Json, termsDigest, unlocated } from '@exeat/core'
import { formatCheckpoint, formatVerifierKey, signNote } from '@exeat/log'
import { evidenceDeps } from '@exeat/git/crypto'
import { verifyOfflineEntry } from '@exeat/verify/offline'
import { parseAllowedSigners } from '@exeat/verify/ssh'
import type { Actor } from '../../src/use/index.ts'
import { type SshKey, sshKey, type SshSigning } from '../../../testkit/src/ssh-authenticator.ts'
import { delegation, key, keys as roots, sign, signed as signedDelegation } from '../../../verify/test/delegation/support.ts'
import { sqlite } from '../sqlite-kind.ts'
import { actor, agree, codesOf, eventsOf, hour, instant, newKey, optOut, origin, start, strictPolicy, workspace, world, type World } from './support.ts'

const sha256 = (bytes: Uint8Array): Uint8Array => createHash('sha256').update(bytes).digest()
const mail = (name: string): string => `${name}@acme.example`
const people: Readonly<Record<string, SshKey>> = { ann: sshKey('sk-ed25519'), ben: sshKey('sk-p256'), cid: sshKey('sk-ed25519') }
const signersFile = (names: readonly string[]): string => names.map((name) => `${mail(name)} namespaces="exeat-offline@v1" ${people[name]?.line ?? ''}\n`).join('')
const logKey = key(origin, 11)

const policy = `${strictPolicy.replace('[production]', '[test]').replace('reviewWithin: 72h', 'reviewWithin: 72h, offline: true').replace('name: production', 'name: offline').replace(/requires: .*/, 'requires: { impact: true }')}`
const workspaceText = `${workspace()}    oncall: [${['ann', 'ben', 'cid'].map((name) => `{ iss: git, sub: ${mail(name)} }`).join(', ')}]
  log: { origin: ${origin}, keys: ["${formatVerifierKey(roots.alice)}", "${formatVerifierKey(roots.bob)}"] }
`
const policyText = policy.replace('groups: [sre], duration', 'groups: [sre, oncall], duration')

let at: World
let commit: string
beforeEach(async () => {
  at = await world(sqlite, { '.exeat/workspace.yaml': workspaceText, '.exeat/policies/trivy.yaml': policyText, '.exeat/policies/production.yaml': '', '.exeat/allowed_signers': signersFile(['ann', 'ben', 'cid']) })
  commit = at.repository.git('rev-parse', 'HEAD')
})
afterEach(async () => { await at.close() })

function termsOf(optOutJson: Json): string {
  const { governance } = at.source.latest() ?? {}
  if (governance === undefined) throw new Error('nothing was read')
  const compiled = compilePolicySet({ workspace: governance.workspace, policies: governance.policies, aliases: governance.aliases })
  const decoded = decodeDocument(unlocated(optOutJson, 'test'))
  if (!compiled.ok || !decoded.ok || decoded.kind !== 'OptOut') throw new Error('it is wrong')
  const answer = compiled.set.termsForOptOut(decoded.document)
  if (answer.kind === 'refused') throw new Error(answer.because.message)
  return termsDigest(answer.terms, sha256)
}

function checkpoint(by = logKey): string {
  const text = formatCheckpoint({ origin, size: 1, root: sha256(new Uint8Array(0)), extensions: [] })
  const note = text.ok ? signNote(text.value, [by], sign, Math.floor(start / 1000)) : text
  if (!note.ok) throw new Error(note.problem.message)
  return Buffer.from(note.value).toString('utf8')
}

type Members = { readonly [key: string]: Json }
const nonce = '0f'.repeat(16)

async function grantJson(over: Members = {}): Promise<Members> {
  await at.source.current()
  const document: Members = {
    apiVersion: 'exeat.dev/v1', kind: 'OptOut', metadata: { name: `offline-${nonce}` },
    spec: {
      controls: ['trivy/CVE-1'], targets: { repositories: ['acme/payments'], environments: ['test'], paths: ['pom.xml'], fingerprints: ['a'.repeat(64)] }, category: 'emergency',
      reason: 'payments are down', owner: mail('ann'), window: { from: instant(0), until: instant(hour) }, limits: { findings: 1 },
    },
  }
  return {
    schema: 'exeat/offline/v1', purpose: 'offline', workspace: 'acme-1', repositoryId: '1001', commit: 'c'.repeat(40), environment: 'test', optOut: document, terms: termsOf(document),
    governance: { ref: 'refs/heads/main', commit }, team: 'oncall', nonce, at: instant(0),
    log: {
      checkpoint: checkpoint(), published: null,
      delegation: signedDelegation(delegation({ workspace: 'acme-1', origin, keys: { log: formatVerifierKey(logKey), bundle: formatVerifierKey(roots.bundle), webhook: formatVerifierKey(roots.webhook) } })) as unknown as Json,
    },
    ...over,
  }
}

type By = string | readonly [SshKey, Partial<SshSigning>]
const base64 = (bytes: Uint8Array | string): string => Buffer.from(bytes).toString('base64')

function sent(json: Members, by: readonly By[] = ['ann', 'ben']): { grant: string; signatures: string[] } {
  const bytes = Buffer.from(canonicalize(json) ?? '')
  const signatures = by.map((each) => {
    const [own, how] = typeof each === 'string' ? [people[each] as SshKey, {}] as const : each
    return base64(own.sign(bytes, { namespace: 'exeat-offline@v1', ...how }))
  })
  return { grant: base64(bytes), signatures }
}

const keeper: Actor = actor('keeper')

describe('attack-28: afterwards', () => {
  test('attack-27: it is told to everybody where its policies name nobody, and entered though there is nobody to tell', async () => {
    const alarms = async () => (await at.log.records('alarm', { limit: 10 })).map(({ value }) => JSON.parse(Buffer.from(value).toString('utf8')) as { readonly first: unknown })
    at.clock.now = start + 3 * hour
    const { optOut: { alarm } } = await at.useCases.importOffline(keeper, sent(await grantJson()), newKey())
    expect([alarm, (await alarms()).map(({ first }) => first)]).toEqual([{ deliveries: [] }, [[]]])
    await at.close()
    at = await world(sqlite, {
      '.exeat/workspace.yaml': `${workspaceText}  alerts: [{ name: pager, url: "https://pager.acme.example/" }]\n`, '.exeat/policies/trivy.yaml': policyText, '.exeat/policies/production.yaml': '',
      '.exeat/allowed_signers': signersFile(['ann', 'ben', 'cid']),
    })
    commit = at.repository.git('rev-parse', 'HEAD')
    at.clock.now = start + 3 * hour
    await at.useCases.importOffline(keeper, sent(await grantJson()), newKey())
    expect((await alarms()).map(({ first }) => first)).toEqual([[{ name: 'pager', url: 'https://pager.acme.example/' }]])
  })

  test('a grant is entered as an emergency by those who signed it, whoever brings it, and its review is due', async () => {
    at.clock.now = start + 3 * hour
    const json = await grantJson()
    const { optOut: view, evidence, index } = await at.useCases.importOffline(keeper, sent(json), newKey())
    expect(view).toMatchObject({ phase: 'lapsed', review: 'due', requester: { iss: 'git', sub: mail('ann') }, category: 'emergency', inForce: false })
    expect(evidence).toBe('user-signed')
    const entered = (await eventsOf(at.log)).find(({ type }) => type === 'dev.exeat.emergency.activated.v1')
    expect(entered?.data).toMatchObject({ second: { iss: 'git', sub: mail('ben') }, team: 'oncall', evidence: { kind: 'offline' }, offline: expect.stringMatching(/^[0-9a-f]{64}$/) as string })
    const then = await at.source.at(commit)
    if (entered?.type !== 'dev.exeat.emergency.activated.v1' || then === undefined) throw new Error('it was not entered')
    const signers = parseAllowedSigners(then.signers ?? '', 'allowed_signers')
    if (!signers.ok) throw new Error('the signers are wrong')
    expect(verifyOfflineEntry(view.uid, entered.data, { workspace: then.governance.workspace.document, policySet: then.policySet, signers: signers.signers }, evidenceDeps)).toMatchObject({ ok: true })
    await agree(at.log)

    // Again, by somebody else, under another key, and at once: the same entry.
    const others = await Promise.all([actor('other'), keeper].map((by) => at.useCases.importOffline(by, sent(json, ['ben', 'ann']), newKey())))
    expect(others.map((each) => each.index)).toEqual([index, index])
  })

  test('two who bring it at the same time get one entry', async () => {
    const given = sent(await grantJson())
    const both = await Promise.all([at.useCases.importOffline(keeper, given, newKey()), at.useCases.importOffline(actor('other'), given, newKey())])
    expect(both[0].index).toBe(both[1].index)
    await agree(at.log)
  })

  test('within its hour it ends with its entry; what it excused is counted all the same, each use once', async () => {
    at.clock.now = start + 600_000
    const { optOut: { uid, phase } } = await at.useCases.importOffline(keeper, sent(await grantJson()), newKey())
    expect(phase).toBe('revoked')
    const use = { uid, point: 'gate/1001/test', subject: `commit:${'c'.repeat(40)}` }
    for (const _ of [1, 2]) expect((await at.useCases.claimUses([use])).results).toMatchObject([{ outcome: 'counted' }])
    expect((await at.useCases.optOut(uid)).uses.counted).toBe(1)
    await agree(at.log)
  })

  test('signers who were taken off the branch since, and policies that changed, are judged as they were', async () => {
    const given = sent(await grantJson())
    at.merge({ '.exeat/allowed_signers': signersFile(['cid']), '.exeat/policies/trivy.yaml': policyText.replace('offline: true', 'offline: false') })
    expect((await at.useCases.importOffline(keeper, given, newKey())).optOut.review).toBe('due')
  })

  test('it counts: the team\'s next emergencies are as many fewer', async () => {
    await at.useCases.importOffline(keeper, sent(await grantJson()), newKey())
    const document = optOut('next', { category: 'emergency', environments: ['test'], until: hour, controls: ['trivy/CVE-1'] })
    expect(await codesOf(at.useCases.emergency(actor('dave'), { document: document as never, team: 'sre' }, newKey()))).toContain('SECOND_PERSON_NEEDED')
  })
})

describe('attack-28: what is not entered', () => {
  const codes = async (json: Members, by?: readonly By[]): Promise<readonly string[]> => codesOf(at.useCases.importOffline(keeper, sent(json, by), newKey()))
  const nothing = async (): Promise<void> => { expect((await eventsOf(at.log)).filter(({ type }) => type.startsWith('dev.exeat.emergency'))).toEqual([]) }
  afterEach(nothing)

  test('what two people did not sign', async () => {
    const json = await grantJson()
    expect(await codes(json, ['ann', 'ann'])).toEqual(['OFFLINE_SIGNERS'])
    expect(await codes(json, ['ann', [people['ben'] as SshKey, { flags: 1 }]])).toEqual(['ACT_WEAK'])
    expect(await codes(json, ['ann', [people['ben'] as SshKey, { namespace: 'exeat-act@v1' }]])).toEqual(['SSH_NAMESPACE'])
    const given = sent(json)
    expect(await codesOf(at.useCases.importOffline(keeper, { ...given, grant: sent({ ...json, commit: 'e'.repeat(40) }).grant }, newKey()))).toEqual(['SSH_SIGNATURE'])
  })

  test('what was prepared by no commit of the protected branch', async () => {
    expect(await codes(await grantJson({ governance: { ref: 'refs/heads/main', commit: 'f'.repeat(40) } }))).toEqual(['OFFLINE_UNKNOWN'])
    const aside = at.repository.git('commit-tree', '-p', 'HEAD', '-m', 'aside', 'HEAD^{tree}')
    expect(await codes(await grantJson({ governance: { ref: 'refs/heads/main', commit: aside } }))).toEqual(['OFFLINE_UNKNOWN'])
    // A commit of a change that was merged is none where the branch stood.
    const merge = at.repository.git('commit-tree', '-p', 'HEAD', '-p', aside, '-m', 'merge', 'HEAD^{tree}')
    at.repository.git('update-ref', 'refs/heads/main', merge)
    expect(await codes(await grantJson({ governance: { ref: 'refs/heads/main', commit: aside } }))).toEqual(['OFFLINE_UNKNOWN'])
  })

  test('what rests on another log, or on no terms that there were', async () => {
    const json = await grantJson()
    expect(await codes({ ...json, log: { ...json['log'] as Members, checkpoint: checkpoint(key(origin, 77)) } })).toEqual(['OFFLINE_CHECKPOINT'])
    expect(await codes({ ...json, terms: '1'.repeat(64) })).toEqual(['OFFLINE_OTHER'])
    expect(await codes({ ...json, workspace: 'another' })).toEqual(['OFFLINE_OTHER'])
  })

  test('what is malformed or huge', async () => {
    const given = sent(await grantJson())
    const spoilt = [
      { ...given, grant: '' }, { ...given, grant: '!!!' }, { ...given, grant: base64('no json') }, { ...given, grant: base64('{}') }, { ...given, grant: base64('null') }, { ...given, grant: 'A'.repeat(20_000) },
      { ...given, signatures: [] }, { ...given, signatures: given.signatures.slice(1) }, { ...given, signatures: Array.from({ length: 9 }, () => given.signatures[0] ?? '') }, { ...given, signatures: ['*', '*'] },
      { ...given, more: true }, null, 'text', { grant: 1, signatures: 2 },
    ]
    for (const each of spoilt) expect(await codesOf(at.useCases.importOffline(keeper, each as never, newKey())), JSON.stringify(each).slice(0, 60)).toEqual(['INPUT_INVALID'])
    const text = Buffer.from(given.grant, 'base64').toString('utf8')
    expect(await codesOf(at.useCases.importOffline(keeper, { ...given, grant: base64(`${text} `) }, newKey()))).toEqual(['OFFLINE_UNREADABLE'])
    expect(await codesOf(at.useCases.importOffline(keeper, { ...given, grant: base64(text.replace('"findings":1', '"findings":1e999')) }, newKey()))).toEqual(['INPUT_INVALID'])
  })
})
