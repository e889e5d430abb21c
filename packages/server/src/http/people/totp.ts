/** One-time codes of one's own: a secret, and its confirmation with a code and the tap of a key that counts. */
import type { RouteConfig } from '@hono/zod-openapi'
import { canonicalInstant, type Instant } from '@exeat/core'
import { credentialDigest } from '@exeat/core/enrolment'
import { comparisonCode } from '@exeat/core/envelope'
import { enrolmentSchema, totpConfirmationSchema, totpSchema } from '@exeat/core/wire'
import { actorOfSession } from '../../identity/signed-in.ts'
import { newCode, spendCode } from '../../identity/totp.ts'
import { sha256 } from '../../store/ed25519.ts'
import type { UseCases } from '../../use/types.ts'
import { addressOf, keyOf, sessionOf } from '../access.ts'
import { actHeaders, answers, type App, bodyOf, createRoute, forPeople } from '../parts.ts'
import { viewAt } from './enrolments.ts'
import type { People } from './services.ts'

const common = { tags: ['people'], security: forPeople }

const begin = createRoute({ ...common, method: 'post', path: '/v1/totp', summary: 'Begin to enrol one-time codes', responses: answers(totpSchema, 'The secret; it is shown once.', 201) })
const confirm = createRoute({
  ...common, parameters: [actHeaders[0]], method: 'post', path: '/v1/totp/confirmation', summary: 'Enrol one-time codes', request: { body: bodyOf(totpConfirmationSchema) },
  responses: answers(enrolmentSchema, 'The key, as the log has it.', 201),
})

export const totpRoutes: readonly RouteConfig[] = [begin, confirm]

/** How long a secret waits for its first code, in milliseconds. */
const life = 15 * 60_000
const fresh = { 'cache-control': 'no-store' }

export function addTotp(app: App, people: People, uses: UseCases): void {
  app.openapi(begin, async (c) => {
    const { person, label } = sessionOf(c)
    const now = people.now()
    const { id, secret, uri } = await newCode(people.rows, people.sealing, person, { label, life, now })
    const credential = credentialDigest(person, { kind: 'totp', id }, sha256)
    return c.json({ id, credential, code: comparisonCode(credential), secret, uri, expiresAt: canonicalInstant((now + life) as Instant) }, 201, fresh)
  })
  app.openapi(confirm, async (c) => {
    const session = sessionOf(c)
    const { id, code, label, tap } = c.req.valid('json')
    const address = addressOf(c)
    await people.attempts.refuseLocked(session.person, address)
    await spendCode(people.rows, people.sealing, session.person, id, code, people.now()).catch(async (error: unknown) => {
      await people.attempts.failed(session.person, address)
      throw error
    })
    const credential = credentialDigest(session.person, { kind: 'totp', id }, sha256)
    const actor = { ...actorOfSession(session), tap: people.taps.made(session, { purpose: 'enrol', credential }, tap, address) }
    const index = await uses.enrol(actor, { credential: { kind: 'totp', id }, label }, keyOf(c))
    return c.json(await viewAt(uses, index), 201, fresh)
  })
}
