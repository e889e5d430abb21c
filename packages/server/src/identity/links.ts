/** One-time links to enrol a key with. A link is no authority: the key that comes of it counts for nothing until somebody vouches for it. */
import { canonicalInstant, type Identity, type Instant } from '@exeat/core'
import type { People } from '@exeat/core/wire'
import { type IdentityRows, rowKinds } from '../ports/identity.ts'
import { identityError } from './codes.ts'
import { fromBytes, hashOf, newSecret, toBytes } from './secrets.ts'

const life = 15 * 60_000

export interface Invitation {
  readonly person: Identity
  readonly label: string
  readonly invitedBy: Identity
}

export interface Links {
  readonly make: (invitation: Invitation, origin: string) => Promise<People['linkSchema']>
  /** Without spending it: a prompt that was closed must not cost the link. `id`: what spends it. @throws {ExeatError} LINK_UNKNOWN */
  readonly look: (secret: string) => Promise<Invitation & { readonly id: string }>
  /** Of any number of callers one succeeds. @throws {ExeatError} LINK_UNKNOWN */
  readonly spend: (id: string) => Promise<void>
}

const unknown = () => identityError('LINK_UNKNOWN', 'the link is unknown, was used, or is over', 'ask for another')

export function links(rows: IdentityRows, now: () => number): Links {
  return {
    make: async (invitation, origin) => {
      const secret = newSecret()
      const at = now()
      if (!await rows.put(rowKinds.link, hashOf(secret), { value: toBytes(invitation), expires: at + life }, 0, at)) throw new Error('a random secret came twice')
      // Behind the `#`, which browsers send to nobody.
      return { url: `${origin}/enrol#${secret}`, expiresAt: canonicalInstant((at + life) as Instant) }
    },
    look: async (secret) => {
      const id = hashOf(secret)
      const row = await rows.get(rowKinds.link, id, now())
      if (row === undefined) throw unknown()
      return { ...fromBytes<Invitation>(row.value), id }
    },
    spend: async (id) => { if (await rows.take(rowKinds.link, id, now()) === undefined) throw unknown() },
  }
}
