/** A server where people acted, and the command that reads what it leaves. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { acting, type Acted as OfServer } from '../../../server/test/http/acting.ts'
import { exeat, type Ran } from './command.ts'

export interface Acted extends OfServer {
  /** A folder that outlives the server. */
  readonly folder: string
}

export const begin = async (): Promise<Acted> => ({ ...await acting(), folder: mkdtempSync(join(tmpdir(), 'exeat-evidence-')) })

/** Into `<folder>/export`. */
export const exported = async ({ at, key, folder }: Acted, ...more: readonly string[]): Promise<Ran> =>
  exeat({ cwd: folder }, 'log', 'export', 'export', '--log', `unix:${at.server?.socket ?? ''}`, '--key', key, ...more)

export const evidence = async ({ folder, key }: Pick<Acted, 'folder' | 'key'>, ...args: readonly string[]): Promise<Ran> =>
  exeat({ cwd: folder }, 'log', 'evidence', ...args, ...(args.includes('--clone') || args.includes('--key') ? [] : ['--key', key]))

/** Nothing is left of the server, its database and keys. */
export async function forget({ at }: Acted): Promise<void> {
  await at.stop()
  rmSync(at.data, { recursive: true, force: true })
}
