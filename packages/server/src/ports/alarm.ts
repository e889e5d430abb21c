/** Telling people outside of what happened: where to, what came of it, and the network as a function. */

/** Whom an alarm goes to: `alerts` of the workspace. The address may hold a secret, and is shown to nobody. */
export interface Sink {
  readonly name: string
  readonly url: string
}

/** `dead`: given up, after three days. */
export type DeliveryState = 'waiting' | 'delivered' | 'dead'

/** What came of one message to one sink. */
export interface Delivery {
  readonly sink: string
  /** 0: at once; then counted each time that it was repeated. */
  readonly round: number
  readonly state: DeliveryState
  readonly attempts: number
  /** Milliseconds since the epoch: when it was delivered, else of the next attempt. */
  readonly at: number
  /** Why the last attempt failed. */
  readonly because?: string
}

/** Of the alarm under this key (`StoredAlarm`). */
export type DeliveriesOf = (alarm: string) => Promise<readonly Delivery[]>

export interface Posted {
  readonly headers: Readonly<Record<string, string>>
  readonly body: Uint8Array
}

/** Sends it once, and answers the status. Rejects where there is no answer, with a reason that names no address. Follows nobody elsewhere. */
export type Post = (url: string, posted: Posted) => Promise<number>
