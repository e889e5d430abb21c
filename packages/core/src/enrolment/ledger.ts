/** Whose keys count, and from when: the fold of the enrolment entries in the order of the log (design §8). Pure; signatures are verified by whoever calls. */
import type { EventData } from '../entry/data.ts'
import { type Identity, identityKey, sameIdentity } from '../lifecycle/events.ts'
import type { HexDigest, Sha256 } from '../model/digest.ts'
import type { Instant } from '../model/instant.ts'
import { type Approval, quorumMet } from '../policy/quorum.ts'
import { type Credential, credentialDigest } from './credential.ts'

/** How long nobody's key counts after somebody vouched for it, in milliseconds: time for everybody else to see that it was added. */
export const coolingOff = 24 * 3_600_000

type Types = 'dev.exeat.enrolment.added.v1' | 'dev.exeat.enrolment.vouched.v1' | 'dev.exeat.enrolment.removed.v1'

/** An entry about a key, with its index in the log. */
export type EnrolmentEntry = { readonly [T in Types]: { readonly type: T; readonly index: number; readonly at: Instant; readonly data: EventData[T] } }[Types]

export interface Vouch {
  readonly by: Identity
  /** By a founder's root key. */
  readonly root: boolean
  /** Those of who vouched, at that time. */
  readonly groups: readonly string[]
  readonly at: Instant
}

export interface EnrolledKey {
  /** Of the entry that added it: what evidence names. */
  readonly index: number
  readonly digest: HexDigest
  /** Absent for the key of an identity provider. */
  readonly person?: Identity
  readonly credential: Credential
  readonly label: string
  readonly addedAt: Instant
  readonly vouches: readonly Vouch[]
  /** Fills a place of a quorum from then on; absent while nothing makes it. */
  readonly countsFrom?: Instant
  readonly removedAt?: Instant
}

export interface EnrolmentLedger {
  /** By the index of the entry that added it. */
  readonly key: (index: number) => EnrolledKey | undefined
  /** In the order of the log. */
  readonly keys: readonly EnrolledKey[]
}

export interface FoldOptions {
  readonly sha256: Sha256
  /**
   * Whether what was signed for an entry holds: the envelope is about this credential, by whom the entry says, and the signature verifies under a key of
   * `before` that counted then, or under the root key that it names.
   */
  readonly holds: (entry: EnrolmentEntry, before: EnrolmentLedger) => boolean
  /** Who must vouch for a key before it counts: the workspace's `governance.approve` (design §3). Absent or empty: one person whose key counts. */
  readonly quorum?: readonly Approval[]
}

export const noKeys: EnrolmentLedger = { key: () => undefined, keys: [] }

/** A fold that goes on: what it says at any moment is what the log said at that index. */
export interface EnrolmentFold {
  /** Of the entries that were added; it changes with the next. */
  readonly ledger: EnrolmentLedger
  /** The next entry in the order of the log. What does not hold, or comes for nothing, changes nothing. */
  readonly add: (entry: EnrolmentEntry) => void
}

export function enrolmentFold(options: FoldOptions): EnrolmentFold {
  const keys = new Map<number, EnrolledKey>()
  const founders = new Map<string, string>()
  const ledger: EnrolmentLedger = { key: (index) => keys.get(index), get keys() { return [...keys.values()] } }
  return {
    ledger,
    add: (entry) => {
      const { type, data } = entry
      if (type === 'dev.exeat.enrolment.added.v1') {
        keys.set(entry.index, added(entry, data, ledger, options))
        return
      }
      const key = standing(keys, data.credential)
      if (key === undefined || !samePerson(key.person, data.person) || !options.holds(entry, ledger)) return
      if (type === 'dev.exeat.enrolment.removed.v1') keys.set(key.index, { ...key, removedAt: entry.at })
      else keys.set(key.index, vouched(key, entry.at, data, founders, options))
    },
  }
}

/** Entries in the order of the log, all at once. */
export function foldEnrolments(entries: readonly EnrolmentEntry[], options: FoldOptions): EnrolmentLedger {
  const { ledger, add } = enrolmentFold(options)
  for (const entry of entries) add(entry)
  const { keys } = ledger
  return { key: ledger.key, keys }
}

/** The key of this digest that stands; a removed one never comes back, and another may be added in its place. */
function standing(keys: ReadonlyMap<number, EnrolledKey>, digest: HexDigest): EnrolledKey | undefined {
  return [...keys.values()].find((key) => key.digest === digest && key.removedAt === undefined)
}

const samePerson = (a: Identity | undefined, b: Identity | undefined): boolean => (a === undefined || b === undefined ? a === b : sameIdentity(a, b))

function added(entry: EnrolmentEntry, data: EventData['dev.exeat.enrolment.added.v1'], before: EnrolmentLedger, { sha256, holds }: FoldOptions): EnrolledKey {
  const { person, credential, label, own } = data
  const key = { index: entry.index, digest: credentialDigest(person, credential, sha256), ...(person === undefined ? {} : { person }), credential, label, addedAt: entry.at, vouches: [] }
  // What an identity provider signs with is the provider's own word; a person's key never is.
  if (credential.kind === 'issuer-key') return person === undefined ? { ...key, countsFrom: entry.at } : key
  if (person === undefined || own === undefined || !holds(entry, before)) return key
  return { ...key, countsFrom: later(entry.at) }
}

const later = (at: Instant): Instant => (at + coolingOff) as Instant
const earlier = (a: Instant | undefined, b: Instant): Instant => (a === undefined || b < a ? b : a)

function vouched(key: EnrolledKey, at: Instant, { by, groups = [], evidence }: EventData['dev.exeat.enrolment.vouched.v1'], founders: Map<string, string>, { quorum = [] }: FoldOptions): EnrolledKey {
  const root = 'kind' in evidence && evidence.kind === 'root'
  // Nobody vouches for himself but a founder, whose root key speaks.
  if (key.person === undefined || (!root && sameIdentity(by, key.person))) return key
  const vouches = [...key.vouches, { by, root, groups, at }]
  // A root key speaks for all who govern.
  if (!root && !filled(quorum, vouches)) return { ...key, vouches }
  const from = root && isFounder(evidence.name, key.person, founders) ? at : later(at)
  return { ...key, vouches, countsFrom: earlier(key.countsFrom, from) }
}

/** Distinct people, as in every quorum: whoever vouches twice is one. */
function filled(quorum: readonly Approval[], vouches: readonly Vouch[]): boolean {
  const people = new Map(vouches.filter(({ root }) => !root).map(({ by, groups }) => [identityKey(by), groups]))
  return people.size > 0 && quorumMet(quorum, [...people.values()])
}

/** One person a root key and one root key a person: the first whom it vouches for, and who is no founder already, is its founder. */
function isFounder(root: string, person: Identity, founders: Map<string, string>): boolean {
  const id = identityKey(person)
  if (!founders.has(root) && ![...founders.values()].includes(id)) founders.set(root, id)
  return founders.get(root) === id
}

/** Why a key fills no place at an instant; undefined where it does. A removal bites at once, also for what was signed before. */
export function notCounting({ removedAt, countsFrom }: EnrolledKey, at: Instant): 'removed' | 'not-vouched' | 'too-new' | undefined {
  if (removedAt !== undefined) return 'removed'
  if (countsFrom === undefined) return 'not-vouched'
  return countsFrom <= at ? undefined : 'too-new'
}
