/** Logs made by hand, in memory: signed, served, exported, and tampered with. */
import { createPrivateKey, createPublicKey, sign } from 'node:crypto'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import {
  encodeBundle, encodeTile, formatCheckpoint, formatVerifierKey, leafHash, parseTilePath, rootOfLeaves, signerKey, signNote, TILE_WIDTH, tilePath, tilesOf,
  type Answer, type SignerKey, type VerifierKey,
} from '@exeat/log'
import { sha256 } from '../../src/log/crypto.ts'

const pkcs8 = Buffer.from('302e020100300506032b657004220420', 'hex')
const spkiLength = 12

export const privateKey = (seed: Uint8Array) => createPrivateKey({ key: Buffer.concat([pkcs8, seed]), format: 'der', type: 'pkcs8' })
export const publicKeyOf = (seed: Uint8Array): Uint8Array => new Uint8Array(createPublicKey(privateKey(seed)).export({ format: 'der', type: 'spki' }).subarray(spkiLength))
export const signWith = (seed: Uint8Array, message: Uint8Array): Uint8Array => new Uint8Array(sign(null, message, privateKey(seed)))

export function must<T>(answer: Answer<T> | { readonly ok: boolean; readonly value?: T; readonly problem?: { readonly code: string; readonly message: string } }): T {
  if (!answer.ok || !('value' in answer)) throw new Error(JSON.stringify(answer))
  return answer.value as T
}

export const origin = 'log.example/test'

export const testKey = (seed = 1, name = origin, type: VerifierKey['type'] = 'ed25519'): SignerKey =>
  must(signerKey(sha256, publicKeyOf, name, type, new Uint8Array(32).fill(seed)))

export const vkey = (key: VerifierKey = testKey()): string => formatVerifierKey(key)

export interface TestLog {
  readonly entries: readonly Uint8Array[]
  readonly origin: string
  readonly key: SignerKey
}

/** A leaf as the server writes it, told apart by `salt`. */
export const entryOf = (index: number, salt = ''): Uint8Array => new Uint8Array(Buffer.from(JSON.stringify({
  actor: 'p'.repeat(43), body: `${index}${salt}`.padEnd(64, '0'), id: `e-${index}${salt}`, time: '2026-11-22T10:00:00.000Z',
  type: 'dev.exeat.optout.activated.v1', uid: 'f'.repeat(64), v: 1,
})))

export function testLog(size: number, { salt = '', changed = new Map<number, string>(), seed = 1, name = origin } = {}): TestLog {
  return { entries: Array.from({ length: size }, (_, index) => entryOf(index, changed.get(index) ?? salt)), origin: name, key: testKey(seed, name) }
}

const hashes = new WeakMap<TestLog, readonly Uint8Array[]>()

function leavesOf(log: TestLog): readonly Uint8Array[] {
  const known = hashes.get(log) ?? log.entries.map((entry) => leafHash(sha256, entry))
  hashes.set(log, known)
  return known
}

/** The head at `size`, signed by the log's key and by any others. */
export function checkpointOf(log: TestLog, size = log.entries.length, also: readonly SignerKey[] = [], time = 0): Uint8Array {
  const root = rootOfLeaves(sha256, leavesOf(log).slice(0, size))
  return must(signNote(must(formatCheckpoint({ origin: log.origin, size, root, extensions: [] })), [log.key, ...also], signWith, time))
}

/** A tile or bundle by its definition, or undefined where the log does not reach it. */
export function tileOf(log: TestLog, path: string): Uint8Array | undefined {
  const parsed = parseTilePath(path)
  if (!parsed.ok) return undefined
  const { level, index, width } = parsed.value
  if (level === 'entries') {
    const entries = log.entries.slice(index * TILE_WIDTH, index * TILE_WIDTH + width)
    return entries.length === width ? must(encodeBundle(entries)) : undefined
  }
  const span = TILE_WIDTH ** level
  const from = index * TILE_WIDTH * span
  if (from + width * span > log.entries.length) return undefined
  return encodeTile(Array.from({ length: width }, (_, i) => rootOfLeaves(sha256, leavesOf(log).slice(from + i * span, from + (i + 1) * span))))
}

/** Every file of the log at its size, by path. */
export function filesOf(log: TestLog): Map<string, Uint8Array> {
  const files = new Map<string, Uint8Array>([['checkpoint', checkpointOf(log)], ['vkey', Buffer.from(`${vkey(log.key)}\n`)]])
  for (const tile of tilesOf(log.entries.length)) files.set(tilePath(tile), tileOf(log, tilePath(tile)) ?? new Uint8Array(0))
  return files
}

export function temporaryFolder(): string {
  return mkdtempSync(join(tmpdir(), 'exeat-log-cli-'))
}

export const removeFolder = (path: string): void => { rmSync(path, { recursive: true, force: true }) }

export function writeFiles(folder: string, files: ReadonlyMap<string, Uint8Array>): void {
  for (const [path, bytes] of files) {
    mkdirSync(dirname(join(folder, path)), { recursive: true })
    writeFileSync(join(folder, path), bytes)
  }
}

export type Handler = (request: IncomingMessage, response: ServerResponse, path: string) => void

/** Serves files below `/log`, whatever `current` holds at the moment. */
export const filesHandler = (current: () => ReadonlyMap<string, Uint8Array>): Handler => (_, response, path) => {
  const bytes = current().get(path)
  response.writeHead(bytes === undefined ? 404 : 200).end(bytes)
}

export interface TestServer {
  readonly url: string
  readonly asked: string[]
  readonly close: () => Promise<void>
}

/** Listens on loopback, or on a Unix socket where a path is given. */
export async function serve(handler: Handler, socket?: string): Promise<TestServer> {
  const asked: string[] = []
  const server = createServer((request, response) => {
    const path = (request.url ?? '').replace(/^\/log\//, '')
    asked.push(path)
    handler(request, response, path)
  })
  await new Promise<void>((resolve) => {
    if (socket === undefined) server.listen(0, '127.0.0.1', resolve)
    else server.listen(socket, resolve)
  })
  const address = server.address()
  const url = typeof address === 'object' && address !== null ? `http://127.0.0.1:${address.port}/log` : `unix:${socket}`
  return {
    url, asked,
    close: () => new Promise((resolve) => {
      server.close(() => { resolve() })
      server.closeAllConnections()
    }),
  }
}
