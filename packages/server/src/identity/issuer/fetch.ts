/** What is asked of issuers over the network: encrypted, soon answered, and small; nobody is followed elsewhere. */

/** Milliseconds for a whole exchange. */
export const patience = 10_000
/** Bytes of an answer. Key sets of large issuers have some twenty kilobytes. */
export const largestAnswer = 256 * 1024

export interface Sent {
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | Uint8Array | URLSearchParams | ArrayBuffer | ReadableStream | null | undefined
}

/** @throws {Error} where there is no answer, or too much of one */
export type IssuerFetch = (url: string, sent?: Sent) => Promise<Response>

/** Encrypted, or to this very machine, as the workspace takes it for issuers. */
export const isPrivateUrl = (text: string): boolean => {
  const url = URL.parse(text)
  if (url === null || url.username !== '' || url.password !== '') return false
  return url.protocol === 'https:' || (url.protocol === 'http:' && /^(?:localhost|127\.0\.0\.1|\[::1\])$/.test(url.hostname))
}

export const issuerFetch: IssuerFetch = async (url, { method = 'GET', headers = {}, body } = {}) => {
  if (!isPrivateUrl(url)) throw new Error('its address is not encrypted')
  const answer = await fetch(url, { method, headers, ...(body === undefined || body === null ? {} : { body }), redirect: 'manual', signal: AbortSignal.timeout(patience) })
  const bytes = await readBounded(answer)
  return new Response(bytes.length === 0 ? null : bytes, { status: answer.status, headers: answer.headers })
}

async function readBounded({ body }: Response): Promise<Uint8Array<ArrayBuffer>> {
  const pieces: Uint8Array[] = []
  let size = 0
  for await (const piece of body ?? []) {
    const bytes = piece as Uint8Array
    size += bytes.length
    if (size > largestAnswer) throw new Error(`it answers with more than ${largestAnswer} bytes`)
    pieces.push(bytes)
  }
  return new Uint8Array(Buffer.concat(pieces))
}

/** A JSON object that a 200 holds. @throws {Error} */
export async function fetchJson(fetching: IssuerFetch, url: string): Promise<Readonly<Record<string, unknown>>> {
  const answer = await fetching(url, { headers: { accept: 'application/json' } })
  if (answer.status !== 200) throw new Error(`\`${url}\` answers ${answer.status}`)
  const value: unknown = await answer.json()
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new Error(`\`${url}\` answers no JSON object`)
  return value as Readonly<Record<string, unknown>>
}
