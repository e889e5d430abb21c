import type { Json } from '@exeat/core'
import type { ReceiverConfig } from '../config/schema.ts'
import type { Received } from '@exeat/formats/received'

/** A header by its name in lower case. */
export type Header = (name: string) => string | undefined

/** One system that reports, and how it shows that it is itself. */
export interface Kind {
  readonly name: string
  /** Of the body, which is JSON whatever it is called. */
  readonly mediaTypes: readonly string[]
  /** Over the very bytes, before anything reads them. `now`: milliseconds since the epoch. */
  readonly isProven: (header: Header, body: Uint8Array, secrets: readonly string[], now: number) => boolean
  /** What the system numbers this delivery with; null where it numbers none, undefined where it should have. */
  readonly deliveryOf: (header: Header) => string | null | undefined
  readonly read: (header: Header, payload: Json, config: ReceiverConfig) => Received
}
