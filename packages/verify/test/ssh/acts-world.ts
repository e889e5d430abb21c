/** One opt-out on a protected branch without any git: what governed before each merge, and acts signed by emulated security keys. */
import { createHash } from 'node:crypto'
import {
  checkGovernance, compilePolicySet, documentDigest, type Instant, judgeGitOptOuts, optOutUid, parseInstant, type PlacedPolicy, type PolicySet, repositoryIdOf, repositoryIdsOf, type StandingOptOut, termsDigest,
} from '@exeat/core'
import { celEngine } from '@exeat/core/condition'
import { type Envelope, envelopeBytes, envelopeDigest } from '@exeat/core/envelope'
import { readDocuments } from '../../../formats/src/yaml/index.ts'
import { type SshKey, sshKey, type SshSigning } from '../../../testkit/src/ssh-authenticator.ts'
import { type ActsGiven, type GovernedAt, type JudgedActs, judgeActs, type MergedAct, parseAllowedSigners } from '../../src/ssh/index.ts'
import { sshDeps } from './support.ts'

export const instant = (text: string): Instant => parseInstant(text) ?? (Number.NaN as Instant)
export const now = instant('2026-06-10T00:00:00Z')
const sha256 = (bytes: Uint8Array): Uint8Array => createHash('sha256').update(bytes).digest()

export const names = ['alice', 'bob', 'carol', 'dave', 'eve'] as const
export type Name = (typeof names)[number]
export const mail = (name: string): string => `${name}@acme.example`
export const keys: Readonly<Record<Name, SshKey>> = { alice: sshKey('sk-ed25519'), bob: sshKey('sk-ed25519'), carol: sshKey('sk-p256'), dave: sshKey('sk-ed25519'), eve: sshKey('sk-ed25519') }

export interface Governing {
  readonly policy?: string
  readonly groups?: Readonly<Record<string, readonly string[]>>
  readonly signers?: string
  readonly optOut?: string
  /** The opt-out does not stand. */
  readonly absent?: boolean
  /** Names of one person, as the workspace says. */
  readonly one?: readonly Name[]
}

export const groups = { engineering: ['alice', 'carol'], security: ['bob', 'dave'], sre: ['carol'] } as const
export const signers = names.map((name) => `${mail(name)} ${keys[name].line}\n`).join('')
export const policyOf = (changes: string = ''): string => `apiVersion: exeat.dev/v1
kind: OptOutPolicy
metadata: { name: p }
spec:
  controls: ["trivy/*"]
  environments: [staging]
  effect: permit
  request: anyone
${/^ {2}approve:/m.test(changes) ? '' : '  approve: [{ groups: [security], count: 1 }]\n'}${/^ {2}activate:/m.test(changes) ? '' : '  activate: { groups: [sre] }\n'}${/^ {2}mfa:/m.test(changes) ? '' : '  mfa: { evidence: user-signed }\n'}${/^ {2}limits:/m.test(changes) ? '' : '  limits: { duration: 365d, findings: 10 }\n'}  requires: { impact: false }
${changes}`

const defaultOptOut = `apiVersion: exeat.dev/v1
kind: OptOut
metadata: { name: hotfix }
spec:
  controls: [trivy/CVE-2021-44228]
  targets: { repositories: [acme/payments], environments: [staging] }
  category: waiver
  reason: the rebuild comes on Monday
  owner: alice@acme.example
  window: { from: 2026-06-01T00:00:00Z, until: 2026-07-01T00:00:00Z }
  limits: { findings: 3 }
`

