/** Bundles (design §8): the fold of the log at one commit, proven under one checkpoint, published before it is signed. */
import { type HexDigest, type Instant, canonicalInstant, toHex, utf8 } from '@exeat/core'
import { ExeatError } from '@exeat/core/error'
import { encodeBase64, type SignerKey, type VerifierKey } from '@exeat/log'
import { type BundleEntry, bundleType, contentDigest, type Dsse, longestLife, signDsse } from '@exeat/verify'
import type { BundleContext, BundleMaker } from '../ports/bundle.ts'
import type { LogReader, LogStore, Snapshot } from '../ports/log.ts'
import { sha256, signerOf } from '../store/ed25519.ts'
import { readRecord } from '../use/load.ts'
import { recordKinds, type StoredBundle, type StoredDelegation } from '../use/stored.ts'
import type { Writer } from '../use/write.ts'
import { collect, type Collected, withheldOf } from './collect.ts'
import { type BareEntry, bareEntry } from './entry.ts'
import { type BundleHead, bundleHead } from './head.ts'
import { inclusionProofs } from './proofs.ts'
import { type Publication, publish } from './publish.ts'

export interface BundleDependencies {
  readonly log: LogStore
  readonly writer: Writer
  /** The log's own key, which signs its checkpoints. */
  readonly logKey: VerifierKey
  /** The key that the delegation in force names for bundles; asked for at each signature, as it may be replaced. */
  readonly bundleKey: () => SignerKey
  /** Milliseconds since the epoch. */
  readonly now: () => number
}

/** All that a bundle says besides whom it is for and until when; the same text for everybody who asks before `until`. */
interface Made {
  readonly key: string
  readonly until: Instant
  /** The members of the JSON object, without its braces. */
  readonly members: string
  readonly says: HexDigest
}

/** Folds before what was published last has to do: acts that never pause would make each of them old. */
const mostAttempts = 3

/** What stands between whom a bundle is for and what it says. */
const membersBegin = ',"workspace":'

/** How long what was published last serves before it is tried again, in milliseconds. */
const patience = 1000

/**
 * Bundles by a query. A fold is made once for each head, commit and set of pending revocations, and again only when the clock ends something; those who ask
 * meanwhile wait for the same one.
 */
export function bundleMaker(deps: BundleDependencies): BundleMaker {
  const { attempt, last } = folding(deps)
  const running = new Map<string, Promise<Made | undefined>>()
  let made: Made | undefined

  /** Joins whoever makes the same. */
  async function once(key: string, context: BundleContext): Promise<Made | undefined> {
    const joined = running.get(key)
    if (joined !== undefined) return joined
    const promise = attempt(context)
    running.set(key, promise)
    try {
      return await promise
    } finally {
      running.delete(key)
    }
  }

  async function current(context: BundleContext): Promise<Made> {
    for (let i = 0; i < mostAttempts; i++) {
      // oxlint-disable-next-line no-await-in-loop -- each attempt sees what the one before changed
      const key = await keyOf(deps.log, context)
      if (made?.key === key && deps.now() < made.until) return made
      // oxlint-disable-next-line no-await-in-loop
      const done = await once(key, context)
      if (done === undefined) continue
      made = done
      return done
    }
    const kept = await last(context)
    if (kept !== undefined) return kept
    throw new ExeatError([{ code: 'STORE_BUSY', message: `what bundles say changed ${mostAttempts} times while one was made`, hint: 'repeat later' }])
  }

  return {
    make: async (query, context) => signed((await current(context)).members, query, deps),
    says: async (context) => (await current(context)).says,
  }
}

/** What the fold depends on besides the clock. */
async function keyOf(reader: LogReader, { governed: { ref, commit }, revoked }: BundleContext): Promise<string> {
  const { size } = await reader.head()
  const cosigned = await reader.latestCosigned()
  return JSON.stringify([size, cosigned?.size, cosigned?.lines.length, ref, commit, [...revoked].sort()])
}

interface Folding {
  /** One fold as of one commit. Undefined where its content is new: then it was entered, and the head has moved on. */
  readonly attempt: (context: BundleContext) => Promise<Made | undefined>
  /** What was published last, less what has ended since. Undefined where it is not what this commit says, or can no longer be made. */
  readonly last: (context: BundleContext) => Promise<Made | undefined>
}

