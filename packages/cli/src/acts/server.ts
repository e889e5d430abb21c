/** The server that acts go to, and who acts. */
import { randomUUID } from 'node:crypto'
import { homedir } from 'node:os'
import { isAbsolute, join } from 'node:path'
import type { Command } from 'commander'
import type { ApiClient } from '@exeat/client'
import type { Io } from '../edge/io.ts'
import { cliError } from '../edge/problem.ts'
import { type Address, addressOf, clientAt } from '../trust/address.ts'

export interface ServerFlags {
  readonly server?: string
  readonly format: 'text' | 'json'
}

export interface ActFlags extends ServerFlags {
  readonly actor: string
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
    .requiredOption('--actor <name>', 'who acts: recorded as a name that an operator typed, never as a login')
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

export const readingClient = (flags: Pick<ServerFlags, 'server'>, io: Io): ApiClient => clientAt(serverAddress(flags, io), io)

export interface Acting {
  readonly client: ApiClient
  readonly key: string
}

/** @throws {ExeatError} USAGE */
export function acting({ actor, idempotencyKey, ...flags }: ActFlags, io: Io): Acting {
  if (!/^[!-~]{1,512}$/.test(actor)) throw cliError('USAGE', `\`--actor ${actor}\` is no name: 1 to 512 printable characters without spaces`, 'say who acts: `--actor alice`')
  if (idempotencyKey !== undefined && !/^[!-~]{1,120}$/.test(idempotencyKey)) throw cliError('USAGE', '`--idempotency-key` takes 1 to 120 printable characters without spaces')
  return { client: clientAt(serverAddress(flags, io), io, { actor }), key: idempotencyKey ?? randomUUID() }
}
