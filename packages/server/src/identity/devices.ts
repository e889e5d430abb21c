/**
 * Handing over from a command line to a browser: the shape of RFC 8628, with every poll signed by a key that the command line made, so that a device code that
 * was seen opens nothing; and with a user code that is typed by hand (§5.4).
 */
import { randomInt } from 'node:crypto'
import { canonicalInstant, type Instant, type Json, taggedDigest } from '@exeat/core'
import type { People } from '@exeat/core/wire'
import { calculateJwkThumbprint } from 'jose'
import { type IdentityRows, type Row, rowKinds } from '../ports/identity.ts'
import { sha256 } from '../store/ed25519.ts'
import { useError } from '../use/problem.ts'
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
  readonly interval: number
  readonly polledAt?: number
  readonly answer: { readonly state: 'pending' } | { readonly state: 'denied' } | { readonly state: 'allowed'; readonly session: Pick<Session, 'id' | 'person' | 'label' | 'method' | 'authenticatedAt'> }
  | { readonly state: 'done'; readonly uid: string; readonly index: number }
}

/** What an act was, however it names its opt-out. */
export type DoneAct = { readonly purpose: 'approve' | 'activate' } | Exclude<Act, { readonly purpose: 'approve' | 'activate' }>

export type Polled = { readonly state: 'pending'; readonly interval: number } | { readonly state: 'denied' }
  | { readonly state: 'allowed'; readonly session: Pick<Session, 'person' | 'label' | 'method' | 'authenticatedAt'> } | { readonly state: 'done'; readonly uid: string; readonly index: number }

export interface Devices {
  readonly begin: (wanted: People['deviceWantedSchema'], address: string, origin: string) => Promise<People['deviceSchema']>
  /** @throws {ExeatError} DEVICE_UNKNOWN */
  readonly view: (userCode: string) => Promise<People['deviceViewSchema']>
  /** What the person says. @throws {ExeatError} DEVICE_UNKNOWN */
  readonly answer: (session: Session, userCode: string, allow: boolean) => Promise<void>
  /** An act that was handed over, and done by the session that allowed it. */
  readonly done: (session: Session, act: DoneAct, outcome: { readonly uid: string; readonly index: number }) => Promise<void>
  /** `thumbprint`: of the key that signed the poll. @throws {ExeatError} DEVICE_UNKNOWN */
  readonly poll: (deviceCode: string, thumbprint: string) => Promise<Polled>
}

/** The most bytes of an act that waits here, as JSON: whoever leaves it there is nobody yet. */
const largestAct = 256 * 1024

/** The very act that was looked at there: of the same opt-out, and saying the same. */
function isDone(handed: Act, act: DoneAct, uid: string): boolean {
  if (handed.purpose !== act.purpose) return false
  if ('id' in handed && handed.id !== uid) return false
  if ('review' in handed) return 'review' in act && handed.review.verdict === act.review.verdict && handed.review.reason === act.review.reason
  return !('asked' in handed) || ('asked' in act && taggedDigest('exeat/handed/v1', handed.asked as Json, sha256) === taggedDigest('exeat/handed/v1', act.asked as Json, sha256))
}

const alphabet = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'
const newUserCode = (): string => Array.from({ length: 8 }, () => alphabet[randomInt(alphabet.length)] ?? '').join('')
/** As people read it. */
const told = (code: string): string => `${code.slice(0, 4)}-${code.slice(4)}`
/** As it may be typed: letters that look like digits are those digits (Crockford). */
const plain = (code: string): string => code.toUpperCase().replaceAll(/[^0-9A-Z]/g, '').replaceAll('O', '0').replaceAll(/[IL]/g, '1')

const unknown = () => identityError('DEVICE_UNKNOWN', 'the code is unknown, was answered, or is over', 'look at the terminal again, or begin anew there')

export function devices(rows: IdentityRows, now: () => number): Devices {
  async function byUserCode(code: string): Promise<{ readonly key: string; readonly row: Row; readonly kept: Kept }> {
    const [found] = await rows.owned(rowKinds.device, plain(code), now())
    if (found === undefined) throw unknown()
    return { key: found.key, row: found, kept: fromBytes<Kept>(found.value) }
  }
  async function change(key: string, row: Row, kept: Kept): Promise<void> {
    const next = { value: toBytes(kept), ...(row.owner === null ? {} : { owner: row.owner }), ...(row.expires === null ? {} : { expires: row.expires }) }
    if (!await rows.put(rowKinds.device, key, next, row.version, now())) throw unknown()
  }
  return {
    begin: async ({ key, client, act }, address, origin) => {
      const size = act === undefined ? 0 : toBytes(act).length
      if (size > largestAct) throw useError('INPUT_TOO_LARGE', `the act has ${size} bytes, and ${largestAct} can be handed over`, 'ask for it where you are signed in: in the browser')
      const deviceCode = newSecret()
      const userCode = newUserCode()
      const at = now()
      const kept: Kept = { key: await calculateJwkThumbprint(key), client: { ...client, address }, interval, answer: { state: 'pending' }, ...(act === undefined ? {} : { act }) }
      if (!await rows.put(rowKinds.device, hashOf(deviceCode), { value: toBytes(kept), owner: userCode, expires: at + life }, 0, at)) throw new Error('a random code came twice')
      const uri = `${origin}/device`
      return { deviceCode, userCode: told(userCode), verificationUri: uri, verificationUriComplete: uri, interval, expiresAt: canonicalInstant((at + life) as Instant) }
    },
    view: async (userCode) => {
      const { row, kept: { client, act, answer } } = await byUserCode(userCode)
      if (answer.state !== 'pending') throw unknown()
      return { client, ...(act === undefined ? {} : { act }), expiresAt: canonicalInstant((row.expires ?? now()) as Instant) }
    },
    answer: async ({ id, person, label, method, authenticatedAt }, userCode, allow) => {
      const { key, row, kept } = await byUserCode(userCode)
      if (kept.answer.state !== 'pending') throw unknown()
      await change(key, row, { ...kept, answer: allow ? { state: 'allowed', session: { id, person, label, method, authenticatedAt } } : { state: 'denied' } })
    },
    done: async (session, act, outcome) => {
      for (const { key, ...row } of await rows.all(rowKinds.device, now())) {
        const kept = fromBytes<Kept>(row.value)
        const { act: handed, answer } = kept
        if (answer.state !== 'allowed' || answer.session.id !== session.id || handed === undefined || !isDone(handed, act, outcome.uid)) continue
        // oxlint-disable-next-line no-await-in-loop -- one, as a rule
        await change(key, row, { ...kept, answer: { state: 'done', ...outcome } })
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
      const next = { ...kept, interval: tooSoon ? kept.interval + slowDown : kept.interval, polledAt: now() }
      await change(key, row, next)
      return { state: 'pending', interval: next.interval }
    },
  }
}
