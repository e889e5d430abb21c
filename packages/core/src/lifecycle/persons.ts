/** Who is one person under several identities, as the workspace says: nobody approves themselves under another name, and fills no quorum twice (attack-04). */
import type { Workspace } from '../document/workspace.ts'
import { type Identity, identityKey, sameIdentity } from './events.ts'
import type { Approved, OptOutRecord } from './ledger.ts'

export interface Persons {
  /** Stable text that two identities share where they are one person's; of value within one commit of the workspace alone. */
  readonly keyOf: (identity: Identity) => string
  readonly same: (a: Identity, b: Identity) => boolean
  /** Every identity of whoever this is, as the workspace writes them; itself alone where the workspace knows no other. */
  readonly identitiesOf: (identity: Identity) => readonly Identity[]
}

/** Whatever the case of a subject: mail addresses are one whatever theirs, and to take two for one person only refuses. */
const looseKey = ({ iss, sub }: Identity): string => identityKey({ iss, sub: sub.toLowerCase() })

export function personsIn({ spec: { identity } }: Workspace): Persons {
  const listed = new Map((identity?.people ?? []).flatMap((person, index) => person.identities.map((each) => [looseKey(each), { index, person }] as const)))
  const keyOf = (each: Identity): string => {
    const found = listed.get(looseKey(each))
    return found === undefined ? looseKey(each) : `person ${found.index}`
  }
  return {
    keyOf,
    same: (a, b) => keyOf(a) === keyOf(b),
    identitiesOf: (each) => listed.get(looseKey(each))?.person.identities ?? [each],
  }
}

/** Of these approvals one a person, and none of whoever asked or wrote: that two names are one person's may have been said after they approved. */
export function onePerPerson<T extends Pick<Approved, 'by'>>(approvals: readonly T[], { requester, involved }: Pick<OptOutRecord, 'requester' | 'involved'>, same: Persons['same'] = sameIdentity): readonly T[] {
  const others = approvals.filter(({ by }) => ![requester, ...involved].some((each) => same(each, by)))
  return others.filter(({ by }, index) => others.findIndex((each) => same(each.by, by)) === index)
}
