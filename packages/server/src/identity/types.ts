/** Who calls, as the edge established it, and what every surface is told of a session. */
import type { Facts, HexDigest, Identity, Instant } from '@exeat/core'
import type { EvidenceOf } from '@exeat/core/entry'

export interface Session {
  /** SHA-256 of its token: names it, and opens nothing. */
  readonly id: HexDigest
  readonly person: Identity
  /** For people; never compared. */
  readonly label: string
  readonly method: EvidenceOf<'sign-in'>['method']
  /** When the person authenticated; for OpenID Connect `auth_time`. */
  readonly authenticatedAt: Instant
  readonly createdAt: Instant
  /** Ends whatever happens. */
  readonly until: Instant
  /** Ends where nothing is asked before; moves with use. */
  readonly idleUntil: Instant
  /** RFC 7638 thumbprint of the key that every request must be signed with (RFC 9449); absent in a browser, where a cookie holds it. */
  readonly boundTo?: string
  /** `sid` of the identity provider, for back-channel logout. */
  readonly providerSession?: string
}

/** What an API key may do. None approves, activates, enrols or taps. */
export const keyScopes = ['read', 'request', 'bundle', 'uses'] as const
export type KeyScope = (typeof keyScopes)[number]

/** Every way in. A surface says which of them it takes; whoever is none of them gets nothing. */
export type Caller =
  /** Somebody who could open the administrative socket. */
  | { readonly kind: 'operator' }
  /** An enforcement point, by the token of `server.json`. */
  | { readonly kind: 'point'; readonly name: string }
  | { readonly kind: 'person'; readonly session: Session }
  | { readonly kind: 'api-key'; readonly name: string; readonly owner: Identity; readonly scopes: readonly KeyScope[] }
  /** A job, by its identity provider's token: facts that it proves, for decisions, bundles and uses. */
  | { readonly kind: 'workload'; readonly workload: Workload }
  | { readonly kind: 'anonymous' }

/** What a verified workload token says (design §4). Every fact in `facts` is `verified`. */
export interface Workload {
  /** Of the workspace's `identity.workloads`. */
  readonly provider: string
  readonly subject: string
  readonly facts: Facts
  /** Numeric, as the forge states it; a workspace source has this id. Absent for a cluster. */
  readonly repositoryId?: string
  readonly refProtected: boolean
  /** What started it: `push`, `merge_group`, … */
  readonly event?: string
  /** The pinned reusable workflow that it runs, with its commit. */
  readonly workflow?: { readonly ref: string; readonly sha: string }
  /** A change that is not merged, or an event that is not listed: told what would be, granted nothing. */
  readonly previewOnly: boolean
  readonly until: Instant
}
