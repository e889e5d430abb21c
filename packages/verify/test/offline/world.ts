/** Offline grants over a log in memory, signed by emulated security keys. */
import { compilePolicySet, decodeDocument, type HexDigest, type Instant, type Json, type PolicySet, termsDigest, unlocated, type Workspace } from '@exeat/core'
import { celEngine } from '@exeat/core/condition'
import { type OfflineGrant, offlineGrantBytes, offlineGrantDigest, offlineGrantSchema, offlineName, readOfflineGrant } from '@exeat/core/offline'
import canonicalize from 'canonicalize'
import { type SshKey, sshKey, type SshSigning } from '../../../testkit/src/ssh-authenticator.ts'
import { judgeOffline, offlineNamespace, offlinePath, type OfflineFiles, type OfflineGoverned, type SignedOfflineGrant } from '../../src/offline/index.ts'
import { parseAllowedSigners } from '../../src/ssh/index.ts'
import { at, decoded, digestOf, hour, scene, type Scene, sha256, workspaceJson } from '../bundle/scene.ts'
import { sshDeps } from '../ssh/support.ts'

export { at, digestOf, hour, sha256 }

export const names = ['ann', 'ben', 'cid', 'eve'] as const
export type Name = (typeof names)[number]
export const mail = (name: string): string => `${name}@acme.example`
export const keys: Readonly<Record<Name, SshKey>> = { ann: sshKey('sk-ed25519'), ben: sshKey('sk-p256'), cid: sshKey('sk-ed25519'), eve: sshKey('sk-ed25519') }
export const signersOf = (options = 'namespaces="exeat-offline@v1"', of: readonly Name[] = names): string => of.map((name) => `${mail(name)} ${options} ${keys[name].line}\n`).join('')

type Members = { readonly [key: string]: Json }

export const policyJson = (emergency: Members = {}, spec: Members = {}, name = 'staging'): Json => ({
  apiVersion: 'exeat.dev/v1', kind: 'OptOutPolicy', metadata: { name },
  spec: {
    controls: ['trivy/*'], environments: ['staging'], effect: 'permit', request: { groups: ['sre'] }, approve: [{ groups: ['security'], count: 2 }], activate: { groups: ['sre'] },
    mfa: 'none', limits: { duration: '14d', findings: 3 },
    emergency: { groups: ['sre'], duration: '4h', mfa: { evidence: 'user-signed' }, reviewers: ['security'], reviewWithin: '72h', offline: true, ...emergency }, ...spec,
  },
})

export interface Governing {
  readonly policies?: readonly Json[]
  readonly signers?: string
  readonly groups?: Readonly<Record<string, readonly string[]>>
  readonly log?: Members
  readonly people?: Json
}

export function governed({ policies = [policyJson()], signers = signersOf(), groups = { sre: ['ann', 'ben', 'cid'], desk: ['ann'] }, log = {}, people }: Governing = {}): OfflineGoverned {
  const plain = workspaceJson(log) as { readonly spec: Members } & Members
  const members = Object.fromEntries(Object.entries(groups).map(([group, people]) => [group, people.map((name) => ({ iss: 'git', sub: mail(name) }))]))
  const workspace = { ...plain, spec: { ...plain.spec, groups: members, ...(people === undefined ? {} : { identity: { people } }) } }
  const placed = (json: Json) => ({ document: decoded(json).document, origin: { file: 'test', line: 1, column: 1 } })
  const compiled = compilePolicySet({
    workspace: placed(workspace) as never, policies: policies.map(placed) as never, aliases: [], conditionEngine: celEngine(),
  })
  if (!compiled.ok) throw new Error(compiled.problems[0].message)
  const read = parseAllowedSigners(signers, 'allowed_signers')
  if (!read.ok) throw new Error(read.problems[0].message)
  return { workspace: decoded(workspace).document as Workspace, policySet: compiled.set, signers: read.signers }
}

export const usual = governed()
export const log: Scene = scene({ workspace: workspaceJson() })

