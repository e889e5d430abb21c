/** CloudEvents by HTTP: one a message, or many in a batch. */
import type { Manner, Telling } from '../../ports/sinks.ts'
import { messageIdOf, signed, type Signing } from '../standard-webhooks.ts'

export interface WebhookOptions extends Omit<Signing, 'contentType'> {
  readonly name: string
  /** The log's. */
  readonly origin: string
  /** Many in one message (`application/cloudevents-batch+json`): for receivers that would rather have fewer requests. */
  readonly batch: boolean
  readonly now: () => number
}

/** Items that are read at once, and of those so many in a batch: CloudEvents guarantees 64 KiB through intermediaries, and most are small. */
const pages = { single: 64, batch: 256 } as const
const batchBytes = 256 * 1024

export function webhook({ name, origin, batch, now, ...signing }: WebhookOptions): Manner {
  const post: Manner['post'] = ({ items }) => {
    const id = messageIdOf(['exeat/event/v1', origin, name, ...items.map(({ key }) => key)])
    const text = batch ? `[${items.map(({ json }) => json).join(',')}]` : items.map(({ json }) => json).join('')
    const contentType = batch ? 'application/cloudevents-batch+json' : 'application/cloudevents+json'
    return signed({ id, body: new Uint8Array(Buffer.from(text, 'utf8')) }, { ...signing, contentType }, now())
  }
  if (batch) return { page: pages.batch, post, parcels: (items) => batches(items).map((each) => ({ items: each, lane: 'all' })) }
  return { page: pages.single, post, parcels: (items) => items.map((item) => ({ items: [item], lane: item.subject ?? item.key })) }
}

/** As many in each as fit. */
export function batches(items: readonly Telling[], most: number = batchBytes): readonly (readonly Telling[])[] {
  const all: Telling[][] = []
  let size = 0
  for (const item of items) {
    const last = all.at(-1)
    if (last === undefined || size + item.json.length > most) {
      all.push([item])
      size = item.json.length
    } else {
      last.push(item)
      size += item.json.length
    }
  }
  return all
}