export function governed({ policy = policyOf(), groups: given = groups, signers: text = signers, optOut = defaultOptOut, absent = false, one = [] }: Governing = {}): GovernedAt {
  const members = (people: readonly string[]): string => people.map((name) => `{ iss: git, sub: ${mail(name)} }`).join(', ')
  const workspaceText = `apiVersion: exeat.dev/v1
kind: Workspace
metadata: { name: workspace }
spec:
  id: acme
  protectedRef: main
  sources: [{ name: acme/payments, forge: github, repositoryId: "1001" }]
  environments: [{ name: staging, proof: asserted }]
  groups:
${Object.entries(given).map(([group, people]) => `    ${group}: [${members(people)}]\n`).join('')}${one.length === 0 ? '' : `  identity: { people: [{ label: One, identities: [${members(one)}] }] }\n`}`
  const { documents, problems } = checkGovernance([['w.yaml', workspaceText], ['p.yaml', policy], ['o.yaml', optOut]].flatMap(([path = '', content = '']) => readDocuments(Buffer.from(content), path).documents))
  const wrong = documents.find((each) => !each.ok)
  if (problems.length > 0 || wrong !== undefined) throw new Error(JSON.stringify([...problems, wrong]))
  const workspace = documents.flatMap((each) => (each.ok && each.kind === 'Workspace' ? [{ document: each.document, digest: documentDigest(each.document, sha256), origin: each.at }] : []))[0]
  if (workspace === undefined) throw new Error('no workspace')
  const policies = documents.flatMap((each): PlacedPolicy[] => (each.ok && each.kind === 'OptOutPolicy' ? [{ document: each.document, digest: documentDigest(each.document, sha256), origin: each.at }] : []))
  const compiled = compilePolicySet({ workspace, policies, aliases: [], conditionEngine: celEngine() })
  if (!compiled.ok) throw new Error(compiled.problems[0].message)
  const read = parseAllowedSigners(text, '.exeat/allowed_signers')
  if (!read.ok) throw new Error(read.problems[0].message)
  const optOuts = absent ? [] : documents.flatMap((each): StandingOptOut[] => {
    if (!each.ok || each.kind !== 'OptOut') return []
    const digest = documentDigest(each.document, sha256)
    const { name } = each.document.metadata
    return [{ document: each.document, digest, origin: each.at, uid: optOutUid({ workspace: 'acme', repositoryId: repositoryIdOf(each.document, workspace.document), name, digest }, sha256) }]
  })
  return { workspace: workspace.document, policySet: compiled.set, signers: read.signers, optOuts }
}

export const standing = (at: GovernedAt): StandingOptOut => {
  const [optOut] = at.optOuts
  if (optOut === undefined) throw new Error('the opt-out does not stand')
  return optOut
}

const termsOf = (policySet: PolicySet, { document }: StandingOptOut): string => {
  const answer = policySet.termsForOptOut(document)
  return answer.kind === 'permitted' ? termsDigest(answer.terms, sha256) : '0'.repeat(64)
}

export interface Acting {
  readonly tip?: GovernedAt
  /** What governed before the merge; the tip unless told. */
  readonly before?: GovernedAt | undefined
  readonly place?: number
  readonly at?: Instant
  readonly envelope?: Partial<Envelope>
  readonly key?: SshKey
  readonly signing?: Partial<SshSigning>
  readonly path?: string
}

let nonces = 0
const usual = governed()

/** An act that came to the branch at place 2 or later, signed an hour before. */
export function act(purpose: 'request' | 'approve' | 'activate', by: Name, options: Acting = {}): MergedAct & { readonly digest: string } {
  const { tip = usual, place = { request: 1, approve: 2, activate: 3 }[purpose], at = instant('2026-06-02T00:00:00Z'), key = keys[by], signing = {} } = options
  const before = 'before' in options ? options.before : tip
  const optOut = standing(tip)
  const envelope: Envelope = {
    schema: 'exeat/act/v1', purpose, workspace: 'acme', repositoryIds: [...repositoryIdsOf(optOut.document, tip.workspace)], uid: optOut.uid, optOut: optOut.digest,
    terms: termsOf((before ?? tip).policySet, optOut), impact: null, approvals: [], actor: { iss: 'git', sub: mail(by) }, window: optOut.document.spec.window,
    nonce: (nonces++).toString(16).padStart(32, '0'), at: (at - 3_600_000) as Instant, ...options.envelope,
  }
  const bytes = envelopeBytes(envelope)
  const digest = envelopeDigest(envelope, sha256)
  return {
    path: options.path ?? `.exeat/signatures/${optOut.uid}/${digest}.json`, envelope: bytes, signature: Buffer.from(key.sign(bytes, { namespace: 'exeat-act@v1', ...signing })), place, at, before, digest,
  }
}

export interface Looked extends JudgedActs {
  readonly active: boolean
  readonly codes: readonly string[]
  readonly because: readonly string[]
}

export function look(acts: readonly MergedAct[], given: Partial<ActsGiven> = {}): Looked {
  const tip = given.tip ?? usual
  const optOut = given.optOut ?? standing(tip)
  const at = given.now ?? now
  const judged = judgeActs({ optOut, acts, involved: [], since: { place: 1, at: instant('2026-06-01T00:00:00Z') }, repositoryIds: repositoryIdsOf(optOut.document, tip.workspace), impact: null, ...given, tip, now: at }, sshDeps)
  const set = judgeGitOptOuts(tip.policySet, [optOut], at, new Map([[optOut.uid, judged.shown]]))
  return { ...judged, active: set.active.length === 1, codes: judged.problems.map(({ code }) => code), because: set.refused.flatMap(({ because }) => because.map(({ term }) => term)) }
}
