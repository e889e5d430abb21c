import type { Command } from 'commander'
import { existsSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import type { Problem } from '@exeat/core'
import type { RunningServer } from '@exeat/server'
import type { Io } from '../edge/io.ts'
import { listenOn, untilSignalled } from '../edge/serving.ts'
import { cliError, cliProblem, systemReason } from '../edge/problem.ts'
import { problemLines } from '../edge/report.ts'
import { shown } from '../text/safe.ts'
import { stylesFor } from '../text/style.ts'

const help = `
Serves the log, the acts and the bundles of a server that "exeat init --server"
founded. Acts are taken at the socket in the data folder alone: whoever can open
it acts as the operator. Bundles and lists want the token of an enforcement
point; the log is public. It starts on no log that does not verify.

Examples:
  exeat serve
  exeat serve --data /srv/exeat --listen 127.0.0.1:8420
  exeat serve --witness https://witness.example/security=KEY

Put a reverse proxy in front of it for encryption, or give --tls-cert and
--tls-key. With the log in PostgreSQL, DATABASE_URL names the database and the
role that the log runs as.

Exit codes: 0 stopped by SIGINT or SIGTERM, 1 failed, 2 the log or a key is not
what was signed, 3 invalid configuration, 64 wrong usage.`

interface ServeFlags {
  readonly data?: string
  readonly listen: string
  readonly witness?: readonly string[]
  readonly tlsCert?: string
  readonly tlsKey?: string
  readonly logFormat: 'text' | 'json'
}

export function define(command: Command, io: Io, finish: (exit: number) => void): void {
  command
    .option('--data <folder>', 'the server\'s data folder; default: $XDG_DATA_HOME/exeat/server')
    .option('--listen <host:port>', 'where to serve; whoever reaches it may read the log', '127.0.0.1:8420')
    .option('--witness <url=vkey>', 'a witness that is asked to cosign each head; may be repeated', (value: string, before: readonly string[] = []) => [...before, value])
    .option('--tls-cert <file>', 'certificate chain in PEM; without it a proxy must encrypt')
    .option('--tls-key <file>', 'its private key in PEM')
    .addOption(command.createOption('--log-format <format>', 'what it prints while it runs: lines for people, or a JSON object a line').choices(['text', 'json']).default('text'))
    .addHelpText('after', help)
    .action(async (flags: ServeFlags) => { finish(await serve(flags, io)) })
}

/** @throws {ExeatError} with what keeps the server from starting */
async function serve(flags: ServeFlags, io: Io): Promise<number> {
  const { defaultDataFolder, parseWitness, startServer } = await import('@exeat/server')
  const databaseUrl = io.env['DATABASE_URL']
  // From here on a signal ends the start as soon as there is something to stop.
  const stopped = untilSignalled()
  const running = await startServer({
    data: resolve(io.cwd, flags.data ?? defaultDataFolder(io.env)),
    listen: listenOn(flags.listen, '127.0.0.1:PORT or [::1]:PORT'),
    witnesses: (flags.witness ?? []).map(parseWitness),
    ...tlsOf(flags, io),
    ...builtPages(),
    ...(databaseUrl === undefined ? {} : { databaseUrl }),
    now: Date.now,
    report: (problem) => { reportTo(io, problem, flags) },
  })
  io.stdout.write(flags.logFormat === 'json' ? startedJson(running, flags) : startedLine(running, flags))
  await stopped
  await running.stop()
  if (flags.logFormat === 'json') io.stdout.write(jsonLine({ level: 'info', event: 'stopped' }))
  return 0
}

/** The console's pages lie beside the built command; where it runs from its sources, in the folder that it was built to. */
function builtPages(): { readonly pages?: string } {
  const pages = ['console', '../console', '../../dist/console'].map((path) => join(import.meta.dirname, path)).find((path) => existsSync(join(path, 'index.html')))
  return pages === undefined ? {} : { pages }
}

const startedLine = ({ origin, address: { host, port }, socket, size, key, singleFounder }: RunningServer, { tlsCert }: ServeFlags): string =>
  `exeat serves ${shown(origin)} on ${tlsCert === undefined ? 'http' : 'https'}://${host.includes(':') ? `[${host}]` : host}:${port} and ${shown(socket)}: ${size === 1 ? '1 entry' : `${size} entries`}, key ${shown(key)}${singleFounder ? ', single-founder' : ''}\n`

/** One event a line, the time first; the fields are those that people are told. */
const jsonLine = (fields: Readonly<Record<string, unknown>>): string => `${JSON.stringify({ time: new Date().toISOString(), ...fields })}\n`

const startedJson = ({ origin, address, socket, size, key, singleFounder }: RunningServer, { tlsCert }: ServeFlags): string =>
  jsonLine({ level: 'info', event: 'started', origin, protocol: tlsCert === undefined ? 'http' : 'https', host: address.host, port: address.port, socket, size, key, singleFounder })

function tlsOf({ tlsCert, tlsKey }: ServeFlags, io: Io): { readonly tls?: { readonly cert: string; readonly key: string } } {
  if (tlsCert === undefined && tlsKey === undefined) return {}
  if (tlsCert === undefined || tlsKey === undefined) throw cliError('USAGE', '`--tls-cert` and `--tls-key` go together')
  return { tls: { cert: fileText(tlsCert, io), key: fileText(tlsKey, io) } }
}

function fileText(file: string, io: Io): string {
  try {
    return readFileSync(resolve(io.cwd, file), 'utf8')
  } catch (cause) {
    throw cliError('INPUT_UNREADABLE', `\`${file}\` cannot be read: ${systemReason(cause)}`)
  }
}

function reportTo(io: Io, problem: Problem | Error, { logFormat }: ServeFlags): void {
  const told = problem instanceof Error ? cliProblem('INTERNAL', `something unexpected failed: \`${problem.message.slice(0, 500)}\``) : problem
  const stack = problem instanceof Error && io.env['EXEAT_DEBUG'] !== undefined ? problem.stack : undefined
  if (logFormat === 'json') {
    io.stderr.write(jsonLine({ level: 'warning', event: 'problem', code: told.code, message: told.message, hint: told.hint, stack }))
    return
  }
  io.stderr.write(problemLines([told], 'warning', stylesFor(io.stderr, io.env)))
  if (stack !== undefined) io.stderr.write(`${stack}\n`)
}
