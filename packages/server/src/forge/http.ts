/** What forges' HTTP has in common: a token that goes to one place alone, pages by `Link`, patience with limits and failures, and answers of bounded size. */
import { forgeError } from './codes.ts'

export interface ForgeAccess {
  /** Of the API, without a slash at its end: `https://api.github.com`. */
  readonly api: string
  readonly token: string
  readonly fetch?: typeof fetch
  /** Milliseconds. */
  readonly wait?: (time: number) => Promise<void>
  /** Milliseconds since the epoch; a forge says at which second its limit ends. */
  readonly clock?: () => number
}

export interface Asked {
  readonly method?: 'GET' | 'POST' | 'PATCH' | 'PUT'
  readonly query?: Readonly<Record<string, string | number>>
  readonly body?: unknown
  /** A question that is sent as something to write. */
  readonly isRead?: true
}

export interface Answered {
  readonly status: number
  readonly body: unknown
  readonly headers: Headers
}

/** How a forge wants to be asked, and how it says that it is asked too often. */
export interface Dialect {
  readonly name: string
  readonly headers: (token: string) => Readonly<Record<string, string>>
  /** Milliseconds until it takes requests again; absent: the refusal is none of limits. */
  readonly limitedFor: (answer: Answered, now: number) => number | undefined
}

export interface ForgeHttp {
  /** Answers 2xx, and 404 and 403 where `absent` takes them; every other answer rejects. */
  ask(path: string, asked?: Asked): Promise<Answered>
  /** The same, where what is not there or not to be seen is absent. */
  find(path: string, asked?: Asked): Promise<Answered | undefined>
  /** Every entry of a list, page after page. */
  list(path: string, query?: Asked['query']): Promise<readonly unknown[]>
  findList(path: string, query?: Asked['query']): Promise<readonly unknown[] | undefined>
}

/** Milliseconds for one request, between tries of one that failed, and at most for a limit to end. */
const patience = 20_000
const pauses = [1_000, 4_000, 15_000] as const
const longestLimit = 120_000
const mostBytes = 16 * 1024 * 1024
const mostPages = 200

const pause = (time: number): Promise<void> => new Promise((resolve) => { setTimeout(resolve, time) })

