/** A server without its edges: a real log in a temporary folder, the use cases over it, and a protected ref that a test can move. */
import { mkdtempSync, rmSync } from 'node:fs'
import { randomBytes } from 'node:crypto'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  compilePolicySet, decodeDocument, documentDigest, type ExeatDocument, type Finding, fingerprints, type HexDigest, type Instant, type Json, optOutUid, repositoryIdOf, type StandingOptOut,
  unlocated,
} from '@exeat/core'
import { impactDigest } from '@exeat/core/impact'
import type { Governance } from '@exeat/git'
import { formatVerifierKey, type SignerKey, signerKey } from '@exeat/log'
import { type Bundle, type BundleContext, bundlePins, type BundlePins, bundleSchema, type Delegation, type Dsse, type VerifyDeps } from '@exeat/verify'
import { bundleMaker } from '../../src/bundle/index.ts'
import { delegationOperation } from '../../src/genesis/entry.ts'
import { signedBy } from '../../src/genesis/found.ts'
import type { Governed, GovernanceSource } from '../../src/ports/governance.ts'
import type { LogStore } from '../../src/ports/log.ts'
import { publicKeyOf, sha256, verifySignature } from '../../src/store/ed25519.ts'
import { foundLog, openLog } from '../../src/store/log.ts'
import { openSqliteTables, prepareSqlite } from '../../src/store/sqlite/index.ts'
import type { UseDependencies } from '../../src/use/context.ts'
import { evidenceDeps } from '@exeat/git/crypto'
import { noDirectory } from '../../src/identity/directory.ts'
import { createUseCases } from '../../src/use/create.ts'
import { operatorIssuer, type Actor, type UseCases } from '../../src/use/types.ts'

export const origin = 'log.example/acme'
export const start = Date.UTC(2026, 10, 22, 10) as Instant
export const hour = 3_600_000
export const deps: VerifyDeps = { sha256, verify: verifySignature, evidence: evidenceDeps }

export const person = (name: string): Actor => ({ identity: { iss: operatorIssuer, sub: name }, evidence: { strength: 'operator-asserted', name } })
export const seeded = (name: string, seed: number, type: SignerKey['type'] = 'ed25519'): SignerKey => must(signerKey(sha256, publicKeyOf, name, type, new Uint8Array(32).fill(seed)))

export function must<T>(answer: { readonly ok: true; readonly value: T } | { readonly ok: false; readonly problem: { readonly code: string; readonly message: string } }): T {
  if (!answer.ok) throw new Error(`${answer.problem.code}: ${answer.problem.message}`)
  return answer.value
}

export const keys = { alice: seeded('alice', 1), bob: seeded('bob', 2), log: seeded(origin, 3), bundle: seeded(`${origin}/bundle`, 4), webhook: seeded(`${origin}/webhook`, 5) }

const groups = { engineering: ['alice', 'dave'], security: ['bob', 'carol'] }

const workspaceJson = (log: Json, more: { readonly [key: string]: Json }): Json => ({
  apiVersion: 'exeat.dev/v1', kind: 'Workspace', metadata: { name: 'acme' },
  spec: {
    id: 'acme', protectedRef: 'main', sources: [{ name: 'acme/payments', forge: 'none', repositoryId: '1001' }, { name: 'acme/ledger', forge: 'none', repositoryId: '1002' }],
    environments: [{ name: 'staging', proof: 'asserted' }],
    groups: Object.fromEntries(Object.entries(groups).map(([group, people]) => [group, people.map((sub) => ({ iss: operatorIssuer, sub }))])),
    log, ...more,
  },
})

export const policyJson: Json = {
  apiVersion: 'exeat.dev/v1', kind: 'OptOutPolicy', metadata: { name: 'staging' },
  spec: {
    controls: ['trivy/*'], environments: ['staging'], effect: 'permit', request: { groups: ['engineering'] }, approve: [{ groups: ['security'], count: 2 }],
    activate: { groups: ['engineering'] }, revoke: { groups: ['security'] }, mfa: 'none', limits: { duration: '14d', findings: 10, active: 100_000 },
  },
}

export const optOutJson = (name: string, over: { readonly [key: string]: Json } = {}): { readonly [key: string]: Json } => ({
  apiVersion: 'exeat.dev/v1', kind: 'OptOut', metadata: { name },
  spec: {
    controls: [`trivy/${name}`], targets: { repositories: ['acme/payments'], environments: ['staging'] }, category: 'waiver', reason: `The fix of ${name} breaks start-up`,
    owner: 'alice@acme.example', window: { from: '2026-11-22T10:00:00Z', until: '2026-11-24T10:00:00Z' }, limits: { findings: 3 }, ...over,
  },
})

