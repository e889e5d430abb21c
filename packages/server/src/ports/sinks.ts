/** Sinks of events: whom the server tells of everything that happens, in what shape, and what came of it. */
import type { EventType, NoticeType } from '@exeat/core/entry'
import type { Posted } from './alarm.ts'

/** CloudEvents 1.0 (https://github.com/cloudevents/spec), with the extension `sequence`: the entry's index in 16 digits, so that texts sort as entries do. */
export interface ToldEvent {
  readonly specversion: '1.0'
  readonly id: string
  readonly source: string
  readonly type: string
  readonly subject?: string
  readonly time: string
  readonly datacontenttype: 'application/json'
  /** Absent where the event is derived, and stands in no entry. */
  readonly sequence?: string
  readonly data: Readonly<Record<string, unknown>>
}

/** What is told: an entry of the log, or something that follows from it and the clock. */
export interface Telling {
  /** Unique among all that a sink is told: the entry's index in 16 digits, or the id of what follows from it. */
  readonly key: string
  /** Of the entry; undefined for what stands in none. */
  readonly index: number | undefined
  readonly type: EventType | NoticeType
  /** What must arrive in order is of one subject. */
  readonly subject: string | null
  readonly time: number
  readonly told: ToldEvent
  /** `told` as JSON. */
  readonly json: string
}

/** One request to a sink. */
export interface Parcel {
  readonly items: readonly Telling[]
  /** Parcels of one lane go one after the other. */
  readonly lane: string
}

/** How a kind of sink is spoken to. */
export interface Manner {
  /** Items that are taken from the log at once. */
  readonly page: number
  /** Milliseconds between two messages of a lane, for services that take only so many. */
  readonly pause?: number
  readonly parcels: (items: readonly Telling[]) => readonly Parcel[]
  /** What is sent now: a repetition differs in its time alone. */
  readonly post: (parcel: Parcel) => Posted
}

/** `refused`: this very message will not be taken; another may. `down`: nothing will, for now. `gone`: nothing ever. */
export type Outcome =
  | { readonly state: 'delivered' }
  | { readonly state: 'refused'; readonly because: string }
  | Stopped

/** Nothing more is sent. */
export interface Stopped {
  readonly state: 'down' | 'gone'
  readonly because: string
  /** Milliseconds. */
  readonly retryAfter?: number
}

/** What an operator is shown. Never the address: it may hold a secret. */
export interface SinkStatus {
  readonly name: string
  readonly kind: string
  readonly state: 'delivering' | 'failing' | 'disabled'
  /** Index of the first entry that was not taken from the log yet. */
  readonly next: number
  /** Entries that were not taken yet. */
  readonly lag: number
  /** Messages that are tried again one by one. */
  readonly waiting: number
  /** Given up, and kept until somebody has them sent again. */
  readonly dead: number
  /** When the first of what was not delivered happened. */
  readonly oldest?: number
  readonly because?: string
}
