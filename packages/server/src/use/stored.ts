/** What the use cases keep beside the log: records by kind and key, bodies by kind and digest. All of it follows from the log while no body was erased. */
import type { HexDigest, Identity, Instant, Met, OptOut, OptOutRecord, Origin } from '@exeat/core'
import type { EventData } from '@exeat/core/entry'
import type { EnrolmentEntry } from '@exeat/core/enrolment'
import type { Dsse } from '@exeat/verify'
import type { Sink } from '../ports/alarm.ts'
import type { Pace } from './pace.ts'

export const recordKinds = {
  /** Key: uid. `StoredOptOut`. */
  optOut: 'optout',
  /**
   * Key: uid. The opt-outs that a request, an activation or a bundle must look at: not ended, or ended within 30 days, or waiting for a review. Each is an
   * `OptOutRecord`, the same as in its `StoredOptOut`: who is judged beside all of them reads them in one go.
   */
  open: 'open',
  /** Key: name. The uid, as text. Never removed: names are never reused. */
  name: 'name',
  /** Key: `uid/` and the SHA-256 of `useKey` in hex. `StoredUse`: one for each counted use. */
  use: 'use',
  /** Key: `current`. `StoredGovernance`. */
  governance: 'governance',
  /** Key: `current`. `StoredDelegation`. */
  delegation: 'delegation',
  /** Key: index of the entry, in 12 digits. `StoredEnrolment`: every entry about a key. Never removed. */
  enrolment: 'enrolment',
  /** Key: `current`. `StoredBundle`: the content published last. */
  bundle: 'bundle',
  /** Key: `alarmKey` of the entry that it tells of. `StoredAlarm`. Never removed. */
  alarm: 'alarm',
  /** Key: `latest`. Index of the entry that started the last drill, as JSON. */
  drill: 'drill',
  /** Key: `alarmKey` of the entry that told of it. `StoredShadow`. Never removed. */
  shadow: 'shadow',
  /** Key: `thing` of what was observed. `StoredThing`. Never removed. */
  shadowThing: 'shadow-thing',
  /** Key: `latest`. `StoredShadowAlarm`. */
  shadowAlarm: 'shadow-alarm',
} as const

/**
 * Kinds of bodies. `event`: key is the leaf's `body`, bytes are the 32-byte salt and then the CloudEvent. The others: key is the digest that documents have
 * (`documentDigest`, `impactDigest`), bytes are JSON (`encodeDocument`).
 */
export const bodyKinds = { event: 'event', optOut: 'OptOut', policy: 'OptOutPolicy', workspace: 'Workspace', aliases: 'Aliases', impact: 'Impact' } as const

export interface StoredOptOut {
  readonly record: OptOutRecord
  /** What its uid was made with. */
  readonly repositoryId: string
  /** Numeric ids of the repositories that it names, in code unit order. */
  readonly repositoryIds: readonly string[]
  readonly category: string
  readonly owner: string
  /** Where the document was seen to stand; absent while it was only ever sent with the request. */
  readonly origin?: Origin
  /** Indexes of its entries, in order; uses left out. */
  readonly entries: readonly number[]
  /** The digest of each of these entries' bodies. */
  readonly bodies: readonly HexDigest[]
  /** The digest of each approval's envelope, in the order of `record.approvals`. */
  readonly envelopes: readonly HexDigest[]
  /** The second factor of each approval, in the same order; null where it had none. Absent in records of an earlier release: they had none. */
  readonly taps?: readonly (StoredTap | null)[]
  /** How many uses were counted. */
  readonly uses: number
  /** When, of late. Absent in records of an earlier release, and before the first use. */
  readonly pace?: Pace
  /** What its document foresees of its uses. */
  readonly expected?: OptOut['spec']['expected']
  /** Its bodies, document and impact were erased. */
  readonly erased?: true
}

export interface StoredTap {
  /** Index of the entry that enrolled the key. */
  readonly enrolment: number
  readonly factor: NonNullable<Met['factor']>
}

export interface StoredEnrolment {
  readonly entry: EnrolmentEntry
  /** The digest of its entry's body. */
  readonly body: HexDigest
}

export interface StoredUse {
  readonly index: number
  /** The digest of its entry's body. */
  readonly body: HexDigest
  /** When it was counted; absent in records of an earlier release, whose entry says it. */
  readonly at?: Instant
}

export interface StoredGovernance {
  readonly ref: string
  readonly commit: string
  readonly workspace: HexDigest
  /** Digest by `kind/name`. */
  readonly documents: Readonly<Record<string, HexDigest>>
  /** The last time that the ref was moved to a commit which does not contain the one before. */
  readonly rewritten?: { readonly from: string; readonly to: string; readonly at: Instant }
}

export interface StoredDelegation {
  readonly envelope: Dsse
  readonly epoch: number
  readonly index: number
}

export interface StoredBundle {
  readonly content: HexDigest
  /** Of the entry `bundle.published`. */
  readonly index: number
  readonly at: Instant
  /** What it was folded from: so many entries of the log, at this instant. */
  readonly size: number
  readonly folded: Instant
}

/** Whom an emergency, a drill or a shadow opt-out is told to, written with its entry: no configuration that comes later can silence it. */
export interface StoredAlarm {
  /** Of the entry that it tells of. */
  readonly index: number
  readonly at: Instant
  /** Of the emergency; null for anything else. */
  readonly uid: HexDigest | null
  /** Told at once: those whom the terms name. */
  readonly first: readonly Sink[]
  /** Told as well while nobody has acknowledged it: all of the workspace. */
  readonly all: readonly Sink[]
  /** It is not repeated from then on. */
  readonly until: Instant
  readonly acknowledged?: { readonly by: Identity; readonly strength: string; readonly at: Instant; readonly index: number; readonly body: HexDigest }
  /** Of a shadow opt-out, soon behind another: it waits until then, and tells how many `others` came meanwhile. */
  readonly after?: number
  readonly others?: number
  /** Of a drill. */
  readonly drill?: { readonly by: Identity; readonly strength: string; readonly over?: { readonly at: Instant; readonly outcome: DrillOutcome } }
}

/** What another system reported and an entry tells of. */
export interface StoredShadow {
  readonly index: number
  readonly at: Instant
  readonly about: EventData['dev.exeat.shadow.detected.v1']
  /** That declared it when it was reported. */
  readonly optOut?: { readonly uid: HexDigest; readonly name: string }
  /** By the entry that says that it is gone, or what it is now. */
  readonly resolved?: { readonly index: number; readonly at: Instant }
}

/** How a thing that was observed stands. */
export interface StoredThing {
  /** Of the entry that told of it last. */
  readonly index: number
  readonly state: 'detected' | 'covered'
  readonly open: boolean
  /** Digest of what it does. */
  readonly content: HexDigest
  /** Of the newest report that its source dated. */
  readonly dated?: Instant
}

export interface StoredShadowAlarm {
  /** Of the entry that the last alarm tells of. */
  readonly index: number
  /** When it may be told; until then it takes in what follows. */
  readonly after: number
}

export type DrillOutcome = EventData['dev.exeat.drill.ended.v1']['outcome']

export const alarmKey = (index: number): string => String(index).padStart(12, '0')

export const toBytes = (value: unknown): Uint8Array => new Uint8Array(Buffer.from(JSON.stringify(value), 'utf8'))

/** Only for what `toBytes` wrote. */
export const fromBytes = <T>(bytes: Uint8Array): T => JSON.parse(Buffer.from(bytes).toString('utf8')) as T
