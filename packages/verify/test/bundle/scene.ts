/** A log in memory and bundles of it, honest or not: whoever holds which key can lie in which way. Shares no code with the server. */
import { randomBytes } from 'node:crypto'
import {
  type Act, type ActFacts, advance, type AgreedTerms, askedOf, decodeDocument, documentDigest, encodeDocument, type HexDigest, type Identity, type Instant, type Json,
  type Duration, emptyLedger, type Ledger, type LifecycleEvent, type OptOut, optOutUid, repositoryIdOf, repositoryIdsOf, transition, unlocated, utf8, type Workspace,
} from '@exeat/core'
import { commitment, encodeEvent, encodeLeaf, type LogEvent, recorded, operatorIssuer } from '@exeat/core/entry'
import { type Envelope, envelopeDigest, type Purpose } from '@exeat/core/envelope'
import { impactDigest } from '@exeat/core/impact'
import { encodeBase64, formatCheckpoint, formatVerifierKey, inclusionPlan, leafHash, nodeHash, proofOf, rootOfLeaves, type SignerKey, signNote } from '@exeat/log'
import {
  type Bundle, type BundleContext, type BundleEntry, bundlePins, type BundlePins, bundleSchema, bundleType, contentDigest, type Dsse, readEntry, signDsse, verifyBundle,
} from '../../src/index.ts'
import { delegation, key, keys, origin, sha256, sign, signed, tools } from '../delegation/support.ts'

export { key, keys, origin, sha256, sign, tools }

export const hour = 3_600_000
export const start = Date.UTC(2026, 10, 22, 10) as Instant
export const at = (after: number): Instant => (start + after) as Instant
export const person = (name: string): Identity => ({ iss: operatorIssuer, sub: name })

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')
export const digestOf = (text: string): HexDigest => hex(sha256(utf8(text)))

export function must<T>(answer: { readonly ok: true; readonly value: T } | { readonly ok: false; readonly problem: { readonly code: string; readonly message: string } }): T {
  if (!answer.ok) throw new Error(`${answer.problem.code}: ${answer.problem.message}`)
  return answer.value
}

export const workspaceJson = (log: { readonly [key: string]: Json } = {}): Json => ({
  apiVersion: 'exeat.dev/v1', kind: 'Workspace', metadata: { name: 'acme' },
  spec: {
    id: 'acme', protectedRef: 'main', environments: [{ name: 'staging', proof: 'asserted' }],
    sources: [{ name: 'acme/payments', forge: 'none', repositoryId: '1001' }, { name: 'acme/ledger', forge: 'none', repositoryId: '1002' }],
    log: { origin, keys: [keys.alice, keys.bob].map(formatVerifierKey), ...log },
  },
})

export const policyJson = (name = 'staging', effect: 'permit' | 'forbid' = 'permit'): Json => ({
  apiVersion: 'exeat.dev/v1', kind: 'OptOutPolicy', metadata: { name },
  spec: effect === 'forbid' ? { controls: ['grype/*'], effect } : {
    controls: ['trivy/*'], environments: ['staging'], effect, request: { groups: ['engineering'] }, approve: [{ groups: ['security'], count: 2 }],
    activate: { groups: ['engineering'] }, mfa: 'none', limits: { duration: '14d' },
  },
})

export const optOutJson = (name: string, over: { readonly [key: string]: Json } = {}): Json => ({
  apiVersion: 'exeat.dev/v1', kind: 'OptOut', metadata: { name },
  spec: {
    controls: ['trivy/CVE-2021-44228'], targets: { repositories: ['acme/payments'], environments: ['staging'] }, category: 'waiver', reason: `The fix of ${name} breaks start-up`,
    owner: 'alice@acme.example', window: { from: '2026-11-22T10:00:00Z', until: '2026-11-24T10:00:00Z' }, limits: { findings: 3 }, ...over,
  },
})

export function decoded(json: Json): ReturnType<typeof decodeDocument> & { readonly ok: true } {
  const document = decodeDocument(unlocated(json, 'test'))
  if (!document.ok) throw new Error(document.problems[0].message)
  return document
}

type Placed = Bundle['documents']['workspace']
export function placed(json: Json, source?: string): Placed {
  const { document } = decoded(json)
  return { document: encodeDocument(document) as { readonly [key: string]: Json }, digest: documentDigest(document, sha256), origin: { file: '.exeat/test.yaml', line: 1, column: 1, ...(source === undefined ? {} : { source }) } }
}

