/** A founded server on a real repository, a real SQLite file, a unix socket and a loopback port; the clock is the test's. */
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { request as httpRequest, type RequestOptions } from 'node:http'
import { join } from 'node:path'
import { ExeatError } from '@exeat/core/error'
import { expect } from 'vitest'
import { temporaryFolder, temporaryRepository, type TemporaryRepository } from '../../../testkit/src/index.ts'
import type { ServerConfig } from '../../src/config/schema.ts'
import { type Founded, foundServer, type FoundOptions } from '../../src/genesis/found.ts'
import { type RunningServer, startServer, type StartOptions } from '../../src/main/start.ts'
import { type Answer, conform } from '../http/conform.ts'
import { governanceFiles, start, workspace } from '../use/support.ts'

export const origin = 'log.acme.example'

export interface Asked {
  readonly method?: string
  /** A value is sent as JSON, bytes and text as they are. */
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>>
  readonly over?: 'socket' | 'network'
  /** Of the point; none where null. */
  readonly token?: string | null
  /** Looked up in the OpenAPI description, unless the path is none that a client could ask for. */
  readonly conforms?: boolean
}

export interface Reply extends Answer {
  readonly bytes: Uint8Array
  /** Throws where the body is no JSON. */
  readonly json: () => Record<string, unknown>
}

export interface Site {
  readonly folder: string
  readonly data: string
  readonly repository: TemporaryRepository
  readonly founded: Founded
  readonly clock: { now: number }
  readonly told: unknown[]
  server: RunningServer | undefined
  start(over?: Partial<StartOptions>): Promise<RunningServer>
  stop(): Promise<void>
  ask(path: string, asked?: Asked): Promise<Reply>
  /** Changes what stands in `server.json`. */
  configure(change: (config: ServerConfig) => unknown): void
  close(): Promise<void>
}

/** `pinned`: the workspace document then pins what was founded. */
export async function site({ pinned = true, ...over }: Partial<FoundOptions> & { readonly pinned?: boolean } = {}): Promise<Site> {
  const folder = temporaryFolder()
  const repository = temporaryRepository(governanceFiles)
  const data = join(folder, 'data')
  const clock = { now: start }
  const founded = await foundServer({
    data, origin, repository: repository.dir, ref: 'main', founders: ['alice', 'bob'], database: 'sqlite', now: () => clock.now, ...over,
  })
  if (pinned) repository.commit({ '.exeat/workspace.yaml': pinnedWorkspace(founded) })
  const told: unknown[] = []
  const made: Site = {
    folder, data, repository, founded, clock, told, server: undefined,
    start: async (more = {}) => {
      made.server = await startServer({ data, listen: { host: '127.0.0.1', port: 0 }, witnesses: [], now: () => clock.now, report: (what) => { told.push(what) }, ...more })
      return made.server
    },
    stop: async () => {
      await made.server?.stop()
      made.server = undefined
    },
    ask: (path, asked = {}) => {
      if (made.server === undefined) throw new Error('the server does not run')
      return ask(made.server, path, { token: founded.pointToken, ...asked })
    },
    configure: (change) => {
      const file = join(data, 'server.json')
      writeFileSync(file, JSON.stringify(change(JSON.parse(readFileSync(file, 'utf8')) as ServerConfig)))
    },
    close: async () => {
      await made.stop()
      repository.remove()
      rmSync(folder, { recursive: true, force: true })
    },
  }
  return made
}

export const pinnedWorkspace = ({ snippet }: Founded): string => `${workspace()}${snippet.trimEnd().split('\n').map((line) => `  ${line}\n`).join('')}`

async function ask({ socket, address }: RunningServer, path: string, { method = 'GET', body, headers = {}, over = 'socket', token = null, conforms = true }: Asked): Promise<Reply> {
  const bytes = body === undefined ? undefined : typeof body === 'string' || body instanceof Uint8Array ? Buffer.from(body) : Buffer.from(JSON.stringify(body))
  const reply = await exchange({
    ...(over === 'socket' ? { socketPath: socket } : { host: address.host, port: address.port }),
    method, path, agent: false,
    headers: {
      ...(bytes === undefined ? {} : { 'content-type': 'application/json', 'content-length': String(bytes.length) }),
      ...(over === 'network' && token !== null ? { authorization: `Bearer ${token}` } : {}),
      ...headers,
    },
  }, bytes)
  if (conforms) conform(method, path, reply)
  return reply
}

export function exchange(options: RequestOptions, body?: Uint8Array): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const sent = httpRequest(options, (incoming) => {
      const pieces: Buffer[] = []
      incoming.on('data', (piece: Buffer) => { pieces.push(piece) })
      incoming.on('error', reject)
      incoming.on('end', () => {
        const bytes = new Uint8Array(Buffer.concat(pieces))
        const text = Buffer.from(bytes).toString('utf8')
        resolve({ status: incoming.statusCode ?? 0, headers: incoming.headers, text, bytes, json: () => JSON.parse(text) as Record<string, unknown> })
      })
    })
    sent.on('error', reject)
    sent.end(body)
  })
}

let keys = 0
/** The headers of an act. */
export const by = (name: string, key = `key-${keys += 1}`): Readonly<Record<string, string>> => ({ 'exeat-actor': name, 'idempotency-key': key })

/** Every code of the refusal that `run` must end with. */
export async function codesOf(run: Promise<unknown>): Promise<readonly string[]> {
  const error: unknown = await run.then(() => undefined, (thrown: unknown) => thrown)
  if (!(error instanceof ExeatError)) throw error instanceof Error ? error : new Error('it was not refused')
  return error.problems.map(({ code }) => code)
}

export async function refused(run: Promise<unknown>, code: string): Promise<void> {
  expect((await codesOf(run))[0]).toBe(code)
}

export const expectProblem = (reply: Reply, status: number, code: string): void => {
  expect(reply.json()).toMatchObject({ status, code })
  expect(reply.status).toBe(status)
  expect(reply.headers['content-type']).toBe('application/problem+json')
  expect(reply.text).not.toMatch(/\bat .*\.ts:\d+|node_modules/)
}
