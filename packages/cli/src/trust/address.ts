/** Where a server is: an HTTP address or the path of its socket. */
import { resolve } from 'node:path'
import { apiClient, type ApiClient, fetchStreaming, fetchTransport, type Streaming, type Transport } from '@exeat/client'
import type { Io } from '../edge/io.ts'
import { cliError } from '../edge/problem.ts'
import { unixStreaming, unixTransport } from '../log/unix-transport.ts'
import { isPrivate } from './private.ts'
import { type Workloads, workloadToken } from './workload-token.ts'

export interface Address {
  /** As the user wrote it. */
  readonly name: string
  readonly base: string
  readonly transport: Transport
  readonly streaming: Streaming
}

export const isAddress = (text: string): boolean => text.startsWith('unix:') || /^https?:\/\//i.test(text)

/** @throws {ExeatError} USAGE */
export function addressOf(text: string, io: Io): Address {
  if (text.startsWith('unix:')) {
    const path = resolve(io.cwd, text.slice('unix:'.length))
    return { name: text, base: 'http://localhost', transport: unixTransport(path), streaming: unixStreaming(path) }
  }
  const url = URL.parse(text)
  if (url === null || !/^https?:$/.test(url.protocol) || url.username !== '' || url.password !== '' || url.search !== '' || url.hash !== '') {
    throw cliError('USAGE', `\`${text}\` is no address of a server`, 'write https://HOST, or unix:/PATH/TO/admin.sock')
  }
  return { name: text, base: url.href.replace(/\/+$/, ''), transport: fetchTransport, streaming: fetchStreaming }
}

export interface ClientOptions {
  readonly actor?: string
  /** Milliseconds for each exchange. */
  readonly timeout?: number
  /** Jobs that the workspace knows. */
  readonly workloads?: Workloads
}

/** `EXEAT_TOKEN` goes along, else the job's own token; and over an open network neither in the clear. @throws {ExeatError} USAGE */
export function clientAt({ name, base, transport, streaming }: Address, io: Io, { workloads = [], ...options }: ClientOptions = {}): ApiClient {
  const open = transport === fetchTransport
  const stated = io.env['EXEAT_TOKEN']
  const token = stated === undefined || stated === '' || !open ? undefined : stated
  if (token !== undefined && !/^[!-~]{1,512}$/.test(token)) throw cliError('USAGE', '`EXEAT_TOKEN` is no token: 1 to 512 printable characters without spaces')
  const ofJob = token === undefined && open ? workloadToken(io, workloads) : undefined
  if ((token ?? ofJob) !== undefined && !isPrivate(new URL(base))) throw cliError('USAGE', `${token === undefined ? 'the job\'s token' : '`EXEAT_TOKEN`'} would go to \`${name}\` in the clear`, 'name the server by https://')
  const shown = token !== undefined ? { token } : ofJob === undefined ? {} : { authorise: async () => ({ authorization: `Bearer ${await ofJob()}` }) }
  return apiClient({ transport, streaming, base, name, ...shown, ...options })
}
