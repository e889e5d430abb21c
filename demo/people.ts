/** The demonstration's people: each with a passkey in a software authenticator, speaking to the server as a browser would. Its keys are in memory, and prove nothing about hardware. */
import { randomUUID } from 'node:crypto'
import { createServer } from 'node:net'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { challengeOf, type Envelope } from '../packages/core/src/envelope/index.ts'
import { challengeSchema } from '../packages/core/src/wire/index.ts'
import { evidenceDeps } from '../packages/git/src/crypto/index.ts'
import { createAuthenticator } from '../packages/testkit/src/software-authenticator.ts'
import { exeat, founderKey } from './stage.ts'

export interface Person {
  /** Taps over what stands now, and sends the act; answers what was signed. */
  act(purpose: 'approve' | 'activate', name: string): Promise<Envelope>
}

type Answer = Readonly<Record<string, unknown>>

/** Enrols a passkey by a one-time link, has the founder's root key vouch for it, and signs in. */
export async function person(name: string, origin: string): Promise<Person> {
  const passkey = createAuthenticator({ origin, rpId: 'localhost' })
  let cookie = ''
  let csrf = ''
  const ask = async (method: string, path: string, body?: unknown): Promise<Answer> => {
    const answer = await fetch(`${origin}${path}`, {
      method, headers: { 'content-type': 'application/json', 'idempotency-key': randomUUID(), cookie, 'exeat-csrf': csrf, origin }, ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    cookie = answer.headers.getSetCookie()[0]?.replace(/;.*$/, '') ?? cookie
    const said = await answer.json() as Answer
    if (!answer.ok) throw new Error(`${method} ${path}: ${JSON.stringify(said)}`)
    return said
  }
  const { url } = JSON.parse(exeat('enrol', 'invite', name, '--actor', 'keeper', '--format', 'json').output) as { readonly url: string }
  const begun = await ask('POST', '/v1/enrolments/options', { secret: new URL(url).hash.slice(1) })
  const key = await ask('POST', '/v1/enrolments', { id: begun['id'], response: passkey.create(begun['options'] as { challenge: string }), label: 'software authenticator' })
  exeat('enrol', 'vouch', String(key['code']), '--root-key', founderKey(name), '--actor', name)
  const signIn = await ask('POST', '/v1/sign-in/passkey/options', {})
  csrf = String((await ask('POST', '/v1/sign-in/passkey', { id: signIn['id'], response: passkey.get(signIn['options'] as { challenge: string }) }))['csrf'])

  return {
    act: async (purpose, id) => {
      const { binding: signed } = await ask('GET', `/v1/opt-outs/${id}`)
      const challenge = challengeSchema.parse(await ask('POST', '/v1/challenges', { purpose, id, signed }))
      const bytes = challengeOf(new Uint8Array(Buffer.from(challenge.random, 'base64url')), challenge.envelope, evidenceDeps.sha256)
      const tap = { challenge: challenge.id, proof: { kind: 'webauthn', response: passkey.get({ challenge: Buffer.from(bytes).toString('base64url') }) } }
      await ask('POST', `/v1/opt-outs/${id}/${purpose === 'approve' ? 'approvals' : 'activation'}`, { signed, tap })
      return challenge.envelope as Envelope
    },
  }
}

/** One of loopback that is free now. */
export async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1')
  await once(probe, 'listening')
  const { port } = probe.address() as AddressInfo
  probe.close()
  await once(probe, 'close')
  return port
}
