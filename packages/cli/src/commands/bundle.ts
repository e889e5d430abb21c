import type { Command } from 'commander'
import { resolve } from 'node:path'
import { formatInstant } from '@exeat/core'
import { bundleSchema, type Bundle } from '@exeat/verify'
import { readingClient, type ServerFlags, serverOptions } from '../acts/server.ts'
import type { Io } from '../edge/io.ts'
import { writeOutput } from '../edge/output.ts'
import { cliError } from '../edge/problem.ts'
import { oneLine, shown } from '../text/safe.ts'
import { spanText } from '../text/span.ts'
import { plural } from '../text/wrap.ts'

const help = `
Fetches the signed bundle that gates decide by, for machines that cannot reach the
server: \`exeat gate --bundle FILE\` verifies it. It is not verified here.

Examples:
  exeat bundle -o bundle.json
  exeat bundle -o bundle.json --server https://exeat.example --audience 1001

Exit codes:
  0 written   1 the server could not be reached   3 refused   64 wrong usage`

interface BundleFlags extends ServerFlags {
  readonly output: string
  readonly audience?: string
  readonly protected?: boolean
}

export function define(command: Command, io: Io, finish: (exit: number) => void): void {
  serverOptions(command)
    .requiredOption('-o, --output <file>', 'where it goes')
    .option('--audience <id>', 'a repository\'s id, for a bundle that no other accepts; default: any')
    .option('--protected', 'for a protected environment: it lives five minutes')
    .addHelpText('after', help)
    .action(async (flags: BundleFlags) => {
      await fetchBundle(flags, io)
      finish(0)
    })
}

async function fetchBundle({ output, audience, protected: closed, ...flags }: BundleFlags, io: Io): Promise<void> {
  const bytes = await readingClient(flags, io).bundle({ ...(audience === undefined ? {} : { audience }), ...(closed === true ? { protected: 'true' as const } : {}) })
  const bundle = contentOf(bytes)
  writeOutput(io, resolve(io.cwd, output), (sink) => { sink.bytes(bytes) })
  const { workspace, origin, issuedAt, notAfter, active, ended } = bundle
  if (flags.format === 'json') {
    io.stdout.write(`${JSON.stringify({
      schemaVersion: 1, kind: 'BundleResult', path: output, bytes: bytes.length, workspace, origin, audience: bundle.audience,
      issuedAt: formatInstant(issuedAt), notAfter: formatInstant(notAfter), active: active.length, ended: ended.length,
    })}\n`)
    return
  }
  io.stdout.write(`wrote ${shown(output)}: ${plural(active.length, 'active opt-out')} of ${oneLine(workspace)}, log ${oneLine(origin)}\n`
    + `honoured until ${formatInstant(notAfter)} (${spanText(notAfter - issuedAt)}), by ${bundle.audience === '*' ? 'any point of the workspace' : `points of ${oneLine(bundle.audience)}`}\n`)
}

/** What it says, for people; whoever uses it verifies it. */
function contentOf(bytes: Uint8Array): Bundle {
  try {
    const { payload } = JSON.parse(Buffer.from(bytes).toString('utf8')) as { readonly payload: string }
    return bundleSchema.parse(JSON.parse(Buffer.from(payload, 'base64').toString('utf8')))
  } catch (cause) {
    throw cliError('SHOWN_DIFFERS', 'what the server gave as a bundle is none of this release', cause instanceof SyntaxError ? 'it is no JSON' : 'use a server and a command of the same release')
  }
}
