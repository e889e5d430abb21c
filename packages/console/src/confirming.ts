/** What a challenge that was answered elsewhere is for: fetched again, and held against the envelope that was signed there. */
import { type AnyEnvelope, shownCode, statementDigest } from '@exeat/core/envelope'
import { tapPendingSchema } from '@exeat/core/wire'
import { get, Refused } from './api.ts'
import { askedIn, type AskedShown, type AskedWanted } from './asked.ts'
import { sha256 } from './crypto.ts'
import type { Session } from './session.ts'
import { fetchShown, type Shown, statesShown } from './shown.ts'
import { refuseOther, type Wanted } from './tap.ts'

type Named = Extract<Wanted, { readonly purpose: 'approve' | 'activate' }>
type Review = Extract<Wanted, { readonly purpose: 'review' }>

export type Confirming = {
  /** What is to be done. */
  readonly wanted: Wanted
  readonly name: string
  /** The identity provider has answered for it. */
  readonly proved: boolean
  /** Of all that was signed. */
  readonly code: string
} & (
  | { readonly kind: 'opt-out'; readonly wanted: Named; readonly shown: Shown }
  | { readonly kind: 'review'; readonly wanted: Review; readonly shown: Shown }
  /** `asked`: of whoever declares the emergency, where it is a second person who confirms it. */
  | { readonly kind: 'asked'; readonly asked: AskedWanted; readonly stated: AskedShown }
)

/** @throws {Refused} also where what the server shows is not what the envelope states */
export async function fetchConfirming(id: string, { person }: Session): Promise<Confirming> {
  const { wanted, envelope, proved } = await pending(id)
  if (envelope.actor.iss !== person.iss || envelope.actor.sub !== person.sub) throw other
  switch (wanted.purpose) {
    case 'approve': case 'activate': {
      const { shown, code } = await standing(wanted.id, envelope, wanted.purpose)
      const { optOut, terms, impact } = shown.view.binding
      if (wanted.signed.optOut !== optOut || wanted.signed.terms !== terms || wanted.signed.impact !== impact) throw other
      return { kind: 'opt-out', wanted, shown, code, proved, name: shown.view.name }
    }
    case 'review': {
      const { shown, code } = await standing(wanted.id, envelope, 'review', statementDigest(wanted.review, sha256))
      return { kind: 'review', wanted, shown, code, proved, name: shown.view.name }
    }
    case 'renew': case 'emergency': return askedOf(wanted, wanted, envelope, person, proved)
    case 'second': {
      const declared = (await pending(wanted.challenge)).wanted
      if (declared.purpose !== 'emergency') throw other
      return askedOf(wanted, declared, envelope, person, proved)
    }
    case 'enrol': throw new Refused({ code: 'CHALLENGE_OTHER', detail: 'a key is vouched for with a key, and by no identity provider', hint: 'nothing was signed' })
  }
}

const pending = (id: string) => get(`/v1/challenges/${encodeURIComponent(id)}`, tapPendingSchema)

async function standing(id: string, envelope: AnyEnvelope, purpose: string, statement?: string): Promise<{ readonly shown: Shown; readonly code: string }> {
  const shown = await fetchShown(id)
  refuseOther(envelope, (stated) => statesShown(stated, purpose, shown, statement))
  const { uid, binding } = shown.view
  return { shown, code: shownCode(uid, binding, sha256, statement) }
}

function askedOf(wanted: Wanted, asked: AskedWanted, envelope: AnyEnvelope, person: Session['person'], proved: boolean): Confirming {
  const stated = askedIn(asked, envelope, person)
  return { kind: 'asked', wanted, asked, stated, proved, code: stated.code, name: stated.document.metadata.name }
}

const other = new Refused({ code: 'CHALLENGE_OTHER', detail: 'what was confirmed is for something else than this page shows', hint: 'nothing was done; begin anew, and tell whoever keeps the server if it happens again' })
