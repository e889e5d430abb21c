/** A repository in git trust: people with security keys, a protected branch that takes merges, and what each of them puts there. */
import { randomBytes } from 'node:crypto'
import { formatInstant, type Instant, parseInstant } from '@exeat/core'
import { type Envelope, envelopeBytes, envelopeDigest } from '@exeat/core/envelope'
import { type Governance, readGovernance } from '@exeat/git'
import { temporaryRepository, type TemporaryRepository } from '@exeat/testkit'
import { impactOf } from '../../src/governance/signed.ts'
import { compilePolicies, sha256 } from '../../src/governance/load.ts'
import { repositoryIdsOf, termsDigest } from '@exeat/core'
import { type SshKey, sshKey, type SshSigning } from '../../../testkit/src/ssh-authenticator.ts'
import { base, sarif } from '../base.ts'
import { type Ran, runExeat } from '../session.ts'

export const people = ['alice', 'bob', 'carol', 'dave', 'eve'] as const
export type Name = (typeof people)[number]
export const mail = (name: string): string => `${name}@acme.example`

/** Alice writes, Bob and Dave are security, Carol is on call; Eve is in no group. */
export const groups = `  groups:
    engineering: [{ iss: git, sub: alice@acme.example }, { iss: git, sub: carol@acme.example }]
    security: [{ iss: git, sub: bob@acme.example }, { iss: git, sub: Dave@acme.example }]
    sre: [{ iss: git, sub: carol@acme.example }]
`

export const policy = `apiVersion: exeat.dev/v1
kind: OptOutPolicy
metadata: { name: staging }
spec:
  controls: ["trivy/*"]
  environments: [staging]
  effect: permit
  request: { groups: [engineering] }
  approve: [{ groups: [security], count: 1 }]
  activate: { groups: [sre] }
  mfa: { evidence: user-signed }
  limits: { duration: 3650d, findings: 10 }
  requires: { impact: false }
`

export const optOutText = (name = 'hotfix', reason = 'the rebuild comes on Monday'): string => `apiVersion: exeat.dev/v1
kind: OptOut
metadata: { name: ${name} }
spec:
  controls: [trivy/CVE-2021-44228]
  targets: { repositories: [acme/payments], environments: [staging], paths: [services/ledger/pom.xml] }
  category: waiver
  reason: ${reason}
  owner: alice@acme.example
  window: { from: 2026-01-01T00:00:00Z, until: 2035-01-01T00:00:00Z }
  limits: { findings: 3 }
`

const keys = new Map<string, SshKey>(people.map((name) => [name, sshKey(name === 'carol' ? 'sk-p256' : 'sk-ed25519')]))
export const keyOf = (name: Name): SshKey => keys.get(name) ?? sshKey('sk-ed25519')
/** A key without authenticator: it signs commits. */
const commitKeys = new Map<string, SshKey>(people.map((name) => [name, sshKey('ed25519')]))
export const commitKeyOf = (name: Name): SshKey => commitKeys.get(name) ?? sshKey('ed25519')

export const signersOf = (names: readonly Name[]): string => names.map((name) =>
  `${mail(name)} namespaces="exeat-act@v1" ${keyOf(name).line} key ring\n${mail(name)} namespaces="git" ${commitKeyOf(name).line}\n`).join('')

export const startFiles: Readonly<Record<string, string>> = {
  ...Object.fromEntries(base),
  '.exeat/workspace.yaml': `${base.get('.exeat/workspace.yaml') ?? ''}${groups}`,
  '.exeat/policies.yaml': policy,
  '.exeat/allowed_signers': signersOf(people),
  'log4j.sarif': sarif([{ rule: 'CVE-2021-44228', path: 'services/ledger/pom.xml', line: 12 }]),
}

export interface Merging {
  readonly by?: Name
  readonly merger?: Name
  /** Whether the author signs the commit with the key of their name in `allowed_signers`. */
  readonly signed?: boolean
  readonly message?: string
  readonly remove?: readonly string[]
  /** When, in seconds; the clock of this world goes forward by an hour a merge. */
  readonly at?: Instant
}

export interface GitWorld {
  readonly repository: TemporaryRepository
  /** A branch of the author's, merged by somebody else. */
  merge(files: Readonly<Record<string, string | Uint8Array>>, how?: Merging): string
  /** Files of one act as it would be signed now; members of the envelope may be forged. */
  act(purpose: 'approve' | 'activate', by: Name, forged?: Partial<Envelope>, signing?: Partial<SshSigning> & { readonly key?: SshKey; readonly folder?: string }): Promise<Record<string, string>>
  gate(...args: readonly string[]): Ran
  now(): Instant
  governance(): Promise<Governance>
}

