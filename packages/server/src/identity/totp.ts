/**
 * One-time codes (RFC 6238): the weakest second factor there is here. The server alone knows that one was typed, so what it shows is `server-asserted`; a code
 * is good once (§5.2), whoever sends it and to whichever replica.
 */
import { createCipheriv, createDecipheriv } from 'node:crypto'
import { generateURI, verify } from 'otplib'
import type { Identity } from '@exeat/core'
import { identityKey } from '@exeat/core'
import { type IdentityRows, rowKinds } from '../ports/identity.ts'
import { identityError } from './codes.ts'

/** Of a secret, in bytes (RFC 4226 §4 R6 recommends 160 bits). */
const secretSize = 20
/** In seconds. */
const period = 30

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'

/** RFC 4648 §6; 20 bytes need no padding. */
function base32(bytes: Uint8Array): string {
  const bits = [...bytes].map((byte) => byte.toString(2).padStart(8, '0')).join('')
  return (bits.match(/.{5}/g) ?? []).map((five) => alphabet[Number.parseInt(five, 2)] ?? '').join('')
}

/** AES-256-GCM under the key file of the data folder, bound to whose secret it is. */
export interface Seal {
  /** 32 bytes. */
  readonly key: Uint8Array
  readonly random: (count: number) => Uint8Array
}

function seal({ key, random }: Seal, secret: Uint8Array, about: string): string {
  const nonce = random(12)
  const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(Buffer.from(about, 'utf8'))
  return Buffer.concat([nonce, cipher.update(secret), cipher.final(), cipher.getAuthTag()]).toString('base64url')
}

/** @throws where it was sealed under another key or for somebody else */
function unseal({ key }: Seal, sealed: string, about: string): Uint8Array {
  const bytes = Buffer.from(sealed, 'base64url')
  const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, 12)).setAAD(Buffer.from(about, 'utf8'))
  decipher.setAuthTag(bytes.subarray(-16))
  return new Uint8Array(Buffer.concat([decipher.update(bytes.subarray(12, -16)), decipher.final()]))
}

interface Kept {
  readonly sealed: string
  /** The last step whose code was taken; a code of it or before is spent. */
  readonly step: number
}

const toBytes = (kept: Kept): Uint8Array => new Uint8Array(Buffer.from(JSON.stringify(kept), 'utf8'))
const aboutOf = (id: string, person: Identity): string => JSON.stringify(['exeat/totp/v1', id, identityKey(person)])

export interface NewCode {
  /** Random, 32 hex digits: of the credential. */
  readonly id: string
  /** base32, shown once. */
  readonly secret: string
  /** `otpauth://…`, for an authenticator's camera. */
  readonly uri: string
}

/** Keeps a new secret, sealed; it stands until `life` is over, or for good once `confirmCode` was called. */
export async function newCode(rows: IdentityRows, sealing: Seal, person: Identity, { label, life, now }: { readonly label: string; readonly life: number; readonly now: number }): Promise<NewCode> {
  const id = Buffer.from(sealing.random(16)).toString('hex')
  const bytes = sealing.random(secretSize)
  const kept = { sealed: seal(sealing, bytes, aboutOf(id, person)), step: 0 }
  if (!await rows.put(rowKinds.totp, id, { value: toBytes(kept), owner: identityKey(person), expires: now + life }, 0, now)) throw new Error('a random id came twice')
  const secret = base32(bytes)
  return { id, secret, uri: generateURI({ issuer: 'Exeat', label, secret }) }
}

/**
 * The step of a code that is right and was never taken before; from then on it, and all before it, are spent. The row stays for good.
 * @throws {ExeatError} TAP_WRONG
 */
export async function spendCode(rows: IdentityRows, sealing: Seal, person: Identity, id: string, code: string, now: number): Promise<number> {
  const row = await rows.get(rowKinds.totp, id, now)
  const wrong = () => identityError('TAP_WRONG', 'the one-time code is wrong, or was used', 'wait for the next one')
  if (row === undefined || row.owner !== identityKey(person)) throw wrong()
  const { sealed, step } = JSON.parse(Buffer.from(row.value).toString('utf8')) as Kept
  const secret = unseal(sealing, sealed, aboutOf(id, person))
  // The code of one step before and after is taken as well: clocks differ (RFC 6238 §5.2).
  const checked = await verify({ secret: base32(secret), token: code, epoch: Math.floor(now / 1000), period, digits: 6, epochTolerance: period, ...(step > 0 ? { afterTimeStep: step } : {}) }).catch(() => ({ valid: false as const }))
  if (!checked.valid || !('timeStep' in checked) || !(checked.timeStep > step)) throw wrong()
  // Of two at once with one code exactly one writes the mark.
  if (!await rows.put(rowKinds.totp, id, { value: toBytes({ sealed, step: checked.timeStep }), owner: identityKey(person) }, row.version, now)) throw wrong()
  return checked.timeStep
}
