/** Signing in with a passkey, and the sessions of whoever did. */
import type { RouteConfig } from '@hono/zod-openapi'
import type { Context } from 'hono'
import { deleteCookie, setCookie } from 'hono/cookie'
import { canonicalInstant, type Instant } from '@exeat/core'
import { ceremonyAnswerSchema, ceremonySchema, type People as Wire, sessionSchema, sessionsSchema, signInSchema } from '@exeat/core/wire'
import { fingerprint } from '@exeat/core/entry'
import * as z from 'zod'
import { serverProblem } from '../../config/codes.ts'
import { beginSignIn, signIn } from '../../identity/passkeys.ts'
import { csrfOf } from '../../identity/sessions.ts'
import type { Session } from '../../identity/types.ts'
import { cookieName, sessionOf } from '../access.ts'
import type { Env } from '../env.ts'
import { answers, type App, bodyOf, createRoute, forAnyone, forPeople, refusals } from '../parts.ts'
import { refusal } from '../problem.ts'
import type { People } from './services.ts'

const open = { tags: ['people'], security: forAnyone }
const own = { tags: ['people'], security: forPeople }
const gone = { 204: { description: 'It is over.' }, ...refusals }

const state = createRoute({ ...open, method: 'get', path: '/v1/sign-in', summary: 'How one can sign in, and who has', responses: answers(signInSchema, 'The ways in.') })
const options = createRoute({ ...open, method: 'post', path: '/v1/sign-in/passkey/options', summary: 'Begin to sign in with a passkey', responses: answers(ceremonySchema, 'What the browser is to ask the authenticator.') })
const finish = createRoute({ ...open, method: 'post', path: '/v1/sign-in/passkey', summary: 'Sign in with a passkey', request: { body: bodyOf(ceremonyAnswerSchema) }, responses: answers(sessionSchema, 'The session; a cookie holds its token.') })
const current = createRoute({ ...own, method: 'get', path: '/v1/session', summary: 'One\'s own session', responses: answers(sessionSchema, 'The session.') })
const signOut = createRoute({ ...own, method: 'delete', path: '/v1/session', summary: 'Sign out', responses: gone })
const list = createRoute({ ...own, method: 'get', path: '/v1/sessions', summary: 'Where one is signed in', responses: answers(sessionsSchema, 'The sessions.') })
const end = createRoute({ ...own, method: 'delete', path: '/v1/sessions/{id}', summary: 'End a session of one\'s own', request: { params: z.strictObject({ id: fingerprint }) }, responses: gone })

export const signInRoutes: readonly RouteConfig[] = [state, options, finish, current, signOut, list, end]

const fresh = { 'cache-control': 'no-store' }

export function addSignIn(app: App, people: People): void {
  app.openapi(state, async (c) => {
    const { spec: { id, identity } } = await people.workspace()
    const caller = c.get('caller')
    const providers = (identity?.providers ?? []).map(({ name }) => ({ name, start: `/auth/${name}/start` }))
    return c.json({ workspace: id, passkey: identity?.relyingParty !== undefined, providers, session: caller.kind === 'person' ? await viewOf(c, people, caller.session) : null }, 200, fresh)
  })
  app.openapi(options, async (c) => c.json(await beginSignIn(people.passkeys), 200, fresh))
  app.openapi(finish, async (c) => {
    const { person, key } = await signIn(people.passkeys, c.req.valid('json'))
    const session = await openSession(c, people, { person, label: person.sub, method: 'passkey', authenticatedAt: people.now() as Instant })
    return c.json({ ...await viewOf(c, people, session), label: key.person?.sub ?? person.sub }, 200, fresh)
  })
  app.openapi(current, async (c) => c.json(await viewOf(c, people, sessionOf(c)), 200, fresh))
  app.openapi(signOut, async (c) => {
    const { person, id } = sessionOf(c)
    await people.sessions.end(person, id)
    deleteCookie(c, cookieName, cookie)
    return c.body(null, 204, fresh)
  })
  app.openapi(list, async (c) => {
    const all = await people.sessions.of(sessionOf(c).person)
    const views = await Promise.all(all.map((session) => viewOf(c, people, session)))
    return c.json({ items: views.map(({ csrf: _csrf, ...view }) => view) }, 200, fresh)
  })
  app.openapi(end, async (c) => {
    const { id } = c.req.valid('param')
    return await people.sessions.end(sessionOf(c).person, id) ? c.body(null, 204, fresh) : refusal([serverProblem('RESOURCE_UNKNOWN', 'there is no such session of yours')])
  })
}

const cookie = { path: '/', secure: true, httpOnly: true, sameSite: 'Strict' } as const

/** In a browser: the earlier session of this browser ends, so that no token outlives a sign-in (session fixation). */
export async function openSession(c: Context<Env>, people: People, opening: Parameters<People['sessions']['open']>[0]): Promise<Session> {
  const caller = c.get('caller')
  if (caller.kind === 'person' && c.get('cookie') !== undefined) await people.sessions.end(caller.session.person, caller.session.id)
  const { token, session } = await people.sessions.open(opening)
  setCookie(c, cookieName, token, { ...cookie, maxAge: Math.floor((session.until - people.now()) / 1000) })
  c.set('cookie', token)
  c.set('caller', { kind: 'person', session })
  return session
}

export async function viewOf(c: Context<Env>, people: People, session: Session): Promise<Wire['sessionSchema']> {
  const { id, person, label, method, authenticatedAt, createdAt, until, idleUntil, boundTo } = session
  const caller = c.get('caller')
  const current = caller.kind === 'person' && caller.session.id === id
  const token = c.get('cookie')
  return {
    id, person, label, groups: [...await people.groupsOf(person)], method,
    authenticatedAt: canonicalInstant(authenticatedAt), createdAt: canonicalInstant(createdAt), until: canonicalInstant(until), idleUntil: canonicalInstant(idleUntil),
    bound: boundTo !== undefined, current, ...(current && token !== undefined ? { csrf: csrfOf(token) } : {}),
  }
}
