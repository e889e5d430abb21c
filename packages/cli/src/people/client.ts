/** The API's client for somebody who signed in, or is about to: every request carries a proof of the key. */
import { type ApiClient, apiClient } from '@exeat/client'
import { type PrivateJwk, proofFor } from '@exeat/client/session'
import type { Io } from '../edge/io.ts'
import { cliError } from '../edge/problem.ts'
import type { Address } from '../trust/address.ts'
import { isPrivate } from '../trust/private.ts'
import { type ClientSession, readSession } from './session-file.ts'

/** `token`: of a session; absent while there is none yet. */
export function provingClient({ name, base, transport, streaming }: Address, key: PrivateJwk, token?: string): ApiClient {
  return apiClient({
    transport, streaming, base, name,
    authorise: async (method, url) => {
      const proof = await proofFor(key, { method, url, now: Date.now(), ...(token === undefined ? {} : { token }) })
      return token === undefined ? { dpop: proof } : { authorization: `DPoP ${token}`, dpop: proof }
    },
  })
}

/** Over an open network nothing that opens something goes in the clear. @throws {ExeatError} USAGE */
export function checkPrivate({ name, base }: Address): void {
  if (name.startsWith('unix:')) throw cliError('USAGE', 'the administrative socket knows no sign-in', 'name the server: --server https://HOST')
  if (!isPrivate(new URL(base))) throw cliError('USAGE', `a sign-in would go to \`${name}\` in the clear`, 'name the server by https://')
}

/** Undefined where nobody signed in to this server. @throws {ExeatError} STATE_UNUSABLE */
export function sessionClient(address: Address, io: Io): ApiClient | undefined {
  const session = sessionAt(address, io)
  return session === undefined ? undefined : provingClient(address, session.key, session.token)
}

/** Undefined where nobody signed in to this server. @throws {ExeatError} STATE_UNUSABLE */
export function sessionAt(address: Address, io: Io): ClientSession | undefined {
  if (address.name.startsWith('unix:') || !isPrivate(new URL(address.base))) return undefined
  return readSession(address.base, io)
}
