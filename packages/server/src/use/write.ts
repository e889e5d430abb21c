/** Entries and their bodies, made under the log's lock. */
import { createHmac } from 'node:crypto'
import type { HexDigest, Identity, Instant, LifecycleEvent } from '@exeat/core'
import { identityKey } from '@exeat/core'
import { commitment, encodeEvent, encodeLeaf, type LogEvent, MAX_BODY_SIZE, recorded, SALT_SIZE, type Signed } from '@exeat/core/entry'
import * as z from 'zod'
import type { Transaction } from '../ports/log.ts'
import { sha256 } from '../store/ed25519.ts'
import type { UseDependencies } from './context.ts'
import { demand, useError } from './problem.ts'
import { bodyKinds } from './stored.ts'

export type Writer = Pick<UseDependencies, 'random' | 'pseudonymKey' | 'origin'>

/** What is to be entered, without what every entry gets. */
export type Said = Pick<LogEvent, 'type' | 'data'> & { readonly subject: HexDigest | null }

export interface Written {
  readonly entries: readonly Uint8Array[]
  /** The digests of their bodies. */
  readonly bodies: readonly HexDigest[]
}

/** Stands for a person in the public tree: the same for all that they do, and nobody without the key can tell whose it is. */
export const pseudonymOf = (key: Uint8Array, identity: Identity): HexDigest => createHmac('sha256', key).update(identityKey(identity), 'utf8').digest('hex')

/**
 * Keeps the bodies of events and gives their entries, in order. `earlier`: how many entries of the operation stand before them.
 * @throws {ExeatError} INPUT_TOO_LARGE where a body would not fit
 */
export async function writeEvents(tx: Transaction, writer: Writer, by: Identity, events: readonly Said[]): Promise<Written> {
  const actor = pseudonymOf(writer.pseudonymKey, by)
  const made = events.map((said) => entryOf(said, tx.at as Instant, actor, writer))
  for (const { digest, kept } of made) demand(await tx.keep(bodyKinds.event, digest, kept))
  return { entries: made.map(({ entry }) => entry), bodies: made.map(({ digest }) => digest) }
}

function entryOf({ type, data, subject }: Said, time: Instant, actor: HexDigest, { random, origin }: Writer) {
  const id = uuidv7(time, random(10))
  const body = encoded({ type, id, source: origin, subject, time, data } as LogEvent)
  if (body.length > MAX_BODY_SIZE) {
    throw useError('INPUT_TOO_LARGE', `the entry would have ${body.length} bytes, and may have ${MAX_BODY_SIZE}`, 'name fewer targets, or ask for several opt-outs')
  }
  const salt = random(SALT_SIZE)
  const digest = commitment(salt, body, sha256)
  return { entry: encodeLeaf({ v: 1, id, type, time, uid: subject, actor, body: digest }), digest, kept: new Uint8Array(Buffer.concat([salt, body])) }
}

/** The schema of an entry bounds what a document may leave open: how many targets it names. */
function encoded(event: LogEvent): Uint8Array {
  try {
    return encodeEvent(event)
  } catch (error) {
    if (!(error instanceof z.ZodError)) throw error
    const issue = error.issues[0]
    throw useError('INPUT_TOO_LARGE', `the entry cannot hold \`${issue?.path.join('.') ?? ''}\`: ${issue?.message ?? 'it is too large'}`, 'name fewer targets, or ask for several opt-outs')
  }
}

/** What a lifecycle event is entered as. */
export const saidOf = (event: LifecycleEvent, signed: Signed | null): Said => ({ ...recorded(event, signed), subject: event.uid })

/** RFC 9562 §5.7: 48 bits of milliseconds, then version, variant and 74 random bits. */
export function uuidv7(at: number, random: Uint8Array): string {
  const time = at.toString(16).padStart(12, '0')
  const hex = Buffer.from(random.subarray(0, 10)).toString('hex')
  const variant = '89ab'.charAt(Number.parseInt(hex.charAt(3), 16) & 3)
  return `${time.slice(0, 8)}-${time.slice(8, 12)}-7${hex.slice(0, 3)}-${variant}${hex.slice(4, 7)}-${hex.slice(7, 19)}`
}
