/** What came of each message, in rows beside the log: what is due follows from the log, so that losing a row costs a second delivery under the same id. */
import type { DeliveriesOf, Delivery, Sink } from '../ports/alarm.ts'
import { type IdentityRows, rowKinds } from '../ports/identity.ts'
import { sha256 } from '../store/ed25519.ts'
import { fromBytes, toBytes } from '../use/stored.ts'

export type DeliveryRows = Pick<IdentityRows, 'get' | 'put' | 'owned'>

export interface Held {
  /** 0: there is none yet. */
  readonly version: number
  readonly delivery: Delivery | undefined
}

/** Of two sinks of one name, each has its own. */
const rowKey = (alarm: string, { name, url }: Sink, round: number): string =>
  `${alarm}/${String(round).padStart(3, '0')}/${name}/${Buffer.from(sha256(Buffer.from(url, 'utf8'))).toString('hex').slice(0, 16)}`

export interface Progress {
  readonly read: (alarm: string, sink: Sink, round: number) => Promise<Held>
  /** False where somebody else wrote it meanwhile. */
  readonly write: (alarm: string, sink: Sink, delivery: Delivery, expected: number) => Promise<boolean>
}

export function progressIn(rows: DeliveryRows, now: () => number): Progress {
  return {
    read: async (alarm, sink, round) => {
      const row = await rows.get(rowKinds.delivery, rowKey(alarm, sink, round), now())
      return row === undefined ? { version: 0, delivery: undefined } : { version: row.version, delivery: fromBytes<Delivery>(row.value) }
    },
    write: (alarm, sink, delivery, expected) => rows.put(rowKinds.delivery, rowKey(alarm, sink, delivery.round), { value: toBytes(delivery), owner: alarm }, expected, now()),
  }
}

export const deliveriesIn = (rows: Pick<DeliveryRows, 'owned'>, now: () => number): DeliveriesOf => async (alarm) =>
  (await rows.owned(rowKinds.delivery, alarm, now())).map(({ value }) => fromBytes<Delivery>(value))
