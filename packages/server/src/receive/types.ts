import type { Json } from '@exeat/core'
import type { Received } from '@exeat/formats/received'

/** A header by its name in lower case. */
export type Header = (name: string) => string | undefined

/** One system that reports, and how it shows that it is itself. */
export interface Kind {
  readonly name: string
  /** Over the very bytes, before anything reads them. */
  readonly isProven: (header: Header, body: Uint8Array, secrets: readonly string[]) => boolean
  /** What the system numbers its deliveries with; undefined where it names none. */
  readonly deliveryOf: (header: Header) => string | undefined
  readonly read: (header: Header, payload: Json) => Received
}