export const groups: Readonly<Record<string, readonly string[]>> = { alice: ['engineering'], bob: ['security'], carol: ['security'], dave: ['engineering', 'sre'], erin: ['sre', 'security'] }

export const agreed = (over: Partial<AgreedTerms> = {}): AgreedTerms => ({
  approve: [{ groups: ['security'], count: 2 }], activate: ['engineering'], revoke: ['security'], approverMayActivate: false, duration: (336 * hour) as Duration,
  timers: { approval: (72 * hour) as Duration, activation: (24 * hour) as Duration },
  emergency: { groups: ['sre'], duration: (4 * hour) as Duration, reviewers: ['security'], reviewWithin: (72 * hour) as Duration }, ...over,
})

/** An event on its way into the log, and what was signed for it. */
export interface Draft {
  event: LifecycleEvent
  envelope?: Envelope
  /** The name that was typed; that of the actor unless told. */
  typed?: string
}

interface Entered {
  readonly text: string
  readonly leaf: Uint8Array
  readonly bare: Omit<BundleEntry, 'proof'>
  readonly event: LogEvent
}

export interface Life {
  readonly uid: HexDigest
  readonly document: OptOut
  readonly item: Omit<Bundle['active'][number], 'entries'>
  /** In the log. */
  readonly indexes: readonly number[]
}

export interface LifeOptions {
  readonly over?: { readonly [key: string]: Json }
  readonly terms?: Partial<AgreedTerms>
  /** How far: 2 approvals and the activation unless told. */
  readonly acts?: readonly (readonly [name: string, kind: 'approve' | 'activate' | 'revoke' | 'reject' | 'review', after?: number])[]
  readonly fingerprints?: readonly HexDigest[] | null
  readonly requested?: number
  /** Judged as if it were the only one, which is much faster where there are thousands. */
  readonly alone?: boolean
  /** What a dishonest log enters instead of what was judged. */
  readonly forge?: (drafts: Draft[]) => Draft[] | void
}

const purposes: Readonly<Partial<Record<LifecycleEvent['type'], Purpose>>> = {
  'optout.proposed': 'request', 'optout.renewed': 'renew', 'optout.approved': 'approve', 'optout.activated': 'activate', 'optout.revoked': 'revoke', 'optout.rejected': 'reject',
  'emergency.activated': 'emergency', 'emergency.reviewed': 'review',
}

const honest = [['bob', 'approve'], ['carol', 'approve'], ['dave', 'activate']] as const

const commit = '0'.repeat(40)

