/**
 * What identity providers said of people last: their groups, what they are called, and that they are to be trusted no more. One row a person, beside the log:
 * none of it is evidence. Groups can only be lost by losing it, and a sign-out voids approvals that have not been activated (`signedOut`).
 */
import { type Identity, identityKey, type Instant } from '@exeat/core'
import { type IdentityRows, rowKinds } from '../ports/identity.ts'

/** What a person's row holds, as JSON. */
export interface PersonRow {
  /** Of Exeat, mapped from the provider's claim. */
  readonly groups: readonly string[]
  /** Shown to people, and never compared. */
  readonly label: string
  /** When the provider said so. */
  readonly at: number
  /** When the provider ended all sessions of the person: approvals until then, that nobody activated yet, count for nothing. */
  readonly signedOut?: number
}

/** In milliseconds: whoever has not signed in for so long is in no group that a provider gives. */
export const groupsLast = 7 * 86_400_000

export interface Directory {
  /** Groups that an identity provider gives; those of the workspace are read beside them. */
  readonly groupsOf: (person: Identity) => Promise<readonly string[]>
  /** Acts of the person up to this instant are void where they have taken no effect yet. */
  readonly voidUntil: (person: Identity) => Promise<Instant | undefined>
}

/** Where no identity provider is known. */
export const noDirectory: Directory = { groupsOf: async () => [], voidUntil: async () => undefined }

export function directory(rows: IdentityRows, now: () => number): Directory {
  const read = (person: Identity): Promise<PersonRow | undefined> => readPerson(rows, person, now())
  return {
    groupsOf: async (person) => {
      const row = await read(person)
      // INVARIANT: stated as what grants, so that a row from the future or without a time gives no group (test/identity/factors.test.ts).
      return row !== undefined && row.at <= now() && now() - row.at < groupsLast ? row.groups : []
    },
    voidUntil: async (person) => (await read(person))?.signedOut as Instant | undefined,
  }
}

export async function readPerson(rows: IdentityRows, person: Identity, now: number): Promise<PersonRow | undefined> {
  const row = await rows.get(rowKinds.person, identityKey(person), now)
  return row === undefined ? undefined : JSON.parse(Buffer.from(row.value).toString('utf8')) as PersonRow
}

/** After a sign-in: what the provider says now. That the person was signed out before stays. */
export async function recordPerson(rows: IdentityRows, person: Identity, said: Pick<PersonRow, 'groups' | 'label'>, now: number): Promise<void> {
  await change(rows, person, now, (before) => ({ ...said, at: now, ...(before?.signedOut === undefined ? {} : { signedOut: before.signedOut }) }))
}

/** After a back-channel logout, or a word of the provider that the person is no longer to be trusted. Groups are gone with it. */
export async function recordSignOut(rows: IdentityRows, person: Identity, now: number): Promise<void> {
  await change(rows, person, now, (before) => ({ groups: [], label: before?.label ?? person.sub, at: now, signedOut: Math.max(now, before?.signedOut ?? 0) }))
}

const attempts = 20

async function change(rows: IdentityRows, person: Identity, now: number, next: (before: PersonRow | undefined) => PersonRow): Promise<void> {
  const key = identityKey(person)
  for (let i = 0; i < attempts; i++) {
    const row = await rows.get(rowKinds.person, key, now)
    const before = row === undefined ? undefined : JSON.parse(Buffer.from(row.value).toString('utf8')) as PersonRow
    const value = new Uint8Array(Buffer.from(JSON.stringify(next(before)), 'utf8'))
    if (await rows.put(rowKinds.person, key, { value, owner: key }, row?.version ?? 0, now)) return
  }
  throw new Error('what is known of a person changed each time that it was about to be written')
}
