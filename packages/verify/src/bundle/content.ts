import { canonicalInstant, type HexDigest, type Sha256, taggedDigest } from '@exeat/core'
import type { Bundle } from './types.ts'

type Listed = Pick<Bundle['active'][number], 'uid' | 'digest'>

/** The part of a bundle that its content is. */
export interface BundleContent extends Pick<Bundle, 'workspace' | 'commit' | 'documents'> {
  readonly enrolments: readonly { readonly index: number }[]
  readonly active: readonly (Listed & { readonly entries: readonly { readonly index: number }[] })[]
  readonly ended: readonly Pick<Bundle['ended'][number], 'uid' | 'state' | 'at'>[]
}

/**
 * What a bundle says, whenever and to whomever it was issued: SHA-256(`exeat/bundle-content/v1` ‖ 0 ‖ RFC 8785 of its documents' digests and sources, its
 * active opt-outs and people's keys with the indexes of their entries, and its ended ones). The log records it (`bundle.published`), so that a monitor can hold every
 * bundle against the fold of the log. Proofs, checkpoint and times are left out: they change with each issue and say nothing of their own.
 */
export function contentDigest(bundle: BundleContent, sha256: Sha256): HexDigest {
  const { workspace, commit, documents, enrolments, active, ended } = bundle
  return taggedDigest('exeat/bundle-content/v1', {
    workspace, commit,
    // A source's own policy speaks of its repository alone, so whose it is is part of what is said.
    documents: [documents.workspace, ...documents.policies, ...documents.aliases].map(({ digest, origin: { source } }) => `${digest} ${source ?? ''}`).sort(),
    ...(enrolments.length === 0 ? {} : { enrolments: enrolments.map(({ index }) => index) }),
    active: [...active].sort(byUid).map(({ uid, digest, entries }) => ({ uid, digest, entries: entries.map(({ index }) => index) })),
    ended: [...ended].sort(byUid).map(({ uid, state, at }) => ({ uid, state, at: canonicalInstant(at) })),
  }, sha256)
}

const byUid = (a: { readonly uid: string }, b: { readonly uid: string }): number => (a.uid < b.uid ? -1 : a.uid > b.uid ? 1 : 0)