/** The finding that an opt-out of this name excuses. */
export const findingOf = (name: string): Finding => ({ tool: 'trivy', rule: name, severity: 'high', title: 'a flaw', path: 'pom.xml' })
export const fingerprintsOf = (name: string): readonly HexDigest[] => [fingerprints([findingOf(name)], '1001', sha256)(0)]

export interface World {
  readonly log: LogStore
  readonly use: UseCases
  readonly dependencies: UseDependencies
  readonly nextKey: () => string
  readonly pins: BundlePins
  readonly clock: { now: number }
  /** Adds documents to the protected ref, as its next commit. */
  readonly merge: (...documents: readonly Json[]) => void
  readonly governed: () => Governed
  /** Merged, requested by alice, approved by bob and carol, activated by dave. */
  readonly activated: (name: string, over?: { readonly [key: string]: Json }) => Promise<HexDigest>
  readonly bundle: (query?: Parameters<UseDependencies['bundles']['make']>[0], revoked?: ReadonlyMap<HexDigest, Instant>) => Promise<Dsse>
  readonly close: () => Promise<void>
}

export interface WorldOptions {
  /** Verifier keys of witnesses, and how many must sign. */
  readonly witnesses?: { readonly keys: readonly SignerKey[]; readonly quorum: number }
  /** Members of the workspace's `spec`, in place of those it has. */
  readonly spec?: { readonly [key: string]: Json }
}

