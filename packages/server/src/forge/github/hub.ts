/** What the parts of the adapter share: how GitHub is asked, and how its answers are read. */
import type { z } from 'zod'
import type { ForgeAccount } from '../../ports/forge.ts'
import { forgeError } from '../codes.ts'
import { type Answered, type Dialect, type ForgeAccess, forgeHttp, type ForgeHttp, notUnderstood } from '../http.ts'
import type { User } from './answers.ts'

export interface GitHubOptions extends ForgeAccess {
  /** `iss` of its people: `https://github.com`. */
  readonly issuer: string
  /** Of GraphQL; absent: where it lies beside the API. */
  readonly graph?: string
}

export interface GitHub {
  readonly http: ForgeHttp
  /** One question in GraphQL. */
  readonly graph: (query: string, variables: Readonly<Record<string, unknown>>) => Promise<unknown>
  readonly account: (user: User) => ForgeAccount
}

/** @throws {ExeatError} FORGE_SETTINGS */
export const openHub = ({ issuer, graph, ...access }: GitHubOptions): GitHub => ({ http: forgeHttp(access, dialect), graph: grapher(access, graph), account: accountsOf(issuer) })

export const dialect: Dialect = {
  name: 'GitHub',
  headers: (token) => ({ authorization: `Bearer ${token}`, 'x-github-api-version': '2022-11-28' }),
  limitedFor: ({ status, headers }, now) => {
    if (status !== 403 && status !== 429) return undefined
    const after = Number(headers.get('retry-after') ?? Number.NaN)
    if (after >= 0) return after * 1000
    const reset = Number(headers.get('x-ratelimit-reset') ?? Number.NaN)
    if (headers.get('x-ratelimit-remaining') === '0' && reset > 0) return Math.max(reset * 1000 - now, 1000)
    return status === 429 ? 60_000 : undefined
  },
}

/** `https://api.github.com/graphql`, and beside `/api/v3` of an own server `/api/graphql`. */
function grapher(access: ForgeAccess, stated: string | undefined): GitHub['graph'] {
  const api = stated ?? `${access.api.replace(/\/(?:v3\/?)?$/, '')}/graphql`
  const http = forgeHttp({ ...access, api }, dialect)
  return async (query, variables) => (await http.ask('', { method: 'POST', isRead: true, body: { query, variables } })).body
}

const accountsOf = (issuer: string): GitHub['account'] => ({ id, login, type }) => ({ identity: { iss: issuer, sub: String(id) }, login, isBot: type !== 'User' })

/** @throws {ExeatError} FORGE_ANSWER */
export function read<T extends z.ZodType>(schema: T, { body }: Pick<Answered, 'body'>, what: string): z.output<T> {
  const parsed = schema.safeParse(body)
  if (!parsed.success) throw notUnderstood(dialect, what)
  return parsed.data
}

/** `/repos/acme/payments`; a name goes into no other place. @throws {ExeatError} FORGE_SETTINGS */
export function repositoryPath(repository: string): string {
  if (!/^[\w.-]{1,100}\/[\w.-]{1,100}$/.test(repository) || repository.split('/').some((part) => /^\.+$/.test(part))) throw forgeError('FORGE_SETTINGS', `\`${repository}\` is no repository`, 'name it as owner/name')
  return `/repos/${repository}`
}

/** What an account that is gone opened was opened by nobody who could approve it. */
export const openerOf = ({ account }: GitHub, opener: User | null): ForgeAccount => account(opener ?? { id: 10137, login: 'ghost', type: 'User' })
