/**
 * The offline grant (design §6): what two people sign with hardware keys while no server can record it. It is an emergency of exact findings at one commit, in
 * one environment, for an hour at most, under the last checkpoint that its author knew.
 */
import canonicalize from 'canonicalize'
import * as z from 'zod'
import { documentDigest, optOutUid } from '../digest/digest.ts'
import { taggedDigest } from '../digest/tagged.ts'
import { utf8 } from '../digest/utf8.ts'
import { decodeDocument } from '../document/decode.ts'
import { unlocated, type Json } from '../document/located.ts'
import type { OptOut } from '../document/schema.ts'
import { dnsLabel, fingerprint, group, identifier, line } from '../document/scalars.ts'
import { dsse } from '../entry/data.ts'
import { instantText } from '../entry/scalars.ts'
import { impactDigest } from '../impact/impact.ts'
import type { Binding } from '../lifecycle/events.ts'
import type { HexDigest, Sha256 } from '../model/digest.ts'
import type { StandingOptOut } from '../model/optout.ts'
import { isLiteral } from '../pattern/index.ts'

/** Longest that a grant may run, in milliseconds. */
export const longestGrant = 3_600_000
/** Most findings that one names, and most bytes that one has: it must fit into one entry of the log afterwards. */
export const mostGranted = 50
export const largestGrant = 12 * 1024

const commit = z.string().regex(/^(?:[0-9a-f]{40}|[0-9a-f]{64})$/)
const hash = z.string().max(64)

/** An entry of the log with its proof, as bundles carry it. */
const provenEntry = z.strictObject({
  index: z.int().min(0), actor: fingerprint, salt: hash, event: z.string().min(1).max(4096), proof: z.array(hash).max(63),
})

export const offlineGrantSchema = z.strictObject({
  schema: z.literal('exeat/offline/v1'),
  purpose: z.literal('offline'),
  workspace: identifier,
  repositoryId: identifier,
  /** Of the change that is let through, and where. */
  commit,
  environment: dnsLabel,
  /** The emergency as a document of kind OptOut: controls, targets with the fingerprints, reason, ticket, owner, window. */
  optOut: z.record(z.string(), z.unknown()),
  /** Digest of the merged terms that judged it, and the commit of the protected ref that they are of. */
  terms: fingerprint,
  governance: z.strictObject({ ref: line, commit }),
  /** On whose account it goes. */
  team: group,
  /** The last checkpoint known, with what shows whose it is; `published`: an entry under it, whose time bounds the checkpoint's age. */
  log: z.strictObject({ delegation: dsse, checkpoint: z.string().min(1).max(6144), published: provenEntry.nullable() }),
  nonce: z.string().regex(/^[0-9a-f]{32}$/),
  at: instantText,
})

export type OfflineGrant = z.output<typeof offlineGrantSchema>

const encoded = (grant: OfflineGrant): { readonly [key: string]: Json } => z.encode(offlineGrantSchema, grant) as { readonly [key: string]: Json }

/** RFC 8785 of the grant, instants in their canonical text, as UTF-8: what the two keys sign. */
export function offlineGrantBytes(grant: OfflineGrant): Uint8Array {
  return utf8(canonicalize(encoded(grant)) ?? '')
}

/** SHA-256(`exeat/offline/v1` ‖ 0 ‖ RFC 8785 of the grant). */
export function offlineGrantDigest(grant: OfflineGrant, sha256: Sha256): HexDigest {
  return taggedDigest('exeat/offline/v1', encoded(grant), sha256)
}

/** What a grant says, each part held against the others. */
export interface ReadOfflineGrant {
  readonly grant: OfflineGrant
  readonly digest: HexDigest
  /** The emergency that it declares, its impact being exactly its fingerprints. */
  readonly optOut: StandingOptOut & { readonly impact: ReadonlySet<HexDigest> }
  readonly binding: Binding
}

export type OfflineGrantAnswer = { readonly ok: true; readonly value: ReadOfflineGrant } | { readonly ok: false; readonly because: string }

/**
 * Holds a decoded grant against itself: that its document is an emergency, and as narrow as an offline grant must be. `repository`: the name by which the
 * workspace's sources call `repositoryId`, undefined where none does. `file`: where it stands. Total.
 */
export function readOfflineGrant(grant: OfflineGrant, repository: string | undefined, file: string, sha256: Sha256): OfflineGrantAnswer {
  const decoded = decodeDocument(unlocated(grant.optOut as Json, file))
  if (!decoded.ok) return { ok: false, because: `its opt-out is wrong: ${decoded.problems[0].message}` }
  if (decoded.kind !== 'OptOut') return { ok: false, because: `a document of kind ${decoded.kind} stands in it as an opt-out` }
  const { document } = decoded
  const wide = tooWide(document, grant, repository)
  if (wide !== undefined) return { ok: false, because: wide }
  const digest = documentDigest(document, sha256)
  const uid = optOutUid({ workspace: grant.workspace, repositoryId: grant.repositoryId, name: document.metadata.name, digest }, sha256)
  const fingerprints = [...new Set(document.spec.targets?.fingerprints)].sort()
  const impact = impactDigest({ schemaVersion: 1, kind: 'Impact', optOut: digest, fingerprints }, sha256)
  return {
    ok: true,
    value: {
      grant, digest: offlineGrantDigest(grant, sha256), binding: { optOut: digest, terms: grant.terms, impact },
      optOut: { document, digest, uid, origin: { file, line: 1, column: 1 }, impact: new Set(fingerprints) },
    },
  }
}

/** How its document is wider than an offline grant may be; undefined: it is not. Stated as what grants. */
function tooWide({ metadata: { name }, spec }: OptOut, { repositoryId, environment, nonce, at }: OfflineGrant, repository: string | undefined): string | undefined {
  const { category, controls, targets = {}, window: { from, until }, limits, renews } = spec
  const fingerprints = targets.fingerprints ?? []
  const stated: readonly (readonly [string, boolean])[] = [
    ['it is no emergency', category === 'emergency' && renews === undefined],
    ['its name is not made of its nonce', name === offlineName(nonce)],
    ['it names a control by a pattern', controls.every(isLiteral)],
    [`its repository is not the one source with the id \`${repositoryId}\``, repository !== undefined && targets.repositories?.length === 1 && targets.repositories[0] === repository],
    [`its environment is not \`${environment}\` alone`, targets.environments?.length === 1 && targets.environments[0] === environment],
    ['it names no fingerprints', fingerprints.length > 0],
    [`it names more than ${mostGranted} fingerprints, or one twice`, fingerprints.length <= mostGranted && new Set(fingerprints).size === fingerprints.length],
    ['`limits.findings` is not the number of its fingerprints', limits?.findings === fingerprints.length],
    ['it limits its uses, which nobody counts offline', limits?.uses === undefined],
    [`it runs for ${Math.ceil((until - from) / 60_000)} minutes, and an offline grant for ${longestGrant / 60_000} at most`, from < until && until - from <= longestGrant],
    ['it was made after it begins, or more than a day before', at <= from && from - at <= 86_400_000],
  ]
  return stated.find(([, holds]) => !holds)?.[0]
}

/** A name for the emergency of a grant: never used before, as its nonce is random. */
export const offlineName = (nonce: string): string => `offline-${nonce}`
