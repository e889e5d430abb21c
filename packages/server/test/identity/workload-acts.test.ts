/** A valid token of a job, on every route that acts, over the wire: refused as a job's, whatever comes with it. */
import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Claims } from '../../../testkit/src/oidc-provider.ts'
import { permissions } from '../../src/http/permissions.ts'
import { tokens, workloads } from './jobs.ts'
import { type OidcSite, oidcSite } from './oidc-site.ts'

let at: OidcSite
beforeAll(async () => {
  at = await oidcSite({}, (workspace, issuer) => workspace
    .replace('repositoryId: "1001" }', 'repositoryId: "1001" }\n    - { name: acme/ledger, forge: gitlab, repositoryId: "2002", ref: release }').concat(workloads(issuer)))
})
afterAll(async () => at.close())

const { github, gitlab, account } = tokens(() => at.provider.issuer)

describe('attack-29: a job, or a program within one, acts for nobody, whatever its token is and whatever it sends', () => {
  const acts = Object.keys(permissions).filter((route) => /^(?:POST|DELETE) \/v1\//.test(route) && permissions[route]?.callers.includes('workload') !== true)
  const kinds: readonly (readonly [string, string, () => Claims])[] = [['GitHub', '?audience=1001', github], ['GitLab', '?audience=2002', gitlab], ['Kubernetes', '', () => account('admission', 'uid-9')]]

  test.each(kinds)('of %s: the token is good, and no act takes it, not even with the second factor of a person who wanted just this', async (kind, audienceOf, claims) => {
    // What it may do shows that the token is a good one.
    expect((await at.ask(`/v1/bundle${audienceOf}`, { over: 'network', token: await at.provider.sign(claims()) })).status).toBe(200)
    const ben = at.visitor()
    await ben.signIn('ben')
    const ann = at.visitor()
    await ann.signIn('ann')
    const name = `jobs-${kind.toLowerCase()}`
    const asked = (await ann.ask('POST', '/v1/opt-outs', { document: at.lasting(name) })).json()['optOut'] as { uid: string; binding: unknown }
    at.provider.login = { account: 'ben', acr: 'urn:acme:phr', amr: ['hwk'] }
    const { challenge } = await ben.stepUp({ purpose: 'approve', id: asked.uid, signed: asked.binding })
    const tap = { challenge, proof: { kind: 'oidc' } }
    const bodies: Readonly<Record<string, unknown>> = {
      'POST /v1/opt-outs': { document: at.lasting(`${name}-2`) }, 'POST /v1/opt-outs/{id}/approvals': { signed: asked.binding, tap }, 'POST /v1/opt-outs/{id}/activation': { signed: asked.binding, tap },
      'POST /v1/opt-outs/{id}/revocation': { reason: 'x' }, 'POST /v1/emergencies': { document: at.lasting(`${name}-3`), team: 'sre', tap }, 'POST /v1/opt-outs/{id}/review': { verdict: 'justified', reason: 'x', tap },
    }
    for (const route of acts) {
      const [method = '', path = ''] = route.split(' ')
      // oxlint-disable-next-line no-await-in-loop -- the limits of rates are not what is tested
      const reply = await at.ask(path.replaceAll(/\{\w+\}/g, asked.uid), {
        // oxlint-disable-next-line no-await-in-loop
        method, ...(method === 'POST' ? { body: bodies[route] ?? {} } : {}), over: 'network', token: await at.provider.sign(claims()), headers: { 'idempotency-key': randomUUID() }, conforms: false,
      })
      const { code } = reply.json()
      // Routes that are open to everybody know no caller, and refuse what was sent.
      expect([route, reply.status >= 400, permissions[route]?.callers.includes('anonymous') === true || code === 'CALLER_REFUSED', code === 'CALLER_REFUSED' ? reply.status : 403]).toEqual([route, true, true, 403])
    }
    expect((await ann.ask('GET', `/v1/opt-outs/${asked.uid}`)).json()).toMatchObject({ phase: 'proposed', approvals: [] })
    // The person's answer waits untouched, and does what they wanted when they send it.
    expect((await ben.ask('POST', `/v1/opt-outs/${asked.uid}/approvals`, { signed: asked.binding, tap })).json()).toMatchObject({ evidence: 'idp-signed', optOut: { phase: 'approved' } })
  })
})
