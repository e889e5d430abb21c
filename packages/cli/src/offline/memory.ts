/** Offline grants that excused something here: a file for each use, kept until the log has the grant and the use was told (design §6). */
import { readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import * as z from 'zod'
import { fingerprint, identifier, line } from '@exeat/core/entry'
import type { KnownGrant } from '@exeat/verify/offline'
import type { Instant } from '@exeat/core'
import type { Io } from '../edge/io.ts'
import { sha256 } from '../log/crypto.ts'
import { readWithin, writeWhole } from '../trust/files.ts'
import { stateBase } from '../trust/state-base.ts'

const schema = z.strictObject({
  schemaVersion: z.literal(1), kind: z.literal('OfflineUse'), uid: fingerprint, digest: fingerprint, name: line, repositoryId: identifier,
  at: z.custom<Instant>((value) => Number.isSafeInteger(value)), point: line, subject: line,
})

export type OfflineUse = z.output<typeof schema>

export interface OfflineMemory {
  /** Durable when it returns. @throws whatever the file system does */
  readonly add: (use: OfflineUse) => void
  readonly remove: (use: OfflineUse) => void
  readonly all: () => readonly OfflineUse[]
}

const hex = (text: string): string => Buffer.from(sha256(Buffer.from(text))).toString('hex')

/** Undefined where there is no home to keep it in. */
export function offlineMemory(workspace: string, origin: string, io: Io): OfflineMemory | undefined {
  const base = stateBase(io)
  if (base === undefined) return undefined
  const folder = join(base, 'offline', hex(JSON.stringify([workspace, origin])))
  const pathOf = ({ uid, point, subject }: OfflineUse): string => join(folder, `${hex(JSON.stringify([uid, point, subject]))}.json`)
  return {
    add: (use) => { writeWhole(pathOf(use), Buffer.from(`${JSON.stringify(use)}\n`)) },
    remove: (use) => { rmSync(pathOf(use), { force: true }) },
    all: () => names(folder).filter((name) => /^[0-9a-f]{64}\.json$/.test(name)).sort().flatMap((name) => {
      const use = read(join(folder, name))
      return use === undefined || pathOf(use) !== join(folder, name) ? [] : [use]
    }),
  }
}

export const knownOf = ({ uid, repositoryId, at }: OfflineUse): KnownGrant => ({ uid, repositoryId, at })

function names(folder: string): readonly string[] {
  try {
    return readdirSync(folder)
  } catch {
    return []
  }
}

function read(path: string): OfflineUse | undefined {
  try {
    const bytes = readWithin(path, 16_384)
    const parsed = schema.safeParse(bytes === undefined ? undefined : JSON.parse(Buffer.from(bytes).toString('utf8')))
    return parsed.success ? parsed.data : undefined
  } catch {
    return undefined
  }
}
