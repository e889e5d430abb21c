/** Keys: invited, enrolled, vouched for, removed. */
import type { RouteConfig } from '@hono/zod-openapi'
import type { Context } from 'hono'
import type { Identity, Instant } from '@exeat/core'
import { fingerprint, localIssuer } from '@exeat/core/entry'
import { ceremonySchema, enrolmentSchema, enrolmentsSchema, enrolSchema, enrolStartSchema, linkSchema, linkWantedSchema, reasonSchema, sshEnrolSchema, vouchSchema } from '@exeat/core/wire'
import * as z from 'zod'
import { identityError } from '../../identity/codes.ts'
import { advanceCounter } from '../../identity/counters.ts'
import { beginRegistration, finishRegistration } from '../../identity/passkeys.ts'
import { heldSshKey } from '../../identity/ssh-keys.ts'
import { actorOfSession } from '../../identity/signed-in.ts'
import type { Actor, UseCases } from '../../use/types.ts'
import { actorOf, addressOf, keyOf, sessionOf } from '../access.ts'
import type { Env } from '../env.ts'
import { actHeaders, answers, type App, bodyOf, createRoute, forActors, forAnyone, forPeople, forPoints } from '../parts.ts'
import type { People } from './services.ts'

const tags = ['people']
const parameters = [...actHeaders]
const params = z.strictObject({ credential: fingerprint })

const link = createRoute({ tags, security: forActors, parameters, method: 'post', path: '/v1/links', summary: 'Make a one-time link to enrol a key with', request: { body: bodyOf(linkWantedSchema) }, responses: answers(linkSchema, 'Shown once.', 201) })
const options = createRoute({ tags, security: forAnyone, method: 'post', path: '/v1/enrolments/options', summary: 'Begin to enrol a passkey', request: { body: bodyOf(enrolStartSchema) }, responses: answers(ceremonySchema, 'What the browser is to ask the authenticator.') })
const enrol = createRoute({ tags, security: forAnyone, parameters: [actHeaders[0]], method: 'post', path: '/v1/enrolments', summary: 'Enrol a passkey', request: { body: bodyOf(enrolSchema) }, responses: answers(enrolmentSchema, 'The key, as the log has it.', 201) })
const enrolSsh = createRoute({ tags, security: forPeople, parameters: [actHeaders[0]], method: 'post', path: '/v1/enrolments/ssh', summary: 'Enrol an SSH security key of one\'s own', request: { body: bodyOf(sshEnrolSchema) }, responses: answers(enrolmentSchema, 'The key, as the log has it.', 201) })
const list = createRoute({ tags, security: forPoints, method: 'get', path: '/v1/enrolments', summary: 'Every key that is or was enrolled', responses: answers(enrolmentsSchema, 'The keys.') })
const vouch = createRoute({ tags, security: forActors, parameters, method: 'post', path: '/v1/enrolments/{credential}/vouch', summary: 'Vouch for a key', request: { params, body: bodyOf(vouchSchema) }, responses: answers(enrolmentSchema, 'The key as it stands now.') })
const remove = createRoute({ tags, security: forActors, parameters, method: 'post', path: '/v1/enrolments/{credential}/removal', summary: 'Remove a key, at once', request: { params, body: bodyOf(reasonSchema) }, responses: answers(enrolmentSchema, 'The key as it was.') })

export const enrolmentRoutes: readonly RouteConfig[] = [link, options, enrol, enrolSsh, list, vouch, remove]

const fresh = { 'cache-control': 'no-store' }

