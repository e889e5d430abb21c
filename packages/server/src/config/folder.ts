/** The server's data folder: everything that it owns, for its user alone. */
import { lstatSync, type Stats, statSync } from 'node:fs'
import { homedir } from 'node:os'
import { dirname, isAbsolute, join } from 'node:path'
import { octal } from '../keys/secret.ts'
import { serverError } from './codes.ts'

export const fileNames = {
  config: 'server.json', database: 'log.sqlite', head: 'head.sqlite', keys: 'keys', founders: 'founders', log: 'log.key', pseudonym: 'pseudonym.key', socket: 'admin.sock',
  mirror: 'repository.git', identity: 'identity.sqlite', sealing: 'sealing.key',
} as const

/** `$XDG_DATA_HOME/exeat/server`, by the XDG base directory specification `~/.local/share` where that is not set or not absolute. */
export function defaultDataFolder(env: Readonly<Record<string, string | undefined>>): string {
  const stated = env['XDG_DATA_HOME'] ?? ''
  return join(isAbsolute(stated) ? stated : join(homedir(), '.local', 'share'), 'exeat', 'server')
}

/** `sun_path` holds 108 bytes on Linux and 104 elsewhere, the last one a zero. */
export const longestSocketPath = 103

export interface DataPaths {
  readonly folder: string
  readonly config: string
  readonly log: string
  readonly pseudonym: string
  readonly sealing: string
  /** Signs bundles for Open Policy Agent. */
  readonly opa: string
  /** Where the keys are that can be replaced: named by purpose and key id. */
  readonly working: (purpose: 'bundle' | 'webhook', id: string) => string
  /** What the server shows to the workspace's incident system (`Authorization`), where that wants something. */
  readonly incidents: string
  /** Of the GitHub App: its private key, and the secrets of its webhooks. */
  readonly gitHubApp: { readonly key: string; readonly secrets: string }
  /** What the server shows to the forge of the governance repository. */
  readonly forge: string
  /** What the server and the sink of this name share. */
  readonly sink: (name: string) => string
  /** What the receiver of this name and the system that reports to it share. */
  readonly receiver: (name: string) => string
  /** What the server shows to the identity provider of this name, where that wants a secret. */
  readonly provider: (name: string) => string
  readonly founder: (name: string) => string
  /** Where a remote governance repository is mirrored. */
  readonly mirror: string
  /** A named pipe on Windows, which has no sockets in folders. */
  readonly socket: string
}

export function dataPaths(folder: string): DataPaths {
  const keys = join(folder, fileNames.keys)
  return {
    folder,
    config: join(folder, fileNames.config),
    log: join(keys, fileNames.log),
    pseudonym: join(keys, fileNames.pseudonym),
    sealing: join(keys, fileNames.sealing),
    opa: join(keys, 'opa.key'),
    working: (purpose, id) => join(keys, `${purpose}-${id}.key`),
    incidents: join(keys, 'incidents.secret'),
    gitHubApp: { key: join(keys, 'github-app.pem'), secrets: join(keys, 'github-app.secret') },
    forge: join(keys, 'forge.token'),
    sink: (name) => join(keys, `sink-${name}.secret`),
    receiver: (name) => join(keys, `receiver-${name}.secret`),
    provider: (name) => join(keys, `provider-${name}.secret`),
    founder: (name) => join(folder, fileNames.founders, `${name}.key`),
    mirror: join(folder, fileNames.mirror),
    socket: process.platform === 'win32' ? `\\\\.\\pipe\\exeat-${Buffer.from(folder).toString('hex').slice(-64)}` : join(folder, fileNames.socket),
  }
}

/** False also where a part of the path is no folder. */
export function stands(path: string): boolean {
  try {
    return lstatSync(path, { throwIfNoEntry: false }) !== undefined
  } catch {
    return false
  }
}

/**
 * Refuses a folder that others may enter: whoever can open the socket in it acts as the operator.
 * @throws {ExeatError} DATA_MISSING, DATA_OPEN
 */
export function checkDataFolder(folder: string): void {
  let stat: Stats | undefined
  try {
    stat = statSync(folder, { throwIfNoEntry: false })
  } catch {
    stat = undefined
  }
  if (stat?.isDirectory() !== true) throw serverError('DATA_MISSING', `there is no data folder at \`${folder}\``, 'run: exeat init --server')
  if (process.platform === 'win32') return
  if ((stat.mode & 0o077) !== 0) throw serverError('DATA_OPEN', `the data folder \`${folder}\` has mode ${octal(stat.mode)}, and others may enter it`, `run: chmod 700 ${folder}`)
  if (stat.uid !== process.getuid?.()) throw serverError('DATA_OPEN', `the data folder \`${folder}\` belongs to user ${stat.uid}, and the server runs as ${process.getuid?.()}`)
}

/** The nearest folder above, itself included, that is a git work tree; undefined: none is. */
export function workTreeAround(folder: string): string | undefined {
  for (let at = folder; ; at = dirname(at)) {
    if (stands(join(at, '.git'))) return at
    if (dirname(at) === at) return undefined
  }
}
