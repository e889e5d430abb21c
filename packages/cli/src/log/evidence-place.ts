/** Where tree, bodies and documents come from: an export's folder, or a server. Neither is believed. */
import { statSync } from 'node:fs'
import { resolve } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import type { ApiClient } from '@exeat/client'
import { httpLog, type LogSource } from '@exeat/client/log'
import type { HexDigest } from '@exeat/core'
import { documentText, type DocumentReader, type SoughtBody } from '@exeat/verify/audit'
import { readingClient } from '../acts/server.ts'
import type { Io } from '../edge/io.ts'
import { cliError } from '../edge/problem.ts'
import { addressOf, isAddress } from '../trust/address.ts'
import { readBody, readDocument } from './bodies.ts'
import { fetched } from './export-bodies.ts'
import { folderLog } from './source.ts'

export interface EvidencePlace {
  readonly log: LogSource
  /** Whether it is a folder: then all of it is to be read, and nobody answers for it. */
  readonly offline: boolean
  /** The body of the entry at `index`, which commits to `digest`. */
  readonly body: (index: number, digest: HexDigest) => Promise<SoughtBody>
  readonly document: DocumentReader
}

/** @throws {ExeatError} USAGE */
export function evidencePlace(from: string, io: Io): EvidencePlace {
  if (isAddress(from)) return serverPlace(from, io)
  const folder = resolve(io.cwd, from)
  if (statSync(folder, { throwIfNoEntry: false })?.isDirectory() !== true) throw cliError('USAGE', `\`${from}\` is no folder`, 'name a folder that `exeat log export --bodies` wrote')
  return {
    log: folderLog(folder, from), offline: true,
    body: async (_, digest) => readBody(folder, digest),
    document: async (kind, digest) => readDocument(folder, kind, digest),
  }
}

function serverPlace(from: string, io: Io): EvidencePlace {
  const { base, transport } = addressOf(from, io)
  const client = readingClient({ server: from }, io)
  const bodies = from.startsWith('unix:') ? pages(client) : async (index: number) => bodyOf((await client.entry(index)).body)
  return {
    log: { ...httpLog(`${base}/log`, transport, { pause }), name: from }, offline: false,
    body: (index) => bodies(index),
    document: async (kind, digest) => {
      const value = await fetched(client, { kind, digest })
      return value === undefined ? { state: 'absent' } : { state: 'found', value: documentText(value) }
    },
  }
}

type Body = Awaited<ReturnType<ApiClient['entry']>>['body']

const bodyOf = (body: Body | undefined): SoughtBody =>
  (body?.state === 'kept' ? { state: 'found', value: { salt: body.salt, event: body.event } } : { state: 'absent' })

const page = 64

/** The socket gives many at once; they are asked for in order. */
function pages(client: ApiClient): (index: number) => Promise<SoughtBody> {
  let held: ReadonlyMap<number, Body> = new Map()
  let first = -1
  return async (index) => {
    const wanted = index - (index % page)
    if (wanted !== first) {
      const { items } = await client.entries(wanted, page)
      held = new Map(items.map((each) => [each.index, each.body]))
      first = wanted
    }
    return bodyOf(held.get(index))
  }
}
