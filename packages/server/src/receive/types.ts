import type { Json } from '@exeat/core'
import type { ReceiverConfig } from '../config/schema.ts'
import type { Received } from '@exeat/formats/received'

/** A header by its name in lower case. */
export type Header = (name: string) => string | undefined

/** One system that reports, and how it shows that it is itself. */
export interface Kind {
  readonly name: string
  /** Over the very bytes, before anything reads them. */
  readonly isProven: (header: Header, body: Uint8Array, secrets: readonly string[]) => boolean
  /** What the system numbers each delivery with; undefined where this one has no number. `none`: it numbers none of them. */
  readonly deliveryOf: 'none' | ((header: Header) => string | undefined)
  readonly read: (header: Header, payload: Json, config: ReceiverConfig) => Received
}
