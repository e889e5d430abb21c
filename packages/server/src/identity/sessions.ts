/** Sessions: opened by a sign-in, found by their token, ended by time, by their owner or by the identity provider. */
import { type HexDigest, type Identity, identityKey, type Instant } from '@exeat/core'
import { type IdentityRows, rowKinds } from '../ports/identity.ts'
import { fromBytes, hashOf, newSecret, toBytes } from './secrets.ts'
import type { Session } from './types.ts'

export interface SessionLives {
  /** Milliseconds from the sign-in to the end, whatever happens. */
  readonly absolute: number
  /** Milliseconds without a request to the end. */
  readonly idle: number
}

export const usualLives: SessionLives = { absolute: 12 * 3_600_000, idle: 30 * 60_000 }

export type Opening = Pick<Session, 'person' | 'label' | 'method' | 'authenticatedAt' | 'boundTo' | 'providerSession'>

export interface Sessions {
  /** The token is told once; what is kept is its SHA-256. */
  readonly open: (opening: Opening) => Promise<{ readonly token: string; readonly session: Session }>
  /** Moves the idle end, unless it is only `looked` at. */
  readonly find: (token: string, looked?: boolean) => Promise<Session | undefined>
  /** Whether it has not ended. Moves nothing. */
  readonly stands: (session: Pick<Session, 'id'>) => Promise<boolean>
  readonly of: (person: Identity) => Promise<readonly Session[]>
  /** Of this person alone; false where it is none of theirs. */
  readonly end: (person: Identity, id: HexDigest) => Promise<boolean>
  readonly endAll: (person: Identity) => Promise<number>
  /** Those that an identity provider ended: by its `sid`, or all of a person. */
  readonly endProvided: (person: Identity, providerSession: string | undefined) => Promise<number>
}

type Kept = Omit<Session, 'id'>

/** An idle end moves only once it is this much closer, so that reading does not write each time. */
const grain = 60_000

export function sessions(rows: IdentityRows, now: () => number, lives: SessionLives = usualLives): Sessions {
  const ends = ({ until, idleUntil }: Kept): number => Math.min(until, idleUntil)
  const read = (id: string, value: Uint8Array): Session => ({ ...fromBytes<Kept>(value), id })

  async function of(person: Identity): Promise<readonly Session[]> {
    return (await rows.owned(rowKinds.session, identityKey(person), now())).map(({ key, value }) => read(key, value))
  }
  async function end(person: Identity, id: HexDigest): Promise<boolean> {
    const row = await rows.get(rowKinds.session, id, now())
    return row?.owner === identityKey(person) && rows.drop(rowKinds.session, id)
  }
  return {
    open: async (opening) => {
      const token = newSecret('exeat_session_')
      const at = now()
      const kept: Kept = { ...opening, createdAt: at as Instant, until: (at + lives.absolute) as Instant, idleUntil: (at + lives.idle) as Instant }
      const id = hashOf(token)
      if (!await rows.put(rowKinds.session, id, { value: toBytes(kept), owner: identityKey(opening.person), expires: ends(kept) }, 0, at)) throw new Error('a random token came twice')
      return { token, session: { ...kept, id } }
    },
    find: async (token, looked = false) => {
      const id = hashOf(token)
      const at = now()
      const row = await rows.get(rowKinds.session, id, at)
      if (row === undefined) return undefined
      const session = read(id, row.value)
      const idleUntil = (at + lives.idle) as Instant
      if (looked || idleUntil - session.idleUntil < grain) return session
      const { id: _id, ...kept } = { ...session, idleUntil }
      // Whoever else moved it meanwhile moved it as far; a session that was ended meanwhile is not written again.
      await rows.put(rowKinds.session, id, { value: toBytes(kept), owner: identityKey(session.person), expires: ends(kept) }, row.version, at)
      return { ...session, idleUntil }
    },
    stands: async ({ id }) => await rows.get(rowKinds.session, id, now()) !== undefined,
    of,
    end,
    endAll: (person) => rows.dropOwned(rowKinds.session, identityKey(person)),
    endProvided: async (person, providerSession) => {
      const ended = await Promise.all((await of(person))
        .filter((session) => session.method === 'oidc' && (providerSession === undefined || session.providerSession === providerSession)).map(({ id }) => end(person, id)))
      return ended.filter(Boolean).length
    },
  }
}

/** What a page sends back with whatever changes something: nobody who cannot read the cookie can make it. */
export const csrfOf = (token: string): string => hashOf(`exeat/csrf/v1\0${token}`)