const nonce = 'ab'.repeat(16)
export const fingerprint = digestOf('the finding')

export interface Granting {
  readonly grant?: Members
  readonly spec?: Members
  readonly targets?: Members
  readonly policySet?: PolicySet
  readonly from?: Instant
  readonly minutes?: number
  readonly name?: string
}

const iso = (instant: number): string => new Date(instant).toISOString()

/** As JSON: an hour from `start`, of one finding. */
export function grantJson({ grant = {}, spec = {}, targets = {}, policySet = usual.policySet, from = at(2 * hour), minutes = 60, name }: Granting = {}): Members {
  const own = (grant['nonce'] ?? nonce) as string
  const draft: Members = {
    schema: 'exeat/offline/v1', purpose: 'offline', workspace: 'acme', repositoryId: '1001', commit: 'c'.repeat(40), environment: 'staging',
    optOut: {
      apiVersion: 'exeat.dev/v1', kind: 'OptOut', metadata: { name: name ?? offlineName(own) },
      spec: {
        controls: ['trivy/CVE-2021-44228'],
        targets: { repositories: ['acme/payments'], environments: ['staging'], paths: ['pom.xml'], fingerprints: [fingerprint], ...targets },
        category: 'emergency', reason: 'payments are down', owner: mail('ann'), window: { from: iso(from), until: iso(from + minutes * 60_000) }, limits: { findings: 1 }, ...spec,
      },
    },
    terms: '0'.repeat(64), governance: { ref: 'refs/remotes/origin/main', commit: 'd'.repeat(40) }, team: 'sre',
    log: { delegation: log.delegated as unknown as Json, checkpoint: log.checkpoint(), published: null }, nonce: own, at: iso(from), ...grant,
  }
  if (grant['terms'] !== undefined) return draft
  const decodedOptOut = decodeDocument(unlocated(draft['optOut'] ?? null, 'test'))
  const answer = decodedOptOut.ok && decodedOptOut.kind === 'OptOut' ? policySet.termsForOptOut(decodedOptOut.document) : undefined
  return { ...draft, terms: answer?.kind === 'permitted' ? termsDigest(answer.terms, sha256) : '0'.repeat(64) }
}

export const bytesOf = (json: Json): Uint8Array => new Uint8Array(Buffer.from(canonicalize(json) ?? '', 'utf8'))

export const parsed = (json: Members): OfflineGrant => offlineGrantSchema.parse(json)

export type By = Name | readonly [SshKey, Partial<SshSigning>?]

/** Files as they stand at the branch. */
export function files(json: Members, by: readonly By[] = ['ann', 'ben'], path?: string): OfflineFiles {
  const grant = bytesOf(json)
  const valid = offlineGrantSchema.safeParse(json)
  const digest: HexDigest = valid.success ? offlineGrantDigest(valid.data, sha256) : '0'.repeat(64)
  const signatures = by.map((each, i) => {
    const [key, signing = {}] = typeof each === 'string' ? [keys[each]] : each
    return { path: `${i}.sshsig`, bytes: Buffer.from(key.sign(grant, { namespace: offlineNamespace, ...signing })) }
  })
  return { path: path ?? offlinePath(digest), grant, signatures }
}

export const now = at(2 * hour + 600_000)

/** The code with which a grant is refused; `ok` where two people signed it and the terms permit it. */
export function judge(given: OfflineFiles, by: OfflineGoverned = usual, when: Instant | 'afterwards' = now): string {
  const answer = judgeOffline(given, by, when === 'afterwards' ? undefined : when, sshDeps)
  return answer.ok ? 'ok' : answer.problem.code
}

export function signed(json: Members = grantJson(), by: readonly By[] = ['ann', 'ben'], governing: OfflineGoverned = usual): SignedOfflineGrant {
  const answer = judgeOffline(files(json, by), governing, now, sshDeps)
  if (!answer.ok) throw new Error(`${answer.problem.code}: ${answer.problem.message}`)
  return answer.value
}

export { offlineGrantBytes, readOfflineGrant }
