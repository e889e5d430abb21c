/** Handing over from a command line to a browser (RFC 8628), bound to a key of the command line. */
import type { RouteConfig } from '@hono/zod-openapi'
import { devicePollSchema, deviceConsentSchema, deviceSchema, deviceTokenSchema, deviceViewSchema, deviceWantedSchema } from '@exeat/core/wire'
import { calculateJwkThumbprint } from 'jose'
import type { Context } from 'hono'
import * as z from 'zod'
import { identityError } from '../../identity/codes.ts'
import { provenKey } from '../../identity/dpop.ts'
import type { UseCases } from '../../use/types.ts'
import { addressOf, sessionOf, urlsOf } from '../access.ts'
import { answers, type App, bodyOf, createRoute, forAnyone, forPeople, refusals } from '../parts.ts'
import type { Env } from '../env.ts'
import type { People } from './services.ts'
import { viewOf } from './sign-in.ts'

const tags = ['people']
const params = z.strictObject({ userCode: z.string().min(6).max(20) })

const begin = createRoute({ tags, security: forAnyone, method: 'post', path: '/v1/device', summary: 'Hand over to a browser', request: { body: bodyOf(deviceWantedSchema) }, responses: answers(deviceSchema, 'The code to type there.', 201) })
const poll = createRoute({ tags, security: forAnyone, method: 'post', path: '/v1/device/token', summary: 'Ask what came of it; signed with the key', request: { body: bodyOf(devicePollSchema) }, responses: answers(deviceTokenSchema, 'What came of it so far.') })
const look = createRoute({ tags, security: forPeople, method: 'get', path: '/v1/device/{userCode}', summary: 'Who asks, and for what', request: { params }, responses: answers(deviceViewSchema, 'What the other side says of itself.') })
const answer = createRoute({ tags, security: forPeople, method: 'post', path: '/v1/device/{userCode}', summary: 'Allow it, or refuse it', request: { params, body: bodyOf(deviceConsentSchema) }, responses: { 204: { description: 'It is told.' }, ...refusals } })

export const deviceRoutes: readonly RouteConfig[] = [begin, poll, look, answer]

const fresh = { 'cache-control': 'no-store' }

export function addDevices(app: App, people: People, uses: UseCases): void {
  app.openapi(begin, async (c) => {
    const wanted = c.req.valid('json')
    // What somebody is to tap is begun by them alone: else anybody could put acts of their own choosing before people.
    const person = wanted.act === undefined ? undefined : sessionOf(c).person
    const thumbprint = await thumbprintOf(c, people)
    if (thumbprint !== await calculateJwkThumbprint(wanted.key)) throw identityError('PROOF_WRONG', 'the proof is of another key than was sent')
    const [origin] = await people.origins()
    if (origin === undefined) throw identityError('PASSKEYS_OFF', 'the workspace names no address to sign in at', 'state `identity.relyingParty` in the workspace')
    return c.json(await people.devices.begin(wanted, { address: addressOf(c), origin, ...(person === undefined ? {} : { person }) }), 201, fresh)
  })
  app.openapi(poll, async (c) => {
    const thumbprint = await thumbprintOf(c, people)
    const polled = await people.devices.poll(c.req.valid('json').deviceCode, thumbprint)
    if (polled.state === 'allowed') {
      const { person, label, method, authenticatedAt } = polled.session
      const { token, session } = await people.sessions.open({ person, label, method, authenticatedAt, boundTo: thumbprint })
      return c.json({ state: 'signed-in' as const, token, session: await viewOf(c, people, session) }, 200, fresh)
    }
    if (polled.state === 'done') return c.json({ state: 'done' as const, ...await uses.receipt(polled.index) }, 200, fresh)
    return c.json(polled, 200, fresh)
  })
  app.openapi(look, async (c) => {
    const session = sessionOf(c)
    const { person } = session
    const address = addressOf(c)
    await people.attempts.refuseLocked(person, address)
    try {
      return c.json(await people.devices.view(session, c.req.valid('param').userCode), 200, fresh)
    } catch (error) {
      await people.attempts.failed(person, address)
      throw error
    }
  })
  app.openapi(answer, async (c) => {
    const { code, allow } = c.req.valid('json')
    const { userCode } = c.req.valid('param')
    if (code !== userCode) throw identityError('DEVICE_UNKNOWN', 'another code was typed than was looked at', 'type the code that the terminal shows')
    await people.devices.answer(sessionOf(c), userCode, allow)
    return c.body(null, 204, fresh)
  })
}

/** Of the key that signed the request: the session's own, which was proved before it came here, or the one whose proof came along. @throws {ExeatError} PROOF_* */
async function thumbprintOf(c: Context<Env>, people: People): Promise<string> {
  const caller = c.get('caller')
  const bound = caller.kind === 'person' ? caller.session.boundTo : undefined
  return bound ?? provenKey({ proof: c.req.header('dpop'), method: 'POST', urls: await urlsOf(c, people) }, people.rows, people.now())
}
