/** The server that acts go to, and who acts. */
import { randomUUID } from 'node:crypto'
import { homedir } from 'node:os'
import { isAbsolute, join } from 'node:path'
import type { Command } from 'commander'
import type { ApiClient } from '@exeat/client'
import type { Io } from '../edge/io.ts'
import { cliError } from '../edge/problem.ts'
import { provingClient, sessionAt, sessionClient } from '../people/client.ts'
import type { ClientSession } from '../people/session-file.ts'
import { type Address, addressOf, clientAt } from '../trust/address.ts'

export interface ServerFlags {
  readonly server?: string
  readonly format: 'text' | 'json'
}

export interface ActFlags extends ServerFlags {
  /** A typed name, at the administrative socket; absent: whoever signed in. */
  readonly actor?: string
  readonly idempotencyKey?: string
}

export function serverOptions(command: Command): Command {
  return command
    .option('--server <address>', 'unix:/PATH/admin.sock or https://HOST; EXEAT_SERVER; default: the socket of the default data folder')
    .addOption(command.createOption('-f, --format <format>', 'how to print it').choices(['text', 'json']).default('text'))
}

/** Options of whatever is recorded in the log. */
export function actOptions(command: Command): Command {
  return serverOptions(command)
    .option('--actor <name>', 'at the administrative socket: recorded as a name that an operator typed, never as a login')
    .option('--idempotency-key <key>', 'repeats an act that was sent before; default: a random one')
}

export const evidenceNote = 'operator-asserted: a typed name, no login'

/** As `exeat init --server` chooses it. */
export function defaultSocket(env: Io['env']): string {
  const stated = env['XDG_DATA_HOME'] ?? ''
  return join(isAbsolute(stated) ? stated : join(env['HOME'] ?? homedir(), '.local', 'share'), 'exeat', 'server', 'admin.sock')
}

/** @throws {ExeatError} USAGE */
export function serverAddress(flags: Pick<ServerFlags, 'server'>, io: Io): Address {
  const stated = flags.server ?? io.env['EXEAT_SERVER'] ?? ''
  return addressOf(stated === '' ? `unix:${defaultSocket(io.env)}` : stated, io)
}

/** As whoever signed in there, unless the environment holds the token of an enforcement point. */
export function readingClient(flags: Pick<ServerFlags, 'server'>, io: Io): ApiClient {
  const address = serverAddress(flags, io)
  return ((io.env['EXEAT_TOKEN'] ?? '') === '' ? sessionClient(address, io) : undefined) ?? clientAt(address, io)
}

export interface Acting {
  readonly client: ApiClient
  readonly key: string
  readonly address: Address
  /** Of whoever signed in; absent where a name was typed. */
  readonly session?: ClientSession
}

/** @throws {ExeatError} USAGE, NOT_SIGNED_IN */
export function acting({ actor, idempotencyKey, ...flags }: ActFlags, io: Io): Acting {
  if (idempotencyKey !== undefined && !/^[!-~]{1,120}$/.test(idempotencyKey)) throw cliError('USAGE', '`--idempotency-key` takes 1 to 120 printable characters without spaces')
  const address = serverAddress(flags, io)
  const key = idempotencyKey ?? randomUUID()
  if (actor !== undefined) {
    if (!/^[!-~]{1,512}$/.test(actor)) throw cliError('USAGE', `\`--actor ${actor}\` is no name: 1 to 512 printable characters without spaces`, 'say who acts: `--actor alice`')
    return { client: clientAt(address, io, { actor }), key, address }
  }
  if (address.name.startsWith('unix:')) throw cliError('NOT_SIGNED_IN', 'the administrative socket wants to know who acts', 'say it: `--actor alice`; or name a server that you signed in to: --server https://HOST')
  const session = sessionAt(address, io)
  if (session === undefined) throw cliError('NOT_SIGNED_IN', `nobody is signed in to \`${address.name}\` here`, `sign in: exeat login --server ${address.name}`)
  return { client: provingClient(address, session.key, session.token), key, address, session }
}
