/** What the parts of the adapter share: how GitLab is asked, and how its answers are read. */
import type { z } from 'zod'
import type { ForgeAccount } from '../../ports/forge.ts'
import { forgeError } from '../codes.ts'
import { type Answered, type Dialect, type ForgeAccess, forgeHttp, type ForgeHttp, notUnderstood } from '../http.ts'
import { type User, userInFull } from './answers.ts'

export interface GitLabOptions extends ForgeAccess {
  /** `iss` of its people: `https://gitlab.com`. */
  readonly issuer: string
}

export interface GitLab {
  readonly http: ForgeHttp
  readonly graph: (query: string, variables: Readonly<Record<string, unknown>>) => Promise<unknown>
  /** Whether it is a program, only the account itself says. */
  readonly account: (user: User) => Promise<ForgeAccount>
}

export const dialect: Dialect = {
  name: 'GitLab',
  headers: (token) => ({ 'private-token': token }),
  limitedFor: ({ status, headers }, now) => {
    if (status !== 429) return undefined
    const after = Number(headers.get('retry-after') ?? Number.NaN)
    if (after >= 0) return after * 1000
    const reset = Number(headers.get('ratelimit-reset') ?? Number.NaN)
    return reset > 0 ? Math.max(reset * 1000 - now, 1000) : 60_000
  },
}

/** @throws {ExeatError} FORGE_SETTINGS */
export function openHub({ issuer, ...access }: GitLabOptions): GitLab {
  const http = forgeHttp(access, dialect)
  const questions = forgeHttp({ ...access, api: `${access.api.replace(/\/v4\/?$/, '')}/graphql` }, dialect)
  const known = new Map<number, Promise<ForgeAccount>>()
  const asked = async ({ id }: User): Promise<ForgeAccount> => {
    const { username, bot = false } = read(userInFull, await http.ask(`/users/${id}`), `/users/${id}`)
    return { identity: { iss: issuer, sub: String(id) }, login: username, isBot: bot }
  }
  return {
    http,
    graph: async (query, variables) => (await questions.ask('', { method: 'POST', isRead: true, body: { query, variables } })).body,
    account: (user) => {
      const account = known.get(user.id) ?? asked(user)
      known.set(user.id, account)
      return account
    },
  }
}

/** @throws {ExeatError} FORGE_ANSWER */
export function read<T extends z.ZodType>(schema: T, { body }: Pick<Answered, 'body'>, what: string): z.output<T> {
  const parsed = schema.safeParse(body)
  if (!parsed.success) throw notUnderstood(dialect, what)
  return parsed.data
}

/** `/projects/acme%2Fpayments`. @throws {ExeatError} FORGE_SETTINGS */
export function projectPath(project: string): string {
  if (!/^[\w.-]{1,255}(?:\/[\w.-]{1,255}){1,20}$/.test(project) || project.split('/').some((part) => /^\.+$/.test(part))) throw forgeError('FORGE_SETTINGS', `\`${project}\` is no project`, 'name it as group/project')
  return `/projects/${encodeURIComponent(project)}`
}
