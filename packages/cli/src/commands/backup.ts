import type { Command } from 'commander'
import { resolve } from 'node:path'
import type { BackupFacts } from '@exeat/server'
import { readPassphrase } from '../backup/passphrase.ts'
import type { Io } from '../edge/io.ts'
import { cliError } from '../edge/problem.ts'
import { repeatable } from '../log/trust.ts'
import { shown } from '../text/safe.ts'
import { plural } from '../text/wrap.ts'

const help = `
One file with the log, its bodies, documents and records, the configuration, and who is
known (API keys, second factors, counters). It is read from one snapshot while the
server runs, and proven before it gets its name. Sessions, everything that is used
once and the history of runs are left out: people sign in again.

The file is private: it says who asked for what, and why. Keys are in it only with
--recipient or --passphrase-file, encrypted (age); founders' keys and the head file
never are. Without the keys a restored server cannot start.

Examples:
  exeat backup -o monday.exeat --recipient age1...
  exeat backup -o monday.exeat --passphrase-file /run/secrets/backup
  exeat backup verify monday.exeat --key "$KEY"

With the log in PostgreSQL, DATABASE_URL names the database.

Exit codes: 0 written or proven, 1 failed, 2 altered, 3 no backup or no such keys,
64 wrong usage.`

interface BackupFlags {
  readonly output: string
  readonly data?: string
  readonly recipient?: readonly string[]
  readonly passphraseFile?: string
}

export function define(command: Command, io: Io, finish: (exit: number) => void): void {
  command
    .option('-o, --output <file>', 'where to write it; must not exist')
    .option('--data <folder>', 'the server\'s data folder; default: $XDG_DATA_HOME/exeat/server')
    .option('--recipient <age1>', 'include the keys, for whoever has this key of age; may be repeated', repeatable)
    .option('--passphrase-file <file>', 'include the keys, for whoever knows what this file says')
    .addHelpText('after', help)
    .action(async (flags: Partial<BackupFlags>) => {
      if (flags.output === undefined) throw cliError('USAGE', '`exeat backup` needs a file to write', 'name it with -o FILE')
      await backup({ ...flags, output: flags.output }, io)
      finish(0)
    })
  command.command('verify').summary('prove a backup offline').description('Prove a backup offline: tree, checkpoints, bodies, documents, records and the signed manifest.')
    .argument('<file>', 'what `exeat backup` wrote')
    .option('--key <vkey>', 'verifier key of the log, pinned; without it nothing shows whose backup it is')
    .action(async (file: string, { key }: { readonly key?: string }) => {
      const { checkBackup } = await import('@exeat/server')
      const facts = await checkBackup(resolve(io.cwd, file), key === undefined ? {} : { key })
      io.stdout.write(`${factsText(file, facts)}${key === undefined ? `the key ${shown(facts.header.key)} is what the backup says itself: pin it with --key\n` : ''}`)
      finish(0)
    })
}

async function backup({ output, data, recipient, passphraseFile }: BackupFlags, io: Io): Promise<void> {
  if (recipient !== undefined && passphraseFile !== undefined) throw cliError('USAGE', '`--recipient` and `--passphrase-file` exclude each other', 'a file of age is for one or the other')
  const { defaultDataFolder, makeBackup } = await import('@exeat/server')
  const databaseUrl = io.env['DATABASE_URL']
  const locks = recipient !== undefined ? { recipients: recipient } : passphraseFile === undefined ? undefined : { passphrase: readPassphrase(passphraseFile, io) }
  const facts = await makeBackup({
    data: resolve(io.cwd, data ?? defaultDataFolder(io.env)), file: resolve(io.cwd, output), now: Date.now,
    ...(locks === undefined ? {} : { locks }), ...(databaseUrl === undefined ? {} : { databaseUrl }),
  })
  io.stdout.write(factsText(output, facts))
  if (!facts.keys) io.stdout.write('the keys are not in it: keep keys/ of the data folder elsewhere, or no restored server can start\n')
}

function factsText(file: string, { header, sections, erased, shown: folded, keys }: BackupFacts): string {
  const lines = (section: string): number => sections[section]?.lines ?? 0
  return `${shown(file)} holds ${plural(header.size, 'entry', 'entries')} of ${shown(header.origin)} as of ${new Date(header.headAt).toISOString()}, and verifies
  bodies erased  ${erased}
  documents      ${lines('body')}
  records        ${lines('record')}, ${folded} of them shown to be what the log says
  identity rows  ${lines('row')}
  keys           ${keys ? 'encrypted' : 'none'}
`
}