/** @throws {ExeatError} FORGE_SETTINGS */
export function forgeHttp({ api, token, fetch: send = fetch, wait = pause, clock = Date.now }: ForgeAccess, dialect: Dialect): ForgeHttp {
  const base = checkedApi(api)
  if (!/^[!-~]{8,4096}$/.test(token)) throw forgeError('FORGE_SETTINGS', `the token for ${dialect.name} is missing or no token`, 'set EXEAT_FORGE_TOKEN')
  const once = async (url: URL, { method = 'GET', body }: Asked): Promise<Answered | { readonly failed: string }> => {
    try {
      const answer = await send(url, {
        method, redirect: 'manual', signal: AbortSignal.timeout(patience),
        headers: { ...dialect.headers(token), accept: 'application/json', 'user-agent': 'exeat', ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      })
      return { status: answer.status, headers: answer.headers, body: jsonOf(await bounded(answer)) }
    } catch (cause) {
      return { failed: reasonOf(cause) }
    }
  }
  const patiently = async (url: URL, asked: Asked): Promise<Answered> => {
    let limits = 0
    for (let tries = 0; ;) {
      // oxlint-disable-next-line no-await-in-loop -- each try waits for what came of the last
      const answer = await once(url, asked)
      const limited = 'failed' in answer ? undefined : dialect.limitedFor(answer, clock())
      if (limited !== undefined) {
        limits += 1
        if (limited > longestLimit || limits > pauses.length) throw forgeError('FORGE_LIMITED', `${dialect.name} takes no more requests for ${Math.ceil(limited / 1000)} s`, 'run the review again later, or use a token with a larger limit')
        // oxlint-disable-next-line no-await-in-loop -- see above
        await wait(limited)
        continue
      }
      if (!('failed' in answer) && answer.status < 500) return answer
      const time = pauses[tries]
      // What was written may stand although the answer says otherwise: writing it twice is left to whoever asks again.
      if (time === undefined || isWriting(asked)) throw forgeError('FORGE_UNREACHABLE', `${dialect.name} at \`${base.host}\` ${'failed' in answer ? `gives no answer: ${answer.failed}` : `fails with ${answer.status}`}`, 'see whether it is up, and run the review again')
      tries += 1
      // oxlint-disable-next-line no-await-in-loop -- see above
      await wait(time)
    }
  }
  const request = async (url: URL, asked: Asked, absent: boolean): Promise<Answered | undefined> => {
    const answer = await patiently(url, asked)
    const { status } = answer
    if (status >= 200 && status < 300) return answer
    if (absent && (status === 404 || status === 403)) return undefined
    throw refusalOf(answer, url, dialect)
  }
  const must = (answer: Answered | undefined): Answered => {
    if (answer === undefined) throw new Error('only what may be absent is')
    return answer
  }
  const pages = async (path: string, query: Asked['query'], absent: boolean): Promise<readonly unknown[] | undefined> => {
    const found: unknown[] = []
    let url: URL | undefined = urlOf(base, path, { per_page: 100, ...query })
    for (let count = 0; url !== undefined; count += 1) {
      if (count >= mostPages) throw forgeError('FORGE_ANSWER', `${dialect.name} answers \`${path}\` with more than ${mostPages} pages`)
      // oxlint-disable-next-line no-await-in-loop -- each page names the next
      const answer: Answered | undefined = await request(url, {}, absent)
      if (answer === undefined) return undefined
      if (!Array.isArray(answer.body)) throw notUnderstood(dialect, path)
      found.push(...answer.body as unknown[])
      url = nextOf(answer.headers.get('link'), base, dialect)
    }
    return found
  }
  return {
    ask: async (path, asked = {}) => must(await request(urlOf(base, path, asked.query), asked, false)),
    find: (path, asked = {}) => request(urlOf(base, path, asked.query), asked, true),
    list: async (path, query) => await pages(path, query, false) ?? [],
    findList: (path, query) => pages(path, query, true),
  }
}

const isWriting = ({ method = 'GET', isRead }: Asked): boolean => method !== 'GET' && isRead !== true

export const notUnderstood = ({ name }: Dialect, what: string) => forgeError('FORGE_ANSWER', `${name} answers \`${what}\` with something that is not understood`, 'see whether the address is that of its API')

function refusalOf({ status, body }: Answered, { pathname }: URL, { name }: Dialect) {
  const said = sentenceOf(body)
  const words = `${name} answers ${status} for \`${pathname}\`${said === undefined ? '' : `: ${said}`}`
  if (status === 401) return forgeError('FORGE_TOKEN', words, 'the token is revoked or has ended: use another')
  if (status === 403) return forgeError('FORGE_FORBIDDEN', words, 'give the token what docs/forges.md lists')
  if (status === 404 || status === 410) return forgeError('FORGE_UNKNOWN', words, 'see whether the name is right and the token may see it')
  if (status >= 300 && status < 400) return forgeError('FORGE_MOVED', words, 'use the name that the repository has now; nothing is followed, so that the token goes nowhere else')
  return forgeError('FORGE_ANSWER', words)
}

/** What the forge says of its refusal: foreign text, which whoever prints it makes harmless. */
function sentenceOf(body: unknown): string | undefined {
  if (typeof body !== 'object' || body === null) return undefined
  const { message, error } = body as { readonly message?: unknown; readonly error?: unknown }
  const said = [message, error].find((each) => typeof each === 'string')
  return typeof said === 'string' ? said.slice(0, 200) : undefined
}

/** @throws {ExeatError} FORGE_SETTINGS */
function checkedApi(text: string): URL {
  const url = URL.parse(text)
  const local = url !== null && ['localhost', '127.0.0.1', '[::1]'].includes(url.hostname)
  if (url === null || !(url.protocol === 'https:' || (url.protocol === 'http:' && local)) || url.username !== '' || url.search !== '' || url.hash !== '') {
    throw forgeError('FORGE_SETTINGS', `\`${text}\` is no address of an API`, 'it begins with https:// and has no query')
  }
  return url
}

function urlOf(base: URL, path: string, query: Asked['query'] = {}): URL {
  const url = new URL(`${base.href.replace(/\/$/, '')}${path}`)
  for (const [key, value] of Object.entries(query)) url.searchParams.set(key, String(value))
  return url
}

/** RFC 8288. A page elsewhere would be given the token. @throws {ExeatError} FORGE_MOVED */
function nextOf(link: string | null, base: URL, { name }: Dialect): URL | undefined {
  const [, target] = /<([^<>]*)>\s*;[^,]*\brel="?next"?/.exec(link ?? '') ?? []
  if (target === undefined) return undefined
  const url = URL.parse(target, base.href)
  if (url === null || url.origin !== base.origin) throw forgeError('FORGE_MOVED', `${name} says that a list goes on at another place than \`${base.host}\``, 'see whether the address is that of its API')
  return url
}

/** @throws {Error} if it is larger than an answer may be */
async function bounded(answer: Response): Promise<string> {
  const pieces: Uint8Array[] = []
  let size = 0
  for await (const piece of answer.body ?? []) {
    size += piece.length
    if (size > mostBytes) throw new Error(`its answer has more than ${mostBytes} bytes`)
    pieces.push(piece)
  }
  return Buffer.concat(pieces).toString('utf8')
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** Without addresses: what a failed connection says can hold a proxy's password. */
function reasonOf(cause: unknown): string {
  if (!(cause instanceof Error)) return 'it broke off'
  if (cause.name === 'TimeoutError') return `none within ${patience / 1000} s`
  const { code } = (cause.cause ?? cause) as { readonly code?: unknown }
  return typeof code === 'string' ? code : cause.message.slice(0, 200)
}
