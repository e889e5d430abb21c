/**
 * Handing over from a command line to a browser: the shape of RFC 8628, with every poll signed by a key that the command line made, so that a device code that
 * was seen opens nothing; and with a user code that is typed by hand (§5.4).
 */
import { randomInt } from 'node:crypto'
import { canonicalInstant, type Identity, type Instant, sameIdentity } from '@exeat/core'
import type { People } from '@exeat/core/wire'
import { calculateJwkThumbprint } from 'jose'
import { type IdentityRows, type Row, rowKinds } from '../ports/identity.ts'
import { contentOf, type TapWanted } from './challenges.ts'
import { identityError } from './codes.ts'
import { fromBytes, hashOf, newSecret, toBytes } from './secrets.ts'
import type { Session } from './types.ts'

const life = 5 * 60_000
/** Seconds between polls; whoever asks sooner waits longer (§3.5). */
const interval = 2
const slowDown = 5

type Act = NonNullable<People['deviceWantedSchema']['act']>

interface Kept {
  readonly key: string
  readonly client: People['deviceViewSchema']['client']
  readonly act?: Act
  /** Of an act: whoever began it, and nobody else looks at it, answers it or does it. */
  readonly person?: Identity
  readonly interval: number
  readonly polledAt?: number
  readonly answer: { readonly state: 'pending' } | { readonly state: 'denied' } | { readonly state: 'allowed'; readonly session: Pick<Session, 'id' | 'person' | 'label' | 'method' | 'authenticatedAt'> }
  | { readonly state: 'done'; readonly index: number }
}

export type Polled = { readonly state: 'pending'; readonly interval: number } | { readonly state: 'denied' }
  | { readonly state: 'allowed'; readonly session: Pick<Session, 'person' | 'label' | 'method' | 'authenticatedAt'> } | { readonly state: 'done'; readonly index: number }

export interface Devices {
  /** `person`: of an act, whoever wants it. */
  readonly begin: (wanted: People['deviceWantedSchema'], from: { readonly address: string; readonly origin: string; readonly person?: Identity }) => Promise<People['deviceSchema']>
  /** @throws {ExeatError} DEVICE_UNKNOWN */
  readonly view: (session: Pick<Session, 'person'>, userCode: string) => Promise<People['deviceViewSchema']>
  /** What the person says. @throws {ExeatError} DEVICE_UNKNOWN */
  readonly answer: (session: Session, userCode: string, allow: boolean) => Promise<void>
  /** An act that was handed over, and done by the session that allowed it: this very act, with all that it says. */
  readonly done: (session: Pick<Session, 'id'>, act: TapWanted, index: number) => Promise<void>
  /** `thumbprint`: of the key that signed the poll. @throws {ExeatError} DEVICE_UNKNOWN */
  readonly poll: (deviceCode: string, thumbprint: string) => Promise<Polled>
}

/** How often a row is read again that somebody else keeps writing. */
const attempts = 10

const alphabet = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'
const newUserCode = (): string => Array.from({ length: 8 }, () => alphabet[randomInt(alphabet.length)] ?? '').join('')
/** As people read it. */
const told = (code: string): string => `${code.slice(0, 4)}-${code.slice(4)}`
/** As it may be typed: letters that look like digits are those digits (Crockford). */
const plain = (code: string): string => code.toUpperCase().replaceAll(/[^0-9A-Z]/g, '').replaceAll('O', '0').replaceAll(/[IL]/g, '1')

const unknown = () => identityError('DEVICE_UNKNOWN', 'the code is unknown, was answered, or is over', 'look at the terminal again, or begin anew there')

