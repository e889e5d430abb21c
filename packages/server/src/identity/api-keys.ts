/** Keys for programs that read, request or claim: scoped, hashed, ending. None of them ever approves, activates, enrols or taps (attack 15). */
import { canonicalInstant, type Identity, identityKey, type Instant } from '@exeat/core'
import type { People } from '@exeat/core/wire'
import { type IdentityRows, rowKinds } from '../ports/identity.ts'
import { identityError } from './codes.ts'
import { fromBytes, hashOf, newSecret, toBytes } from './secrets.ts'
import type { KeyScope } from './types.ts'

export const keyPrefix = 'exeat_key_'

interface Kept {
  readonly name: string
  readonly scopes: readonly KeyScope[]
  readonly owner: Identity
}

export interface ApiKeys {
  /** The secret is told once. @throws {ExeatError} API_KEY_STANDS */
  readonly make: (owner: Identity, wanted: People['apiKeyWantedSchema']) => Promise<People['apiKeySchema']>
  readonly find: (secret: string) => Promise<Kept | undefined>
  readonly of: (owner: Identity) => Promise<readonly People['apiKeySchema'][]>
  /** False where the owner has none of this name. */
  readonly end: (owner: Identity, name: string) => Promise<boolean>
}

const day = 86_400_000

export function apiKeys(rows: IdentityRows, now: () => number): ApiKeys {
  const standing = async (owner: Identity) => (await rows.owned(rowKinds.apiKey, identityKey(owner), now())).map((row) => ({ ...row, kept: fromBytes<Kept>(row.value) }))
  const told = ({ name, scopes, owner }: Kept, expires: number | null): People['apiKeySchema'] => ({ name, scopes: [...scopes], owner, expiresAt: canonicalInstant((expires ?? now()) as Instant) })
  return {
    make: async (owner, { name, scopes, days }) => {
      if ((await standing(owner)).some(({ kept }) => kept.name === name)) throw identityError('API_KEY_STANDS', `a key named \`${name}\` stands already`, 'choose another name, or end that one')
      const secret = newSecret(keyPrefix)
      const at = now()
      const kept: Kept = { name, scopes, owner }
      if (!await rows.put(rowKinds.apiKey, hashOf(secret), { value: toBytes(kept), owner: identityKey(owner), expires: at + days * day }, 0, at)) throw new Error('a random secret came twice')
      return { ...told(kept, at + days * day), secret }
    },
    find: async (secret) => {
      const row = await rows.get(rowKinds.apiKey, hashOf(secret), now())
      return row === undefined ? undefined : fromBytes<Kept>(row.value)
    },
    of: async (owner) => (await standing(owner)).map(({ kept, expires }) => told(kept, expires)),
    end: async (owner, name) => {
      const found = (await standing(owner)).find(({ kept }) => kept.name === name)
      return found !== undefined && rows.drop(rowKinds.apiKey, found.key)
    },
  }
}
