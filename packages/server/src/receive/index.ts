/**
 * One delivery of another system: proven, taken once, mapped, entered. It is acknowledged once what it says is durable: who reports does not repeat it by itself.
 *
 * Two memories keep a delivery from being taken twice. The state of each thing, in the log's own tables, is what counts: it is changed in the transaction of the entry. The
 * rows here are beside it, for a bounded time: a delivery's id, and what reports without a date that something is gone, which could else be sent once more to hide that it is back.
 */
import { createHash } from 'node:crypto'
import type { Json, Observation } from '@exeat/core'
import type { ReceivedAnswer } from '@exeat/core/wire'
import { parseStrictJson } from '@exeat/formats'
import { serverError } from '../config/codes.ts'
import type { ReceiverConfig } from '../config/schema.ts'
import { type IdentityRows, rowKinds } from '../ports/identity.ts'
import type { UseCases } from '../use/types.ts'
import { github } from './github.ts'
import { gitlab } from './gitlab.ts'
import { kubernetesAudit } from './kubernetes.ts'
import { sharedSecrets } from './secrets.ts'
import type { Header, Kind } from './types.ts'

/** Bytes of a report, and how deep and wide it may be. */
export const receivedLimits = { body: 5 * 1024 * 1024, depth: 64, values: 500_000 } as const

/** Milliseconds that a delivery is remembered. */
export const receivedFor = 30 * 86_400_000

const kinds: Readonly<Record<ReceiverConfig['kind'], Kind>> = { github, gitlab, 'kubernetes-audit': kubernetesAudit }

export interface ReceiverOptions {
  readonly receivers: readonly ReceiverConfig[]
  /** Where the secrets of a receiver stand. */
  readonly secretFile: (name: string) => string
  readonly rows: Pick<IdentityRows, 'get' | 'put'>
  readonly useCases: Pick<UseCases, 'observe'>
  readonly now: () => number
  /** What a system signed and nobody here can read. */
  readonly report: (error: Error) => void
}

export interface Receivers {
  readonly find: (name: string) => ReceiverConfig | undefined
  /** Whether a body under this media type is taken. */
  readonly takes: (receiver: ReceiverConfig, mediaType: string) => boolean
  /** @throws {ExeatError} RECEIVED_UNPROVEN, RECEIVED_REPLAYED, RECEIVED_UNREADABLE, REQUEST_INVALID, KEY_UNREADABLE, KEY_OPEN, and where the log cannot be written */
  readonly take: (receiver: ReceiverConfig, header: Header, body: Uint8Array) => Promise<ReceivedAnswer>
}

export function receivers(options: ReceiverOptions): Receivers {
  return {
    find: (name) => options.receivers.find((each) => each.name === name),
    takes: ({ kind }, mediaType) => kinds[kind].mediaTypes.includes(mediaType),
    take: async (receiver, header, body) => {
      const { name } = receiver
      const kind = kinds[receiver.kind]
      if (!kind.isProven(header, body, sharedSecrets(options.secretFile(name)), options.now())) {
        throw serverError('RECEIVED_UNPROVEN', 'the delivery does not show a secret of this receiver', 'the secret must be the same on both sides: docs/receivers.md')
      }
      const digest = sha256(body)
      const memory = memoryOf(options, name)
      const id = idOf(kind, header)
      const before = id === undefined ? undefined : await memory.digestOf(id)
      if (before !== undefined && before !== digest) throw serverError('RECEIVED_REPLAYED', 'a delivery of this id was taken before, and said something else')
      if (before !== undefined) return { receiver: name, outcome: 'repeated', items: [] }
      const observations = await withoutRepeatedEnds(read(options, receiver, kind, header, body), digest, memory)
      const items = await options.useCases.observe(name, observations)
      // INVARIANT: nothing is remembered before it is durable: whoever dies here takes the same delivery again (receivers.test.ts).
      if (id !== undefined) await memory.remember(id, digest)
      if (observations.some(isUndatedEnd)) await memory.remember(`end ${digest}`, digest)
      return { receiver: name, outcome: items.length === 0 ? 'ignored' : 'taken', items: items.map((item) => ({ ...item })) }
    },
  }
}

const sha256 = (bytes: Uint8Array | string): string => createHash('sha256').update(bytes).digest('hex')

/** @throws {ExeatError} REQUEST_INVALID */
function idOf({ deliveryOf }: Kind, header: Header): string | undefined {
  const id = deliveryOf(header)
  if (id === null) return undefined
  if (id === undefined) throw serverError('REQUEST_INVALID', 'the delivery has no id')
  return `id ${id}`
}

interface Memory {
  readonly digestOf: (key: string) => Promise<string | undefined>
  readonly remember: (key: string, digest: string) => Promise<void>
}

function memoryOf({ rows, now }: ReceiverOptions, receiver: string): Memory {
  const keyed = (key: string): string => sha256(JSON.stringify([receiver, key]))
  return {
    digestOf: async (key) => {
      const row = await rows.get(rowKinds.received, keyed(key), now())
      return row === undefined ? undefined : Buffer.from(row.value).toString('utf8')
    },
    remember: async (key, digest) => { await rows.put(rowKinds.received, keyed(key), { value: new Uint8Array(Buffer.from(digest, 'utf8')), expires: now() + receivedFor }, 0, now()) },
  }
}

/** @throws {ExeatError} REQUEST_INVALID, RECEIVED_UNREADABLE */
function read({ report }: ReceiverOptions, receiver: ReceiverConfig, kind: Kind, header: Header, body: Uint8Array): readonly Observation[] {
  const json = parseStrictJson(body, 'body', { maxBytes: receivedLimits.body, maxDepth: receivedLimits.depth, maxValues: receivedLimits.values })
  if (!json.ok) throw serverError('REQUEST_INVALID', `the delivery is not strict JSON (${json.problem.code}): ${json.problem.message}`)
  const received = kind.read(header, json.value as Json, receiver)
  if (received.ok) return received.observations
  const error = serverError('RECEIVED_UNREADABLE', `the receiver \`${receiver.name}\` was sent what it cannot read: ${received.because}`, 'look at the delivery on the side that sent it')
  report(error)
  throw error
}

const isUndatedEnd = ({ change, at }: Observation): boolean => change === 'closed' && at === undefined

/** An end that came before, and states no date: it may be an old one, sent again by whoever saw it. */
async function withoutRepeatedEnds(observations: readonly Observation[], digest: string, memory: Memory): Promise<readonly Observation[]> {
  if (!observations.some(isUndatedEnd) || await memory.digestOf(`end ${digest}`) === undefined) return observations
  return observations.filter((each) => !isUndatedEnd(each))
}