/** A new log: the delegation, and what governs. */
export function scene({ log: pinned = {}, workspace = workspaceJson(pinned) }: { readonly log?: { readonly [key: string]: Json }; readonly workspace?: Json } = {}) {
  const entered: Entered[] = []
  const ledger: Ledger = emptyLedger()
  const governing = decoded(workspace).document as Workspace
  const delegated: Dsse = signed(delegation())
  let ids = 0

  function append(said: Pick<LogEvent, 'type' | 'data'>, subject: HexDigest | null, time: Instant, by: string): number {
    const id = `01900000-0000-7000-8000-${(ids += 1).toString(16).padStart(12, '0')}`
    const event = { ...said, id, source: origin, subject, time } as LogEvent
    const body = encodeEvent(event)
    const salt = new Uint8Array(randomBytes(32))
    const actor = digestOf(`pseudonym of ${by}`)
    const leaf = encodeLeaf({ v: 1, id, type: said.type, time, uid: subject, actor, body: commitment(salt, body, sha256) })
    entered.push({ text: Buffer.from(leaf).toString('utf8'), leaf: leafHash(sha256, leaf), event, bare: { index: entered.length, actor, salt: encodeBase64(salt), event: Buffer.from(body).toString('utf8') } })
    return entered.length - 1
  }
  append({ type: 'dev.exeat.workspace.changed.v1', data: { delegation: delegated } } as Pick<LogEvent, 'type' | 'data'>, null, start, 'founders')
  const own = { workspace: placed(workspace), policies: [placed(policyJson())], aliases: [] }
  append({
    type: 'dev.exeat.policy.changed.v1', data: { commit, changes: [{ kind: 'OptOutPolicy', name: 'staging', digest: own.policies[0]?.digest ?? null, previous: null }] },
  } as Pick<LogEvent, 'type' | 'data'>, null, start, 'server')
  append({ type: 'dev.exeat.workspace.changed.v1', data: { ref: 'refs/heads/main', commit, workspace: own.workspace.digest, previous: null } } as Pick<LogEvent, 'type' | 'data'>, null, start, 'server')

  function enter(drafts: readonly Draft[]): readonly number[] {
    return drafts.map(({ event, envelope, typed }) => {
      const by = 'by' in event ? event.by : 'requester' in event ? event.requester : person('server')
      const said = recorded(event, envelope === undefined ? null : { envelope, evidence: { strength: 'operator-asserted', name: typed ?? by.sub } })
      return append(said, event.uid, event.at, by.sub)
    })
  }

  function facts(name: string, terms: AgreedTerms, binding: ActFacts['binding']): ActFacts {
    return { actor: person(name), groups: groups[name] ?? [], evidence: 'operator-asserted', binding, terms, groupsOf: ({ sub }) => groups[sub] ?? [] }
  }

  /** An opt-out with its acts, each judged by the real judge. */
  function life(name: string, options: LifeOptions = {}): Life {
    const json = optOutJson(name, options.over)
    const document = decoded(json).document as OptOut
    const digest = documentDigest(document, sha256)
    const repositoryId = repositoryIdOf(document, governing)
    const uid = optOutUid({ workspace: 'acme', repositoryId, name, digest }, sha256)
    const fingerprints = options.fingerprints === undefined ? [digestOf(`finding of ${name}`)] : options.fingerprints
    const impact = fingerprints === null ? null : impactDigest({ schemaVersion: 1, kind: 'Impact', optOut: digest, fingerprints: [...fingerprints] }, sha256)
    const terms = agreed(options.terms)
    const binding = { optOut: digest, terms: digestOf('terms'), impact }
    const emergency = document.spec.category === 'emergency'
    const drafts: Draft[] = []
    const judged = options.alone === true ? emptyLedger() : ledger
    const act = (what: Act, who: string, now: Instant): void => {
      const verdict = transition(judged, what, facts(who, terms, binding), now)
      if (!verdict.ok) throw new Error(`${what.kind} by ${who}: ${verdict.refusal.code}: ${verdict.refusal.message}`)
      for (const event of verdict.events) {
        advance(judged, event)
        drafts.push(draftOf(event, drafts, { document, governing, binding, who }))
      }
    }
    const asked = askedOf(document)
    const requested = options.requested ?? 0
    act(emergency ? { kind: 'emergency', uid, asked, team: 'sre' } : { kind: 'request', uid, asked, involved: [] }, emergency ? 'dave' : 'alice', at(requested))
    for (const [who, kind, after = requested] of options.acts ?? (emergency ? [] : honest)) {
      const how: Act = kind === 'approve' || kind === 'activate' ? { kind, uid, signed: binding } : kind === 'review' ? { kind, uid, verdict: 'justified', reason: 'it burnt' } : { kind, uid, reason: 'because' }
      act(how, who, at(after))
    }
    const indexes = enter(options.forge?.(drafts) ?? drafts)
    return {
      uid, document, indexes,
      item: {
        uid, document: encodeDocument(document) as { readonly [key: string]: Json }, digest, origin: { file: '.exeat/test.yaml', line: 1, column: 1 }, repositoryId,
        impact: fingerprints === null ? null : [...fingerprints],
      },
    }
  }

  /** Roots of whole subtrees by level; they never change once they are there. */
  const subtrees: Uint8Array[][] = []
  function subtree(level: number, index: number): Uint8Array {
    const known = subtrees[level] ??= []
    return known[index] ??= level === 0 ? entered[index]?.leaf ?? new Uint8Array(0) : nodeHash(sha256, subtree(level - 1, 2 * index), subtree(level - 1, 2 * index + 1))
  }
  const proofFor = (index: number, size: number): string[] =>
    must(proofOf(sha256, must(inclusionPlan(index, size)), ({ level, index: node }) => subtree(level, node))).map((hash) => encodeBase64(hash))

  const entryAt = (index: number, size = entered.length): BundleEntry => {
    const found = entered[index]
    if (found === undefined) throw new Error(`no entry ${index}`)
    return { ...found.bare, proof: proofFor(index, size) }
  }

  const headAt = (size = entered.length) => ({ size, root: rootOfLeaves(sha256, entered.slice(0, size).map(({ leaf }) => leaf)) })

  function checkpoint(size = entered.length, by: readonly SignerKey[] = [keys.log]): string {
    return Buffer.from(must(signNote(must(formatCheckpoint({ origin, ...headAt(size), extensions: [] })), by, sign, Math.floor(start / 1000)))).toString('utf8')
  }

  /** The bundle of these lives, its content published as an entry first. */
  function bundle(lives: readonly Life[], options: BundleOptions = {}): Bundle {
    const { documents = own, enrolments = [], ended = [], before, after, checkpointBy } = options
    const bare = {
      workspace: 'acme', commit, documents: structuredClone(documents), enrolments: [...enrolments], ended: [...ended],
      active: lives.map(({ item, indexes }) => ({ ...item, entries: indexes.map((index) => ({ index })) })),
    }
    before?.(bare)
    const content = contentDigest(bare, sha256)
    const published = append({ type: 'dev.exeat.bundle.published.v1', data: { content, size: entered.length, commit: bare.commit } } as Pick<LogEvent, 'type' | 'data'>, null, start, 'server')
    const made: Bundle = {
      schema: 'exeat/bundle/v1', origin, audience: '*', issuedAt: at(hour), notAfter: at(hour + 300_000), nonce: null, ref: 'refs/heads/main', delegation: delegated,
      checkpoint: checkpoint(entered.length, checkpointBy), published: { content, entry: entryAt(published) }, withheld: [], ...bare,
      enrolments: bare.enrolments.map(({ index }) => entryAt(index)),
      active: bare.active.map((each) => ({ ...each, entries: each.entries.map(({ index }) => entryAt(index)) })),
    }
    after?.(made)
    return made
  }

  /** Every entry as an auditor reads it; of those at `erased` nothing but the leaf is left. */
  const read = (erased: readonly number[] = []) => entered.map(({ text, bare: { salt, event } }, index) => must(readEntry(erased.includes(index) ? { leaf: text } : { leaf: text, body: { salt, event } }, sha256)))

  return { read, append, enter, life, bundle, entryAt, headAt, checkpoint, entered, governing, pins: must(bundlePins(governing, sha256)), delegated }
}

