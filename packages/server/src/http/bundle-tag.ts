/** The entity tag of a bundle. Two bundles that say the same differ in when they end, and a point must not keep one beyond that. */
import { createHash } from 'node:crypto'
import { bundleSchema, type Dsse } from '@exeat/verify'

export interface BundleTags {
  readonly tag: string
  /** Whether the bundle of one of these tags says the same as this one and lives on for at least half of this one's life. */
  readonly stillGood: (ifNoneMatch: string | undefined, now: number) => boolean
}

/** A tag is the digest of what the bundle says and to whom, what it withholds of that included, and when it ends. */
export function bundleTags(envelope: Dsse, { audience = '*', protected: closed = 'false' }: { readonly audience?: string | undefined; readonly protected?: string | undefined }): BundleTags {
  const bundle = bundleSchema.parse(JSON.parse(Buffer.from(envelope.payload, 'base64').toString('utf8')))
  const says = createHash('sha256').update(JSON.stringify([bundle.published.content, bundle.withheld, bundle.delegation.payload, audience, closed])).digest('hex').slice(0, 32)
  return tagOf({ says, issuedAt: bundle.issuedAt, notAfter: bundle.notAfter })
}

/** `says`: 32 hex digits, the same for all that say the same. */
export function tagOf({ says, issuedAt, notAfter }: { readonly says: string; readonly issuedAt: number; readonly notAfter: number }): BundleTags {
  const half = (notAfter - issuedAt) / 2
  return {
    tag: `"${says}.${notAfter}"`,
    stillGood: (ifNoneMatch, now) => (ifNoneMatch ?? '').split(',').some((each) => {
      const held = /^\s*(?:W\/)?"([0-9a-f]{32})\.(\d{1,15})"\s*$/.exec(each)
      return held?.[1] === says && Number(held[2]) - now >= half && Number(held[2]) <= notAfter
    }),
  }
}
