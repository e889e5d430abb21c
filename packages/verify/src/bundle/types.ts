/** The signed, short-lived set that enforcement points read (design §8). */
import * as z from 'zod'
import { fingerprint, identifier, instantText, line } from '@exeat/core/entry'
import { dsseSchema } from '../dsse/dsse.ts'

export const bundleType = 'application/vnd.exeat.bundle+json'

/** What any bundle may live, and what it may where protected environments are concerned (design §6, freshness); in milliseconds. */
export const longestLife = { ordinary: 3_600_000, protected: 300_000 } as const
/** By how much a clock may be behind the bundle's issue, in milliseconds. */
export const clockTolerance = 60_000

/** The most bytes of a bundle that is read, and the most opt-outs in it. */
export const largestBundle = 256 * 1024 * 1024
const mostOptOuts = 100_000
const mostEnrolments = 50_000

const base64 = z.string().max(16_384)
const origin = z.strictObject({ file: line, line: z.int().min(1), column: z.int().min(1), source: z.exactOptional(line) })

/** A document as plain JSON (`encodeDocument`), its digest, and where it stands. */
const placed = z.strictObject({ document: z.record(z.string(), z.unknown()), digest: fingerprint, origin })

/**
 * An entry with its body: the leaf is made from `event` and what stands here, and must be in the tree at `index`. `event` is the body's text, byte for
 * byte; `salt` and the hashes of `proof` (RFC 6962 inclusion, leaf to root) are base64.
 */
const entry = z.strictObject({
  index: z.int().min(0),
  actor: fingerprint,
  salt: base64,
  event: z.string().min(1).max(32_768),
  proof: z.array(base64).max(63),
})

const standing = {
  uid: fingerprint,
  document: z.record(z.string(), z.unknown()),
  digest: fingerprint,
  origin,
  /** What `uid` was made with (`repositoryIdOf`): one id, or a JSON list of any number. */
  repositoryId: z.string().min(1).max(65_536),
}

export const bundleSchema = z.strictObject({
  schema: z.literal('exeat/bundle/v1'),
  workspace: identifier,
  /** Of the log. */
  origin: identifier,
  /** Whom it is for: a repository's id, or `*` for any point of the workspace. */
  audience: identifier,
  issuedAt: instantText,
  notAfter: instantText,
  /** What the request carried, or null. */
  nonce: z.string().regex(/^[0-9a-f]{32,64}$/).nullable(),
  /** The protected ref and its commit, which the documents are of. */
  ref: line,
  commit: line,
  delegation: dsseSchema,
  /** A C2SP checkpoint with its cosignatures; every proof is under it. */
  checkpoint: z.string().max(65_536),
  /**
   * `contentDigest` of this bundle, and the entry `bundle.published` that states it. Null only where witnesses are asked for and the checkpoint that they
   * cosigned last does not reach it yet: else a stolen bundle key could say what the log never heard of.
   */
  published: z.strictObject({ content: fingerprint, entry: entry.nullable() }),
  documents: z.strictObject({ workspace: placed, policies: z.array(placed).max(10_000), aliases: z.array(placed).max(10_000) }),
  /**
   * Every entry about a key of those who acted on what is active, of whoever vouched for these, and so on back to the founders; and about the keys of identity
   * providers. In the order of the log. Part of the content, so that a removal that is left out is found by whoever reads the log.
   */
  enrolments: z.array(entry).max(mostEnrolments).default([]),
  /** May excuse. `impact`: the approved fingerprints, ascending, or null where the terms ask for none. `entries`: those of its lifecycle, in order. */
  active: z.array(z.strictObject({ ...standing, impact: z.array(fingerprint).nullable(), entries: z.array(entry).min(1).max(200) })).max(mostOptOuts),
  /**
   * Revoked, and the log could not be written since: of those listed as active these are not honoured. It is no part of the content, as the log does not know of
   * it; whoever adds to it can only take away.
   */
  withheld: z.array(z.strictObject({ uid: fingerprint, at: instantText })).max(mostOptOuts),
  /** Can never be honoured; kept for the explanations. Those that ended within 30 days. */
  ended: z.array(z.strictObject({ ...standing, state: z.enum(['lapsed', 'revoked', 'exhausted']), at: instantText })).max(mostOptOuts),
})

export type Bundle = z.output<typeof bundleSchema>
export type BundleEntry = Bundle['active'][number]['entries'][number]
