/** Uses that no server has counted yet: a file each, sent at the next run. The server counts a use once, so sending one twice does no harm. */
import { readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { Wire } from '@exeat/core/wire'
import { useSchema } from '@exeat/core/wire'
import type { Io } from '../edge/io.ts'
import { sha256 } from '../log/crypto.ts'
import { readWithin, writeWhole } from './files.ts'
import { stateBase } from './state-base.ts'

export type Use = Wire['useSchema']

/** Most uses that wait for one log. */
export const longestSpool = 10_000

export interface Spool {
  /** Durable when this returns; false where there is no room for it. @throws whatever the file system does */
  readonly add: (use: Use) => boolean
  readonly remove: (use: Use) => void
  /** All that wait, the unreadable left out. */
  readonly waiting: () => readonly Use[]
}

const hex = (text: string): string => Buffer.from(sha256(Buffer.from(text))).toString('hex')

/** Undefined where there is no home to keep it in. */
export function useSpool(workspace: string, origin: string, io: Io): Spool | undefined {
  const base = stateBase(io)
  if (base === undefined) return undefined
  const folder = join(base, 'uses', hex(JSON.stringify([workspace, origin])))
  const pathOf = ({ uid, point, subject }: Use): string => join(folder, `${hex(JSON.stringify([uid, point, subject]))}.json`)
  const files = (): readonly string[] => names(folder).filter((name) => /^[0-9a-f]{64}\.json$/.test(name)).sort()
  return {
    add: (use) => {
      const path = pathOf(use)
      const there = files()
      if (there.length >= longestSpool && !there.some((name) => path.endsWith(name))) return false
      const { uid, point, subject } = use
      writeWhole(path, Buffer.from(`${JSON.stringify({ uid, point, subject })}\n`))
      return true
    },
    remove: (use) => { rmSync(pathOf(use), { force: true }) },
    waiting: () => files().flatMap((name) => {
      const use = read(join(folder, name))
      return use === undefined || pathOf(use) !== join(folder, name) ? [] : [use]
    }),
  }
}

function names(folder: string): readonly string[] {
  try {
    return readdirSync(folder)
  } catch {
    return []
  }
}

function read(path: string): Use | undefined {
  try {
    const bytes = readWithin(path, 16_384)
    const parsed = useSchema.safeParse(bytes === undefined ? undefined : JSON.parse(Buffer.from(bytes).toString('utf8')))
    return parsed.success ? parsed.data : undefined
  } catch {
    return undefined
  }
}