const start = parseInstant('2026-06-01T00:00:00Z') ?? (0 as Instant)

export function gitWorld(main: string, files: Readonly<Record<string, string>> = startFiles): GitWorld {
  let clock: Instant = start
  const dated = (name: Name, at: Instant): Record<string, string> => ({
    GIT_AUTHOR_DATE: formatInstant(at), GIT_COMMITTER_DATE: formatInstant(at),
    GIT_AUTHOR_EMAIL: mail(name), GIT_COMMITTER_EMAIL: mail(name), GIT_AUTHOR_NAME: name, GIT_COMMITTER_NAME: name,
  })
  const repository = temporaryRepository()
  const publish = (): void => {
    repository.git('update-ref', 'refs/remotes/origin/main', 'refs/heads/main')
    repository.git('symbolic-ref', 'refs/remotes/origin/HEAD', 'refs/remotes/origin/main')
  }
  const commit = (name: Name, message: string, at: Instant, signed = false): void => {
    repository.git('add', '--all')
    repository.gitWith({ env: dated(name, at) }, 'commit', '--quiet', '--allow-empty', '-m', message)
    if (signed) signHead(repository, commitKeyOf(name))
  }
  const governance = (): Promise<Governance> => readGovernance({ dir: repository.dir, sha256 })
  for (const [path, content] of Object.entries(files)) repository.write(path, content)
  commit('dave', 'begin', clock)
  repository.git('remote', 'add', 'origin', 'https://github.com/acme/payments.git')
  publish()
  return {
    repository, governance,
    now: () => clock,
    merge: (changed, { by = 'alice', merger = 'eve', signed = true, message = 'change', remove = [], at } = {}) => {
      clock = at ?? (clock + 3_600_000) as Instant
      repository.git('checkout', '--quiet', '-B', 'change', 'main')
      for (const path of remove) repository.git('rm', '--quiet', '-r', path)
      for (const [path, content] of Object.entries(changed)) repository.write(path, content)
      commit(by, message, clock, signed)
      repository.git('checkout', '--quiet', 'main')
      repository.gitWith({ env: dated(merger, clock) }, 'merge', '--quiet', '--no-ff', '-m', 'merge', 'change')
      publish()
      return repository.git('rev-parse', 'HEAD')
    },
    act: async (purpose, by, forged = {}, { key = keyOf(by), folder, ...signing } = {}) => {
      const governed = await governance()
      const policySet = await compilePolicies(governed)
      const optOut = governed.optOuts.find(({ document }) => document.metadata.name === 'hotfix')
      if (optOut === undefined) throw new Error('the opt-out does not stand')
      const terms = policySet.termsForOptOut(optOut.document)
      const workspace = governed.workspace.document
      const envelope: Envelope = {
        schema: 'exeat/act/v1', purpose, workspace: workspace.spec.id, repositoryIds: [...repositoryIdsOf(optOut.document, workspace)], uid: optOut.uid, optOut: optOut.digest,
        terms: terms.kind === 'permitted' ? termsDigest(terms.terms, sha256) : '0'.repeat(64), impact: impactOf(optOut), approvals: [], actor: { iss: 'git', sub: mail(by) },
        window: optOut.document.spec.window, nonce: randomBytes(16).toString('hex'), at: clock, ...forged,
      }
      const stem = `.exeat/signatures/${folder ?? optOut.uid}/${envelopeDigest(envelope, sha256)}`
      const bytes = envelopeBytes(envelope)
      return { [`${stem}.json`]: Buffer.from(bytes).toString(), [`${stem}.sshsig`]: key.sign(bytes, { namespace: 'exeat-act@v1', ...signing }) }
    },
    gate: (...args) => runExeat(main, ['gate', 'log4j.sarif', '--env', 'staging', '--repo', 'acme/payments', ...args], repository.dir),
  }
}

/** As `git commit -S` with `gpg.format=ssh` does it. */
function signHead(repository: TemporaryRepository, key: SshKey): void {
  const payload = repository.git('cat-file', 'commit', 'HEAD')
  const text = `${payload}\n`
  const armour = key.sign(text, { namespace: 'git' }).trimEnd().replaceAll('\n', '\n ')
  const signed = text.replace('\n\n', `\ngpgsig ${armour}\n\n`)
  const id = repository.gitWith({ input: signed }, 'hash-object', '-t', 'commit', '-w', '--stdin')
  repository.git('reset', '--quiet', '--soft', id)
}

/** Digests of the envelopes among these files. */
export const digestsOf = (...files: readonly Record<string, string>[]): readonly string[] =>
  files.flatMap((each) => Object.keys(each)).flatMap((path) => /([0-9a-f]{64})\.json$/.exec(path)?.[1] ?? []).sort()