export function devices(rows: IdentityRows, now: () => number): Devices {
  async function byUserCode({ person }: Pick<Session, 'person'>, code: string): Promise<{ readonly key: string; readonly row: Row; readonly kept: Kept }> {
    const [found] = await rows.owned(rowKinds.device, plain(code), now())
    const kept = found === undefined ? undefined : fromBytes<Kept>(found.value)
    if (found === undefined || kept === undefined || !awaits(kept, person)) throw unknown()
    return { key: found.key, row: found, kept }
  }
  /** Reads again where somebody else wrote in between: a poll comes every two seconds, whatever else happens. False where there is nothing left to change. */
  async function change(key: string, next: (kept: Kept) => Kept | undefined): Promise<boolean> {
    for (let attempt = 0; attempt < attempts; attempt++) {
      // oxlint-disable-next-line no-await-in-loop -- each attempt sees what the one before missed
      const row = await rows.get(rowKinds.device, key, now())
      const changed = row === undefined ? undefined : next(fromBytes<Kept>(row.value))
      if (row === undefined || changed === undefined) return false
      const written = { value: toBytes(changed), ...(row.owner === null ? {} : { owner: row.owner }), ...(row.expires === null ? {} : { expires: row.expires }) }
      // oxlint-disable-next-line no-await-in-loop
      if (await rows.put(rowKinds.device, key, written, row.version, now())) return true
    }
    return false
  }
  return {
    begin: async ({ key, client, act }, { address, origin, person }) => {
      const deviceCode = newSecret()
      const userCode = newUserCode()
      const at = now()
      const kept: Kept = { key: await calculateJwkThumbprint(key), client: { ...client, address }, interval, answer: { state: 'pending' }, ...(act === undefined ? {} : { act }), ...(person === undefined ? {} : { person }) }
      if (!await rows.put(rowKinds.device, hashOf(deviceCode), { value: toBytes(kept), owner: userCode, expires: at + life }, 0, at)) throw new Error('a random code came twice')
      const uri = `${origin}/device`
      return { deviceCode, userCode: told(userCode), verificationUri: uri, verificationUriComplete: uri, interval, expiresAt: canonicalInstant((at + life) as Instant) }
    },
    view: async (session, userCode) => {
      const { row, kept: { client, act } } = await byUserCode(session, userCode)
      return { client, ...(act === undefined ? {} : { act }), expiresAt: canonicalInstant((row.expires ?? now()) as Instant) }
    },
    answer: async (session, userCode, allow) => {
      const { id, person, label, method, authenticatedAt } = session
      const { key } = await byUserCode(session, userCode)
      const answer: Kept['answer'] = allow ? { state: 'allowed', session: { id, person, label, method, authenticatedAt } } : { state: 'denied' }
      if (!await change(key, (kept) => (awaits(kept, person) ? { ...kept, answer } : undefined))) throw unknown()
    },
    done: async (session, wanted, index) => {
      const content = contentOf(wanted)
      const isThis = ({ act, answer }: Kept): boolean => answer.state === 'allowed' && answer.session.id === session.id && act !== undefined && contentOf(act) === content
      for await (const { key, value } of everyRow(rows, now())) {
        // The act stands in the log by now: that nobody waits for it any more is nothing that it could fail by.
        if (isThis(fromBytes<Kept>(value))) await change(key, (kept) => (isThis(kept) ? { ...kept, answer: { state: 'done', index } } : undefined))
      }
    },
    poll: async (deviceCode, thumbprint) => {
      const key = hashOf(deviceCode)
      const row = await rows.get(rowKinds.device, key, now())
      const kept = row === undefined ? undefined : fromBytes<Kept>(row.value)
      if (row === undefined || kept === undefined || kept.key !== thumbprint) throw unknown()
      const { answer, act, polledAt } = kept
      if (answer.state === 'denied' || answer.state === 'done' || (answer.state === 'allowed' && act === undefined)) {
        // Told once.
        if (await rows.take(rowKinds.device, key, now()) === undefined) throw unknown()
        return answer
      }
      const tooSoon = polledAt !== undefined && now() - polledAt < kept.interval * 1000 - 500
      const next = { interval: tooSoon ? kept.interval + slowDown : kept.interval, polledAt: now() }
      // What came meanwhile is told to the next poll.
      await change(key, (current) => ({ ...current, ...next }))
      return { state: 'pending', interval: next.interval }
    },
  }
}

/** Whether somebody may look at it and answer it: nobody has, and an act is shown to whoever began it alone. */
const awaits = ({ answer, person }: Kept, who: Identity): boolean => answer.state === 'pending' && (person === undefined || sameIdentity(person, who))

/** However many hand-overs wait. */
async function* everyRow(rows: IdentityRows, now: number): AsyncGenerator<Row & { readonly key: string }> {
  for (let after = ''; ;) {
    // oxlint-disable-next-line no-await-in-loop -- a page after the other
    const page = await rows.all(rowKinds.device, now, { after })
    yield* page
    const last = page.at(-1)
    if (last === undefined) return
    after = last.key
  }
}