function folding({ log, writer, logKey, now }: BundleDependencies): Folding {
  let witnessed: BundleHead | undefined
  const headOf = async (snapshot: Snapshot, { governed }: BundleContext): Promise<BundleHead> =>
    (witnessed = await bundleHead(snapshot, governed.governance.workspace.document, logKey, witnessed))

  async function fold(snapshot: Snapshot, context: BundleContext): Promise<Made | Publication> {
    const head = await headOf(snapshot, context)
    // A clock behind the log must not bring back what the log has ended.
    const folded = Math.max(now(), (await snapshot.head()).at) as Instant
    const collected = await collect(snapshot, head.size, folded, context)
    const content = contentOf(collected, context)
    const published = await readRecord<StoredBundle>(snapshot, recordKinds.bundle, 'current')
    if (published?.value.content !== content) return { content, size: head.size, folded, commit: context.governed.commit, version: published?.version ?? 0 }
    return made(snapshot, context, collected.until, { head, collected, published: published.value, origin: writer.origin })
  }

  async function lastOf(snapshot: Snapshot, context: BundleContext): Promise<Made | undefined> {
    const published = await readRecord<StoredBundle>(snapshot, recordKinds.bundle, 'current')
    if (published === undefined) return undefined
    const collected = await collect(snapshot, published.value.size, published.value.folded, context)
    if (contentOf(collected, context) !== published.value.content) return undefined
    const head = await headOf(snapshot, context)
    return made(snapshot, context, (now() + patience) as Instant, { head, collected, published: published.value, origin: writer.origin })
  }

  const last: Folding['last'] = (context) => log.snapshot((snapshot) => lastOf(snapshot, context))

  return {
    last,
    attempt: async (context) => {
      const outcome = await log.snapshot((snapshot) => fold(snapshot, context))
      if ('members' in outcome) return outcome
      try {
        await publish(log, writer, outcome)
        return undefined
      } catch (error) {
        // The log cannot be written: nothing new is honoured, and what was published goes on to be, as far as it still stands.
        const kept = await last(context)
        if (kept === undefined) throw error
        return kept
      }
    },
  }
}

function contentOf({ documents, enrolments, active, ended }: Collected, { governed: { governance, commit } }: BundleContext): HexDigest {
  return contentDigest({ workspace: governance.workspace.document.spec.id, commit, documents, enrolments, active, ended }, sha256)
}

interface Said {
  readonly head: BundleHead
  readonly collected: Collected
  readonly published: StoredBundle
  readonly origin: string
}

async function made(snapshot: Snapshot, context: BundleContext, until: Instant, { head, collected, published, origin }: Said): Promise<Made> {
  const { governance, commit, ref } = context.governed
  const delegation = await readRecord<StoredDelegation>(snapshot, recordKinds.delegation, 'current')
  if (delegation === undefined) throw new Error('the log has no delegation')
  const entry = published.index < head.size ? (await bareEntry(snapshot, published.index, undefined))?.bare : undefined
  const indexes = [...collected.enrolments.map(({ index }) => index), ...collected.active.flatMap(({ entries }) => entries.map(({ index }) => index)), ...(entry === undefined ? [] : [published.index])]
  const proofs = await inclusionProofs(snapshot, head, indexes)
  const proven = (bare: BareEntry): BundleEntry => ({ ...bare, proof: (proofs.get(bare.index) ?? []).map((hash) => encodeBase64(hash)) })
  const withheld = await withheldOf(snapshot, collected.active, context.revoked)
  const members = {
    workspace: governance.workspace.document.spec.id, origin, ref, commit, delegation: delegation.value.envelope, checkpoint: Buffer.from(head.note).toString('utf8'),
    published: { content: published.content, entry: entry === undefined ? null : proven(entry) },
    documents: collected.documents,
    enrolments: collected.enrolments.map(proven),
    active: collected.active.map((each) => ({ ...each, entries: each.entries.map(proven) })),
    withheld: withheld.map(({ uid, at }) => ({ uid, at: canonicalInstant(at) })),
    ended: collected.ended.map((each) => ({ ...each, at: canonicalInstant(each.at) })),
  }
  const text = JSON.stringify(members).slice(1)
  return { key: await keyOf(snapshot, context), until, members: text, says: digestOf(text) }
}

const digestOf = (members: string): HexDigest => toHex(sha256(utf8(members)))

/** What a bundle of this server says, by the same digest as `BundleMaker.says`. */
export function saidBy({ payload }: Dsse): HexDigest {
  const text = Buffer.from(payload, 'base64').toString('utf8')
  const start = text.indexOf(membersBegin)
  return digestOf(start < 0 ? text : text.slice(start + 1))
}

/** For one caller and a short life. The protected environment is the point's to name: whoever names it falsely gets a bundle that lives less, or is refused. */
function signed(members: string, { audience = '*', nonce, protected: closed }: Parameters<BundleMaker['make']>[0], { bundleKey, now }: BundleDependencies): Dsse {
  const issuedAt = now() as Instant
  const notAfter = (issuedAt + (closed === 'true' ? longestLife.protected : longestLife.ordinary)) as Instant
  const head = { schema: 'exeat/bundle/v1', audience, issuedAt: canonicalInstant(issuedAt), notAfter: canonicalInstant(notAfter), nonce: nonce ?? null }
  const key = bundleKey()
  return signDsse(bundleType, utf8(`${JSON.stringify(head).slice(0, -1)},${members}`), [key], signerOf(key.seed))
}
