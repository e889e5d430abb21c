import type { Command } from 'commander'
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import type { Restored } from '@exeat/server'
import { readPassphrase } from '../backup/passphrase.ts'
import type { Io } from '../edge/io.ts'
import { cliError, systemReason } from '../edge/problem.ts'
import { shown } from '../text/safe.ts'
import { plural } from '../text/wrap.ts'

const help = `
Makes the data folder and the database of a server from a backup. Everything in it is
verified before anything is written, while it is written, and once more from the
database. A folder or a log that stands is never touched.

A backup is older than the log that was lost. So the last head held outside is asked
for: the head file that still stands where the configuration or --head says, or a
checkpoint that a witness, an export or "exeat log verify" kept (--last-head FILE).
A backup that does not reach it is refused: entries that were acknowledged would be
gone unseen. --last-head backup says that nobody holds one.

Examples:
  exeat restore monday.exeat --data /srv/exeat --passphrase-file secret --head /mnt/other/head
  exeat restore monday.exeat --data /srv/exeat --identity backup.agekey --last-head log.checkpoint
  exeat restore monday.exeat --data /srv/exeat --database postgres --last-head log.checkpoint

With --database postgres, DATABASE_OWNER_URL makes the tables and DATABASE_URL is
the role that the log runs as, as with "exeat init --server".

Exit codes: 0 restored, 1 failed, 2 altered or older than the last head, 3 invalid,
64 wrong usage.`

interface RestoreFlags {
  readonly data?: string
  readonly key?: string
  readonly passphraseFile?: string
  readonly identity?: string
  readonly database?: 'sqlite' | 'postgres'
  readonly head?: string
  readonly lastHead?: string
}

export function define(command: Command, io: Io, finish: (exit: number) => void): void {
  command.argument('<file>', 'what `exeat backup` wrote')
    .option('--data <folder>', 'the data folder to make; default: $XDG_DATA_HOME/exeat/server')
    .option('--key <vkey>', 'verifier key of the log, pinned')
    .option('--passphrase-file <file>', 'opens the keys in the backup')
    .option('--identity <file>', 'a secret key of age, which opens them too')
    .addOption(command.createOption('--database <kind>', 'where the log is kept from now on; default: as before').choices(['sqlite', 'postgres']))
    .option('--head <file>', 'the head file; default: as before')
    .option('--last-head <file>', 'the last checkpoint that anybody holds, where the head file is gone; `backup`: none')
    .addHelpText('after', help)
    .action(async (file: string, flags: RestoreFlags) => {
      await restore(file, flags, io)
      finish(0)
    })
}

async function restore(file: string, flags: RestoreFlags, io: Io): Promise<void> {
  const { identity, passphraseFile, key, database, head, lastHead } = flags
  if (identity !== undefined && passphraseFile !== undefined) throw cliError('USAGE', '`--identity` and `--passphrase-file` exclude each other')
  const { defaultDataFolder, restoreBackup } = await import('@exeat/server')
  const data = resolve(io.cwd, flags.data ?? defaultDataFolder(io.env))
  const opener = passphraseFile !== undefined ? { passphrase: readPassphrase(passphraseFile, io) } : identity === undefined ? undefined : { identity: secretKeyIn(identity, io) }
  const [url, ownerUrl] = [io.env['DATABASE_URL'], io.env['DATABASE_OWNER_URL']]
  const restored = await restoreBackup({
    file: resolve(io.cwd, file), data,
    ...(key === undefined ? {} : { key }), ...(opener === undefined ? {} : { opener }), ...(database === undefined ? {} : { database }),
    ...(head === undefined ? {} : { head: resolve(io.cwd, head) }),
    ...(lastHead === undefined ? {} : { lastHead: lastHead === 'backup' ? lastHead : bytesOf(lastHead, io) }),
    ...(url === undefined ? {} : { url }), ...(ownerUrl === undefined ? {} : { ownerUrl }),
  })
  io.stdout.write(restoredText(restored, data, lastHead))
}

/** `age-keygen` writes comments around it. */
const secretKeyIn = (file: string, io: Io): string => readPassphrase(file, io).split('\n').find((line) => line.startsWith('AGE-SECRET-KEY-'))?.trim() ?? ''

function bytesOf(file: string, io: Io): Uint8Array {
  try {
    return readFileSync(resolve(io.cwd, file))
  } catch (cause) {
    throw cliError('INPUT_UNREADABLE', `\`${file}\` cannot be read: ${systemReason(cause)}`)
  }
}

function restoredText({ facts: { header }, keys }: Restored, data: string, lastHead: string | undefined): string {
  return [
    `restored ${plural(header.size, 'entry', 'entries')} of ${shown(header.origin)} into ${shown(data)}, and verified them there`,
    ...(lastHead === 'backup' ? ['nothing shows that the log had no more entries than the backup: hold it against every witness and checkpoint that turns up'] : []),
    ...(keys ? [] : ['the keys are not there: put the key files back into keys/ of the data folder']),
    'erase again what was erased after the backup was made, and remove API keys that were removed since',
    `start it:  exeat serve --data ${shown(data)}`,
  ].map((line) => `${line}\n`).join('')
}
