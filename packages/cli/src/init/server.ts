/** `exeat init --server`: founds a server, or replaces one of its keys. The server's code is loaded for it alone. */
import { resolve } from 'node:path'
import type { Founded, Rotated } from '@exeat/server'
import type { Io } from '../edge/io.ts'
import { cliError } from '../edge/problem.ts'
import type { InitServerFlags } from './server-flags.ts'
import { shown } from '../text/safe.ts'
import { stylesFor } from '../text/style.ts'

/** @throws {ExeatError} */
export async function initServer(flags: InitServerFlags, io: Io): Promise<number> {
  const server = await import('@exeat/server')
  const data = resolve(io.cwd, flags.data ?? server.defaultDataFolder(io.env))
  if (flags.rotate !== undefined) {
    const { rotate } = flags
    if (rotate !== 'bundle' && rotate !== 'webhook' && rotate !== 'log') throw cliError('USAGE', `\`--rotate ${rotate}\` names no key`, 'say `bundle` or `webhook`')
    const rotated = await server.rotateKey({ data, purpose: rotate, rootKeys: (flags.rootKey ?? []).map((file) => resolve(io.cwd, file)), now: Date.now, ...databaseUrl(io) })
    io.stdout.write(rotatedText(rotated))
    return 0
  }
  if (flags.rootKey !== undefined) throw cliError('USAGE', '`--root-key` needs `--rotate`')
  const founded = await server.foundServer({
    data, now: Date.now,
    origin: wanted(flags.origin, '--origin', 'a URL without scheme, such as log.acme.example'),
    repository: location(wanted(flags.repository, '--repository', 'the governance repository, a folder or a URL'), io),
    founders: flags.founder ?? [],
    database: flags.database === 'postgres' ? 'postgres' : 'sqlite',
    ...(flags.ref === undefined ? {} : { ref: flags.ref }),
    ...(flags.head === undefined ? {} : { head: resolve(io.cwd, flags.head) }),
    ...(flags.url === undefined ? {} : { publicUrl: flags.url }),
    ...(flags.database === 'postgres' ? { ...addresses(io) } : {}),
  })
  io.stdout.write(foundedText(founded, io))
  return 0
}

function wanted(value: string | undefined, flag: string, hint: string): string {
  if (value !== undefined) return value
  throw cliError('USAGE', `\`--server\` needs \`${flag}\``, hint)
}

/** A URL and `user@host:path` stay as they are; everything else is a folder. */
const location = (repository: string, io: Io): string => (/^[a-z][a-z0-9+.-]*:|^[^/\s@]+@[^/\s:]+:/i.test(repository) ? repository : resolve(io.cwd, repository))

const databaseUrl = ({ env }: Io): { readonly databaseUrl?: string } => (env['DATABASE_URL'] === undefined ? {} : { databaseUrl: env['DATABASE_URL'] })

function addresses({ env }: Io): { readonly url?: string; readonly ownerUrl?: string } {
  const [url, ownerUrl] = [env['DATABASE_URL'], env['DATABASE_OWNER_URL']]
  return { ...(url === undefined ? {} : { url }), ...(ownerUrl === undefined ? {} : { ownerUrl }) }
}

function foundedText(founded: Founded, io: Io): string {
  const { bold, warn } = stylesFor(io.stdout, io.env)
  const { data, workspace, origin, logKey, founders, singleFounder, pointToken, headElsewhere, snippet } = founded
  const indented = snippet.trimEnd().split('\n').map((row) => `       ${row}`).join('\n')
  const keys = founders.map(({ file }) => `       ${shown(file)}`).join('\n')
  return `${bold(`founded the log ${shown(origin)} of the workspace ${shown(workspace)}`)} in ${shown(data)}
${founders.map(({ name, key }) => `  founder  ${shown(name)}  ${shown(key)}\n`).join('')}  log key  ${shown(logKey)}
  token    ${pointToken}
           for enforcement points; shown this once, the server keeps its hash
${singleFounder ? warn(`\n  single-founder: whoever holds this one key can replace every other. A second person can vouch with a later release;\n  better: found it again with two.\n`) : ''}${headElsewhere ? '' : `
  The last head is held in the data folder: whoever restores an old copy of that folder rolls the log back unseen.
  Name a file on another disk with --head, or let a witness watch.
`}
Next:
  1. Move each founder's key off this machine, to its founder; the server runs without:
${keys}
  2. Put this under \`spec\` of the workspace document, and merge it:
${indented}
  3. Start it:  exeat serve --data ${shown(data)}
`
}

const rotatedText = ({ purpose, epoch, index, key, replaced, oldFile }: Rotated): string => `replaced the ${purpose} key: epoch ${epoch}, from entry ${index} on
  new  ${shown(key)}
  old  ${shown(replaced)}
Restart the server, and delete ${shown(oldFile)}
`
