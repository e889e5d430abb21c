/** Signatures of messages as Standard Webhooks has them (https://www.standardwebhooks.com): `v1a` by the server's own key, and `v1` where a secret is shared with the receiver. */
import { createHmac, timingSafeEqual } from 'node:crypto'
import type { Posted } from '../ports/alarm.ts'
import { sha256 } from '../store/ed25519.ts'

export interface Message {
  /** The same however often it is sent: receivers know a repetition by it. */
  readonly id: string
  readonly body: Uint8Array
}

/** Ed25519 over the bytes. */
export type SignMessage = (bytes: Uint8Array) => Uint8Array

/** What receivers may be told apart by: nobody learns from an id what else there is. */
export const messageIdOf = (parts: readonly (string | number)[]): string => `msg_${Buffer.from(sha256(Buffer.from(JSON.stringify(parts), 'utf8'))).toString('hex').slice(0, 40)}`

export interface Signing {
  readonly sign: SignMessage
  /** `whsec_…`: while one follows another, both. */
  readonly secrets?: readonly string[]
  readonly contentType?: string
}

/** @param now milliseconds since the epoch; whole seconds are signed */
export function signed({ id, body }: Message, { sign, secrets = [], contentType = 'application/cloudevents+json' }: Signing, now: number): Posted {
  const timestamp = String(Math.floor(now / 1000))
  const content = Buffer.concat([Buffer.from(`${id}.${timestamp}.`, 'utf8'), body])
  const shared = secrets.map((secret) => `v1,${createHmac('sha256', secretBytes(secret)).update(content).digest('base64')}`)
  const signature = [`v1a,${Buffer.from(sign(new Uint8Array(content))).toString('base64')}`, ...shared].join(' ')
  return { headers: { 'content-type': contentType, 'user-agent': 'exeat', 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': signature }, body }
}

/** Whether a message that came in is signed with one of these secrets (`v1`). Each is compared in constant time; its age is for the caller to judge. */
export function verifiesShared({ id, timestamp, signature }: { readonly id: string; readonly timestamp: string; readonly signature: string }, body: Uint8Array, secrets: readonly string[]): boolean {
  const shown = signature.slice(0, 4096).split(' ').flatMap((each) => (/^v1,[A-Za-z0-9+/]{43}=$/.test(each) ? [Buffer.from(each.slice(3), 'base64')] : []))
  const content = Buffer.concat([Buffer.from(`${id}.${timestamp}.`, 'utf8'), body])
  const wanted = secrets.map((secret) => createHmac('sha256', secretBytes(secret)).update(content).digest())
  return wanted.flatMap((own) => shown.filter((each) => timingSafeEqual(own, each))).length > 0
}

/** `whsec_` and 24 to 64 bytes in base64. */
export function isWebhookSecret(text: string): boolean {
  const bytes = secretBytes(text)
  return text.startsWith('whsec_') && bytes.length >= 24 && bytes.length <= 64 && `whsec_${bytes.toString('base64')}` === text
}

const secretBytes = (text: string): Buffer => Buffer.from(text.replace(/^whsec_/, ''), 'base64')

/** How Standard Webhooks spells a public key. */
export const webhookKeyText = (publicKey: Uint8Array): string => `whpk_${Buffer.from(publicKey).toString('base64')}`
