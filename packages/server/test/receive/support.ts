/** A server with a receiver of GitHub's webhooks, and what GitHub would send it. */
import { createHmac, randomUUID } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { ReceivedAnswer, Shadows } from '@exeat/core/wire'
import { type Reply, site, type Site } from '../main/support.ts'

export const secret = 'a-secret-of-the-receiver'

export interface Delivery {
  readonly event?: string
  readonly id?: string
  readonly secret?: string
  /** In place of the one that is right. */
  readonly signature?: string | null
  readonly headers?: Readonly<Record<string, string>>
  readonly to?: string
}

export interface ReceivingSite extends Site {
  readonly secrets: (...secrets: readonly string[]) => void
  readonly deliver: (payload: unknown, delivery?: Delivery) => Promise<Reply>
  readonly taken: (payload: unknown, delivery?: Delivery) => Promise<ReceivedAnswer>
  readonly shadows: (query?: string) => Promise<Shadows['items']>
}

export async function receivingSite(): Promise<ReceivingSite> {
  const at = await site()
  at.configure((config) => ({ ...config, receivers: [{ name: 'hub', kind: 'github' }] }))
  const secrets = (...all: readonly string[]): void => { writeFileSync(join(at.data, 'keys', 'receiver-hub.secret'), `${all.join('\n')}\n`, { mode: 0o600 }) }
  secrets(secret)
  const deliver: ReceivingSite['deliver'] = (payload, { event = 'code_scanning_alert', id = randomUUID(), secret: own = secret, signature, headers = {}, to = 'hub' } = {}) => {
    const body = Buffer.from(typeof payload === 'string' ? payload : JSON.stringify(payload))
    const right = `sha256=${createHmac('sha256', own).update(body).digest('hex')}`
    return at.ask(`/v1/receivers/${to}`, {
      method: 'POST', over: 'network', token: null, body: new Uint8Array(body),
      headers: { 'x-github-event': event, 'x-github-delivery': id, ...(signature === null ? {} : { 'x-hub-signature-256': signature ?? right }), ...headers },
    })
  }
  return Object.assign(at, {
    secrets, deliver,
    taken: async (payload: unknown, delivery?: Delivery) => {
      const reply = await deliver(payload, delivery)
      if (reply.status !== 200) throw new Error(`it was answered with ${reply.status}: ${reply.text}`)
      return reply.json() as ReceivedAnswer
    },
    shadows: async (query = '') => ((await at.ask(`/v1/shadow${query}`)).json() as Shadows).items,
  })
}

const instant = (at: number): string => new Date(at).toISOString().replace(/\.\d{3}Z$/, 'Z')

export interface AlertParts {
  readonly number?: number
  readonly repository?: number
  readonly rule?: string
  readonly tool?: string
  readonly path?: string
  readonly at: number
  readonly reason?: string
}

const about = (repository: number) => ({ repository: { id: repository, full_name: 'acme/payments' }, sender: { login: 'mona', id: 7 } })

export const dismissed = ({ number = 1, repository = 1001, rule = 'CVE-2021-44228', tool = 'Trivy', path = 'pom.xml', at, reason = 'false positive' }: AlertParts): Record<string, unknown> => ({
  action: 'closed_by_user', ref: 'refs/heads/main', commit_oid: 'a'.repeat(40),
  alert: {
    number, state: 'dismissed', dismissed_at: instant(at), dismissed_by: { login: 'mona', id: 7 }, dismissed_reason: reason, dismissed_comment: 'secret words', rule: { id: rule, severity: 'error' }, tool: { name: tool, version: null },
    most_recent_instance: { ref: 'refs/heads/main', analysis_key: 'x', environment: '{}', state: 'dismissed', location: { path, start_line: 1 } },
  },
  ...about(repository),
})

export const reopened = ({ number = 1, repository = 1001, at }: AlertParts): Record<string, unknown> =>
  ({ action: 'reopened_by_user', alert: { number, state: 'open', updated_at: instant(at) }, ...about(repository) })

export const branchProtection = (action: 'disabled' | 'enabled', repository = 1001): Record<string, unknown> => ({ action, ...about(repository) })
