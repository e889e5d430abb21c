/** A founded server whose people come from a real OpenID provider on loopback, and browsers that go between the two. The clocks of both run, and the server's may be off. */
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { expect } from 'vitest'
import { oidcProvider, type ProviderOptions, type TestProvider } from '../../../testkit/src/oidc-provider.ts'
import { site, type Reply, type Site } from '../main/support.ts'
import { day, hour, optOut, start } from '../use/support.ts'
import { peopleWorkspace, site as webSite, tappedPolicy } from './people.ts'

export const callbackUri = `${webSite}/auth/acme/callback`

export interface Visitor {
  readonly jar: Map<string, string>
  /** Cookies of the provider. */
  readonly there: Map<string, string>
  csrf: string | undefined
  ask(method: string, path: string, body?: unknown, headers?: Readonly<Record<string, string>>): Promise<Reply>
  /** To the provider and back: the path, with its query, that the browser is sent to here. */
  leave(path: string): Promise<string>
  /** All of it; answers the reply of the callback. */
  signIn(account: string, query?: string): Promise<Reply>
  /** A step-up over an act, and what the callback answers. */
  stepUp(wanted: unknown): Promise<{ readonly challenge: string; readonly reply: Reply }>
}

export interface OidcSite extends Site {
  readonly provider: TestProvider
  /** Milliseconds by which the server's clock is ahead. */
  ahead: number
  visitor(): Visitor
  /** Forgets wrong tries, as a quarter of an hour does. */
  forgive(): void
  /** As `optOut`, in force now. */
  lasting(name: string): Record<string, unknown>
}

const accounts = {
  ann: { name: 'Ann Smith', groups: ['eng', 'unmapped', '__proto__'] }, ben: { name: 'Ben Jones', groups: ['sec', 'ops'] }, cleo: { groups: ['sec'] },
  eve: { name: 'a\nb', groups: 'sec' }, mallory: { groups: { 0: 'sec', length: 1 } }, oscar: { groups: ['sec', 7] },
}

/** `change`: of the workspace, which ends with its `identity`. */
export async function oidcSite(options: Partial<ProviderOptions> = {}, change: (workspace: string, issuer: string) => string = (same) => same): Promise<OidcSite> {
  const provider = await oidcProvider({ clientId: 'exeat', redirectUris: [callbackUri], accounts, ...options })
  const off = { ahead: 0 }
  const began = Date.now()
  const now = (): number => Date.now() + off.ahead
  const base = await site({ pinned: false, founders: ['ann', 'ben'], publicUrl: webSite, now })
  Object.defineProperty(base.clock, 'now', { get: now })
  const snippet = base.founded.snippet.trimEnd().split('\n').map((line) => `  ${line}\n`).join('')
  const providers = `    providers:
      - name: acme
        issuer: ${provider.issuer}
        clientId: exeat
        stepUp: { acr: ["urn:acme:phr"], amr: [hwk, fpt] }
        groups: { claim: groups, map: { eng: engineering, sec: security, ops: sre } }
`
  base.repository.commit({
    '.exeat/workspace.yaml': change(`${peopleWorkspace({ governance: ['ben'] }).replace(/ {2}identity:[^]*$/, '')}${snippet}${providers}`, provider.issuer),
    '.exeat/policies/trivy.yaml': tappedPolicy('', '{ evidence: idp-signed, backupEligible: true }'),
    '.exeat/policies/production.yaml': tappedPolicy().replace('trivy/*', 'grype/*').replace('name: trivy', 'name: production'),
  })
  await base.start({ now })
  const closing = base.close
  const made = Object.assign(base, {
    provider, ahead: 0, visitor: () => visitorOf(base, provider),
    forgive: () => {
      const database = new DatabaseSync(join(base.data, 'identity.sqlite'))
      database.exec("DELETE FROM identity_count WHERE key LIKE 'tries/%'")
      database.close()
    },
    lasting: (name: string) => optOut(name, { from: began - start - hour, until: began - start + 2 * day }),
    close: async () => {
      await closing()
      await provider.stop()
    },
  })
  return Object.defineProperty(made, 'ahead', { get: () => off.ahead, set: (ahead: number) => { off.ahead = ahead } })
}

let keys = 0

function visitorOf(base: Site, provider: TestProvider): Visitor {
  const jar = new Map<string, string>()
  const there = new Map<string, string>()
  const visitor: Visitor = {
    jar, there, csrf: undefined,
    ask: async (method, path, body, headers = {}) => {
      const changing = method === 'GET' ? {} : { origin: webSite, 'sec-fetch-site': 'same-origin', 'idempotency-key': `visitor-${keys += 1}`, ...(visitor.csrf === undefined ? {} : { 'exeat-csrf': visitor.csrf }) }
      const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join('; ')
      const reply = await base.ask(path, { method, body, over: 'network', token: null, headers: { host: new URL(webSite).host, ...changing, ...(cookie === '' ? {} : { cookie }), ...headers } })
      for (const set of [reply.headers['set-cookie'] ?? []].flat()) {
        const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(set) ?? []
        if (value === '' || /max-age=0/i.test(set)) jar.delete(name)
        else jar.set(name, value)
      }
      return reply
    },
    leave: async (path) => {
      const reply = await visitor.ask('GET', path)
      expect([reply.status, reply.text]).toEqual([302, ''])
      const back = new URL(await provider.browse(String(reply.headers['location']), there))
      expect(back.origin).toBe(webSite)
      return `${back.pathname}${back.search}`
    },
    signIn: async (account, query = '') => {
      provider.login = { account, acr: 'urn:acme:pwd', amr: ['pwd'] }
      const reply = await visitor.ask('GET', await visitor.leave(`/auth/acme/start${query}`))
      if (reply.status !== 302) return reply
      visitor.csrf = String((await visitor.ask('GET', '/v1/session')).json()['csrf'])
      return reply
    },
    stepUp: async (wanted) => {
      const begun = await visitor.ask('POST', '/v1/challenges', wanted)
      if (begun.status !== 200) throw new Error(begun.text)
      const { id, factors } = begun.json() as { id: string; factors: { oidc?: string } }
      expect(factors.oidc).toBe(`/auth/acme/step-up?challenge=${id}`)
      return { challenge: id, reply: await visitor.ask('GET', await visitor.leave(`/auth/acme/step-up?challenge=${id}`)) }
    },
  }
  return visitor
}