export async function world({ witnesses, spec = {} }: WorldOptions = {}): Promise<World> {
  const folder = mkdtempSync(join(tmpdir(), 'exeat-bundle-'))
  const path = join(folder, 'log.db')
  const clock = { now: start as number }
  const options = { origin, signer: keys.log, now: () => clock.now }
  if (!prepareSqlite(path).ok) throw new Error('the database cannot be made')
  const tables = must(openSqliteTables(path))
  await foundLog(tables, options)
  const log = must(await openLog(tables, options))
  const pseudonymKey = new Uint8Array(32).fill(9)
  must(await log.append(delegationOperation(genesis(pseudonymKey))))

  const pinned = {
    origin, keys: [keys.alice, keys.bob].map(formatVerifierKey),
    ...(witnesses === undefined ? {} : { witnesses: witnesses.keys.map(formatVerifierKey), quorum: witnesses.quorum }),
  }
  const ref = protectedRef(workspaceJson(pinned, spec), policyJson)
  const random = (count: number): Uint8Array => new Uint8Array(randomBytes(count))
  const bundles = bundleMaker({ log, writer: { random, pseudonymKey, origin }, logKey: keys.log, bundleKey: () => keys.bundle, now: () => clock.now })
  const dependencies: UseDependencies = { log, governance: ref.source, directory: noDirectory, deliveries: async () => [], incidents: async () => { throw new Error('no incident system is asked here') }, random, pseudonymKey, bundles, origin, now: () => clock.now, later: () => {} }
  const use = createUseCases(dependencies)
  let count = 0
  const nextKey = (): string => `key-${count += 1}`

  return {
    log, use, dependencies, nextKey, clock, merge: ref.merge, governed: ref.governed, pins: must(bundlePins(ref.governed().governance.workspace.document, sha256)),
    activated: async (name, over) => {
      const document = optOutJson(name, over)
      if (!ref.governed().governance.optOuts.some((each) => each.document.metadata.name === name)) ref.merge(document)
      const { optOut: { uid, binding } } = await use.request(person('alice'), { document, impact: impactJson(document, fingerprintsOf(name)) as { readonly [key: string]: Json } }, nextKey())
      for (const who of ['bob', 'carol']) await use.approve(person(who), uid, binding, nextKey())
      await use.activate(person('dave'), uid, binding, nextKey())
      return uid
    },
    bundle: (query = {}, revoked = new Map()) => bundles.make(query, { governed: ref.governed(), revoked }),
    close: async () => {
      await log.close()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

function genesis(pseudonymKey: Uint8Array): Parameters<typeof delegationOperation>[0] {
  const roots = [keys.alice, keys.bob]
  const delegation: Delegation = {
    schema: 'exeat/delegation/v1', workspace: 'acme', origin, epoch: 1, previous: null, roots: roots.map((key) => ({ name: key.name, key: formatVerifierKey(key) })),
    keys: { log: formatVerifierKey(keys.log), bundle: formatVerifierKey(keys.bundle), webhook: formatVerifierKey(keys.webhook) }, at: start,
  }
  return { delegation, envelope: signedBy(delegation, roots), pseudonymKey }
}

export function decoded<K extends ExeatDocument['kind']>(json: Json, kind: K): Extract<ExeatDocument, { kind: K }> {
  const document = decodeDocument(unlocated(json, '.exeat/test.yaml'))
  if (!document.ok || document.kind !== kind) throw new Error(document.ok ? document.kind : document.problems[0].message)
  return document.document as Extract<ExeatDocument, { kind: K }>
}

export const impactJson = (document: Json, fingerprints: readonly HexDigest[]): Json =>
  ({ schemaVersion: 1, kind: 'Impact', optOut: documentDigest(decoded(document, 'OptOut'), sha256), fingerprints: [...fingerprints] })

export const digestOfImpact = (optOut: HexDigest, fingerprints: readonly HexDigest[]): HexDigest =>
  impactDigest({ schemaVersion: 1, kind: 'Impact', optOut, fingerprints: [...fingerprints] }, sha256)

/** The protected ref in memory: governance as the git reader gives it. */
function protectedRef(...documents: readonly Json[]) {
  let standing: readonly Json[] = []
  let governed: Governed | undefined
  let commits = 0
  const merge = (...more: readonly Json[]): void => {
    standing = [...standing, ...more]
    governed = governedBy(standing, (commits += 1).toString(16).padStart(40, '0'))
  }
  merge(...documents)
  const latest = (): Governed => {
    if (governed === undefined) throw new Error('nothing governs')
    return governed
  }
  const source: GovernanceSource = { current: async () => latest(), latest, trouble: () => undefined, writers: async () => [], brought: async () => [], at: async () => undefined, descends: async () => true }
  return { merge, source, governed: latest }
}

function governedBy(standing: readonly Json[], commit: string): Governed {
  const decodedAll = standing.map((json) => decodeDocument(unlocated(json, '.exeat/test.yaml')))
  const documents = decodedAll.map((each) => {
    if (!each.ok) throw new Error(each.problems[0].message)
    return each.document
  })
  const placed = <K extends ExeatDocument['kind']>(kind: K) => documents
    .filter((document): document is Extract<ExeatDocument, { kind: K }> => document.kind === kind)
    .map((document) => ({ document, digest: documentDigest(document, sha256), origin: { file: '.exeat/test.yaml', line: 1, column: 1 } }))
  const [workspace] = placed('Workspace')
  if (workspace === undefined) throw new Error('no workspace')
  const policies = placed('OptOutPolicy')
  const optOuts = placed('OptOut').map((each): StandingOptOut => {
    const { document, digest } = each
    const uid = optOutUid({ workspace: 'acme', repositoryId: repositoryIdOf(document, workspace.document), name: document.metadata.name, digest }, sha256)
    return { ...each, uid, impact: new Set(fingerprintsOf(document.metadata.name)) }
  })
  const aliases = placed('Aliases')
  const set = compilePolicySet({ workspace, policies, aliases })
  if (!set.ok) throw new Error(set.problems[0].message)
  const ref = 'refs/heads/main'
  const governance: Governance = {
    source: { kind: 'ref', ref, branch: 'main', commit, tree: commit }, label: 'a test', workspace, policies, aliases, tests: [], optOuts, refused: [], warnings: [], cache: 'off',
  }
  return { governance, policySet: set.set, ref, commit }
}

export const bytesOf = (dsse: unknown): Uint8Array => new Uint8Array(Buffer.from(JSON.stringify(dsse), 'utf8'))

/** The JSON that a bundle's envelope holds. */
export const payloadOf = (dsse: Dsse): { [key: string]: Json } => JSON.parse(Buffer.from(dsse.payload, 'base64').toString('utf8')) as { [key: string]: Json }
export const bundleOf = (dsse: Dsse): Bundle => bundleSchema.parse(payloadOf(dsse))

export const contextAt = (now: number, over: Partial<BundleContext> = {}): BundleContext => ({ now: now as Instant, audience: '1001', protectedEnvironment: false, ...over })
