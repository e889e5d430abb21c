import type { HexDigest, Instant } from '@exeat/core'
import type { Wire } from '@exeat/core/wire'
import type { Dsse } from '@exeat/verify'
import type { Governed } from './governance.ts'

/** What a bundle is made of besides the log, which its maker reads as of one commit. */
export interface BundleContext {
  /** What the protected ref said just now; the log has it recorded. */
  readonly governed: Governed
  /** Revoked, and not yet in the log because it cannot be written: to be treated as ended at that instant. */
  readonly revoked: ReadonlyMap<HexDigest, Instant>
}

export interface BundleMaker {
  /** Makes and signs a bundle; publishes its content as an entry first, where that is new. */
  readonly make: (query: Wire['bundleQuerySchema'], context: BundleContext) => Promise<Dsse>
  /** Digest of all that a bundle would say now but for whom, and until when: what makes none needs none. It is that of `saidBy` of one that is made. */
  readonly says: (context: BundleContext) => Promise<HexDigest>
}
