/** A client of server-sent events over a raw socket: it reads only when it is told to. */
import { type ClientRequest, type IncomingMessage, request } from 'node:http'
import type { Site } from '../main/support.ts'

export interface Message {
  readonly id?: string
  readonly event?: string
  readonly data?: Record<string, unknown> & { readonly data: Record<string, unknown> }
}

export interface Listener {
  readonly status: number
  readonly headers: IncomingMessage['headers']
  readonly messages: Message[]
  /** Everything as it came. */
  text(): string
  readonly ended: Promise<void>
  close(): void
}

export interface Listening {
  readonly token?: string | undefined
  readonly headers?: Readonly<Record<string, string>>
  /** Reads nothing. */
  readonly paused?: boolean
}

export function listen(at: Site, path: string, { token = at.founded.pointToken, headers = {}, paused = false }: Listening = {}): Promise<Listener> {
  const { host, port } = at.server?.address ?? { host: '', port: 0 }
  return new Promise((resolve, reject) => {
    const asked: ClientRequest = request({ host, port, path, agent: false, headers: { ...(token === '' ? {} : { authorization: `Bearer ${token}` }), ...headers } }, (answer) => {
      let text = ''
      let rest = ''
      const messages: Message[] = []
      answer.setEncoding('utf8')
      if (!paused) {
        answer.on('data', (piece: string) => {
          text += piece
          rest += piece
          for (let end = rest.indexOf('\n\n'); end >= 0; end = rest.indexOf('\n\n')) {
            messages.push(parsed(rest.slice(0, end)))
            rest = rest.slice(end + 2)
          }
        })
      }
      const ended = new Promise<void>((over) => { answer.once('close', () => { over() }) })
      answer.on('error', () => undefined)
      resolve({ status: answer.statusCode ?? 0, headers: answer.headers, messages, text: () => text, ended, close: () => { asked.destroy() } })
    })
    asked.on('error', reject)
    asked.end()
  })
}

function parsed(block: string): Message {
  const fields = Object.fromEntries(block.split('\n').map((line) => line.split(/: (.*)/s).slice(0, 2) as [string, string]))
  return { ...(fields['id'] === undefined ? {} : { id: fields['id'] }), ...(fields['event'] === undefined ? {} : { event: fields['event'], data: JSON.parse(fields['data'] ?? '') as never }) }
}