export function addEnrolments(app: App, people: People, uses: UseCases): void {
  app.openapi(link, async (c) => {
    const actor = actorOf(c, people.now)
    keyOf(c)
    if (c.get('caller').kind !== 'operator' && !await uses.governs(actor)) throw identityError('CALLER_REFUSED', 'only those who govern invite people', 'ask somebody of the groups of `governance.approve`')
    const { person, label } = c.req.valid('json')
    // Whoever an identity provider knows, it knows by a sign-in of their own.
    if (person.iss !== localIssuer) throw identityError('CALLER_REFUSED', `links are for people of \`${localIssuer}\`, and \`${person.iss}\` has a provider of its own`)
    const [origin] = await people.origins()
    if (origin === undefined) throw identityError('PASSKEYS_OFF', 'the workspace names no relying party', 'state `identity.relyingParty` in the workspace: the host, and where people tap')
    return c.json(await people.links.make({ person, label, invitedBy: actor.identity }, origin), 201, fresh)
  })
  app.openapi(options, async (c) => {
    const { secret } = c.req.valid('json')
    if (secret === undefined) {
      const { person, label, id } = sessionOf(c)
      return c.json(await beginRegistration(people.passkeys, { person, label, holder: { session: id } }), 200, fresh)
    }
    const { id, person, label, invitedBy } = await people.links.look(secret)
    return c.json(await beginRegistration(people.passkeys, { person, label, invitedBy, holder: { link: id } }), 200, fresh)
  })
  app.openapi(enrol, async (c) => {
    const { id, response, label } = c.req.valid('json')
    const key = keyOf(c)
    const caller = c.get('caller')
    const { person, passkey, counter, link: spent, invitedBy } = await finishRegistration(people.passkeys, { id, response }, caller.kind === 'person' ? caller.session.id : undefined)
    if (spent !== undefined) await people.links.spend(spent)
    const index = await uses.enrol(newcomer(person, people), { credential: passkey, label, ...(invitedBy === undefined ? {} : { invitedBy }) }, key)
    const view = await viewAt(uses, index)
    await advanceCounter(people.rows, view.credential, counter, people.now(), people.passkeys.report)
    return c.json(view, 201, fresh)
  })
  app.openapi(enrolSsh, async (c) => {
    const session = sessionOf(c)
    const { label, ...sent } = c.req.valid('json')
    const credential = heldSshKey(session.person, sent)
    const index = await uses.enrol(actorOfSession(session), { credential, label }, keyOf(c))
    return c.json(await viewAt(uses, index), 201, fresh)
  })
  app.openapi(list, async (c) => c.json(await uses.enrolments(), 200, fresh))
  app.openapi(vouch, async (c) => {
    const { credential } = c.req.valid('param')
    const said = c.req.valid('json')
    const root = 'root' in said ? said : undefined
    const actor = 'tap' in said ? tapping(c, people, credential, said.tap) : actorOf(c, people.now)
    const index = await uses.vouch(actor, credential, root, keyOf(c))
    if ('tap' in said) await people.devices.done(sessionOf(c), { purpose: 'enrol', credential }, index)
    return c.json(await viewOf(uses, credential), 200, fresh)
  })
  app.openapi(remove, async (c) => {
    const { credential } = c.req.valid('param')
    await uses.removeKey(actorOf(c, people.now), credential, c.req.valid('json').reason, keyOf(c))
    return c.json(await viewOf(uses, credential), 200, fresh)
  })
}

/** Whoever holds the key that was just made, and has no other evidence: the key counts for nothing until somebody vouches for it. */
const newcomer = (person: Identity, { now }: People): Actor => ({ identity: person, evidence: { strength: 'none', kind: 'sign-in', method: 'passkey', at: now() as Instant } })

function tapping(c: Context<Env>, people: People, credential: string, tap: Parameters<People['taps']['made']>[2]): Actor {
  return { ...actorOf(c, people.now), tap: people.taps.made(sessionOf(c), { purpose: 'enrol', credential }, tap, addressOf(c)) }
}

export async function viewAt(uses: UseCases, index: number): Promise<z.output<typeof enrolmentSchema>> {
  const found = (await uses.enrolments()).items.find((each) => each.index === index)
  if (found === undefined) throw new Error(`entry ${index} enrols no key`)
  return found
}

/** The one that stands, else the one that was removed last. */
async function viewOf(uses: UseCases, credential: string): Promise<z.output<typeof enrolmentSchema>> {
  const all = (await uses.enrolments()).items.filter((each) => each.credential === credential)
  const found = all.find(({ removedAt }) => removedAt === undefined) ?? all.at(-1)
  if (found === undefined) throw identityError('KEY_UNKNOWN', `no key has the digest \`${credential}\``)
  return found
}