export type Scene = ReturnType<typeof scene>

type Content = Pick<Bundle, 'workspace' | 'commit' | 'documents' | 'ended'> & { active: (Omit<Bundle['active'][number], 'entries'> & { entries: { index: number }[] })[] }

export interface BundleOptions {
  readonly documents?: Bundle['documents']
  readonly enrolments?: readonly { readonly index: number }[]
  readonly ended?: Bundle['ended']
  /** Changes what is said before it is published: whoever holds both keys. */
  readonly before?: (content: Content) => void
  /** Changes it after: whoever holds the bundle key alone. */
  readonly after?: (bundle: Bundle) => void
  readonly checkpointBy?: readonly SignerKey[]
}

interface Signing {
  readonly document: OptOut
  readonly governing: Workspace
  readonly binding: ActFacts['binding']
  readonly who: string
}

function draftOf(event: LifecycleEvent, before: readonly Draft[], { document, governing, binding, who }: Signing): Draft {
  const purpose = purposes[event.type]
  if (purpose === undefined) return { event }
  const approvals = event.type === 'optout.activated' ? before.flatMap(({ event: { type }, envelope }) => (type === 'optout.approved' && envelope !== undefined ? [envelopeDigest(envelope, sha256)] : [])).sort() : []
  return {
    event,
    envelope: {
      schema: 'exeat/act/v1', purpose, workspace: 'acme', repositoryIds: [...repositoryIdsOf(document, governing)], uid: event.uid, optOut: binding.optOut, terms: binding.terms,
      impact: binding.impact, approvals, actor: person(who), window: document.spec.window, nonce: randomBytes(16).toString('hex'), at: event.at,
    },
  }
}

export function signBundle(bundle: unknown, by: readonly SignerKey[] = [keys.bundle]): Dsse {
  return signDsse(bundleType, utf8(JSON.stringify(bundle)), by, sign)
}

/** The bundle's JSON, instants in their text. */
export const plain = (bundle: Bundle): { [key: string]: Json } => bundleSchema.encode(bundle) as unknown as { [key: string]: Json }
export const bytesOf = (dsse: unknown): Uint8Array => new Uint8Array(Buffer.from(JSON.stringify(dsse), 'utf8'))
export const signedBytes = (bundle: Bundle, by?: readonly SignerKey[]): Uint8Array => bytesOf(signBundle(plain(bundle), by))

export const context = (over: Partial<BundleContext> = {}): BundleContext => ({ now: at(hour + 1000), audience: '1001', protectedEnvironment: false, ...over })

export const verified = (bundle: Bundle, pins: BundlePins, over: Partial<BundleContext> = {}) => verifyBundle(signedBytes(bundle), pins, context(over), tools)
