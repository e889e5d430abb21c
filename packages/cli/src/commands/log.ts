import type { Command } from 'commander'
import type { Io } from '../edge/io.ts'
import type { ShowFlags } from '../log/show.ts'
import type { CheckFlags, ProveFlags } from '../log/prove.ts'
import { repeatable, sourceOption, trustOptions, witnessOptions } from '../log/trust.ts'
import type { EvidenceFlags } from '../log/evidence.ts'
import type { ExportFlags } from '../log/export-command.ts'
import type { KeyFlags } from '../log/key.ts'
import type { VerifyFlags } from '../log/verify.ts'

const help = `
The log is read as C2SP tlog-tiles and nothing that it serves is believed: the key
is pinned with --key, and everything printed is proven against what that key signed.

Examples:
  exeat log key --log https://exeat.example/log
  exeat log verify --log https://exeat.example/log --key "$KEY"
  exeat log verify --log ./mirror --key "$KEY" --since monday.checkpoint
  exeat log prove 4711 --log https://exeat.example/log --key "$KEY" -o 4711.receipt
  exeat log check 4711.receipt --key "$KEY"
  exeat log export ./mirror --log unix:/run/exeat/admin.sock --key "$KEY" --bodies
  exeat log export /srv/www/log --log https://exeat.example/log --key "$KEY" --watch
  exeat log evidence --all --from ./mirror --key "$KEY"

Exit codes:
  0 as it should be   1 could not be read   2 tampered
  3 invalid input     64 wrong usage`

const verifyHelp = `
Holds the log's signed head against the keys, against the checkpoint that the last
run kept, and against --since. Then rehashes every entry and compares every tile:
by default up to a million entries; beyond that, --full asks for it.

The checkpoint is kept under XDG_STATE_HOME (~/.local/state/exeat/checkpoints) and
replaced by none that is not proven to extend it. What the log signed and should
not have is put beside it, as evidence.

Found out: LOG_TRUNCATED (fewer entries than before), LOG_REWRITTEN (history changed),
LOG_SPLIT_VIEW (two heads that cannot both be true), ENTRY_MISMATCH, TILE_MISMATCH,
RESOURCE_MISSING, ROOT_MISMATCH (what is stored is not what was signed).`

type Finish = (exit: number) => void

export function define(command: Command, io: Io, finish: Finish): void {
  command.usage('COMMAND [OPTIONS]').helpCommand('help [COMMAND]', 'print help of a command').addHelpText('after', help)
  defineVerify(command, io, finish)
  defineReaders(command, io, finish)
  defineReceipts(command, io, finish)
  defineEvidence(command, io, finish)
}

function defineVerify(log: Command, io: Io, finish: Finish): void {
  const command = log.command('verify').summary('check that nothing was deleted, changed or replaced').description('Check that nothing was deleted, changed or replaced.')
  trustOptions(sourceOption(command))
    .option('--since <file>', 'a checkpoint of this log from elsewhere, which it must extend')
    .option('--full', 'rehash every entry, however many there are')
    .option('--quick', 'check signatures, consistency and the newest entries alone')
    .option('--state <folder>', 'where the last checkpoint is kept')
    .addOption(command.createOption('-f, --format <format>', 'how to print it').choices(['text', 'json']).default('text'))
    .addHelpText('after', verifyHelp)
    .action(async (flags: VerifyFlags) => { finish(await (await import('../log/verify.ts')).verify(flags, io)) })
}

const evidenceHelp = `
An act of a person stands in the log with what they signed. This verifies it once more,
under the key that the log enrolled for them and that counted then, from an export
(exeat log export --bodies) or a server, of which nothing is believed.

With --all: the whole tree, every body and document, every approval, activation, renewal,
revocation, emergency, review and key; and that what counted was there before, by distinct
people, none of them who asked.

Pin the log's key with --key, or name a clone whose protected branch pins its founders
with --clone. With --key alone the founders are those that entry 0 states.

user-signed and idp-signed are verified. Of server-asserted, operator-asserted and none
nobody signed anything: the log says so, and that is all there is.

Examples:
  exeat log evidence 14 --from ./export --key "$KEY"
  exeat log evidence --all --from ./export --clone ./governance

Exit codes:
  0 all that was asked about holds   1 something could not be read   2 something is wrong
  3 the checkpoint is none           64 wrong usage`

function defineEvidence(log: Command, io: Io, finish: Finish): void {
  const command = log.command('evidence').summary('verify what people signed, from files alone').description('Verify what people signed for the acts in the log, from files alone.')
    .argument('[entry]', 'index or id of an entry')
    .requiredOption('--from <place>', 'a folder of `exeat log export --bodies`, unix:/PATH/TO/admin.sock or https://HOST')
    .option('--all', 'every act of the log, and the whole tree')
    .option('--key <vkey>', 'verifier key of the log, pinned; several while it is rotated', repeatable)
    .option('--clone <folder>', 'a clone whose protected branch pins the founders, and the witnesses')
    .option('--ref <ref>', 'that branch, where the clone has no `origin` that says it')
  witnessOptions(command)
    .addOption(command.createOption('-f, --format <format>', 'how to print it').choices(['text', 'json']).default('text'))
    .addHelpText('after', evidenceHelp)
    .action(async (entry: string | undefined, flags: EvidenceFlags) => { finish(await (await import('../log/evidence.ts')).evidence(entry, flags, io)) })
}

function defineReaders(log: Command, io: Io, finish: Finish): void {
  log.command('key').summary('print the verifier key to pin').description('Print the verifier key that a log publishes, or those of the logs verified here before.')
    .option('--log <place>', 'the log: https://HOST/PREFIX, unix:/PATH/TO/SOCKET or a folder')
    .option('--state <folder>', 'where keys of verified logs are kept')
    .action(async (flags: KeyFlags) => {
      await (await import('../log/key.ts')).key(flags, io)
      finish(0)
    })

  const show = log.command('show').summary('print entries, each proven').description('Print entries, each proven to stand in the log; the newest unless --from says otherwise.')
  trustOptions(sourceOption(show))
    .option('--from <index>', 'the first entry to print')
    .option('--limit <n>', 'how many', '20')
    .addOption(show.createOption('-f, --format <format>', 'how to print them').choices(['table', 'json']).default('table'))
    .action(async (flags: ShowFlags) => {
      await (await import('../log/show.ts')).show(flags, io)
      finish(0)
    })

  const copy = log.command('export').summary('copy the log into a folder that any web server can serve')
    .description('Copy the log into a folder that any web server can serve. Running it again adds what is new.').argument('<folder>', 'made where it does not exist')
  trustOptions(sourceOption(copy))
    .option('--bodies', 'at the administrative socket: bodies, documents and impacts too, for `exeat log evidence`; they are private')
    .option('--watch', 'go on until SIGINT or SIGTERM; what the log has more is added, and a log that is away is tried again')
    .option('--interval <seconds>', 'with --watch: how long to wait between two looks', '10')
    .action(async (folder: string, flags: ExportFlags) => {
      await (await import('../log/export-command.ts')).exportTo(folder, flags, io)
      finish(0)
    })
}

function defineReceipts(log: Command, io: Io, finish: Finish): void {
  const prove = log.command('prove').summary('write a receipt for an entry').description('Write a receipt (C2SP tlog-proof) that proves offline that an entry stands in the log, and brings it along.')
    .argument('<index>', 'the entry\'s index, from 0')
  trustOptions(sourceOption(prove))
    .option('-o, --output <file>', 'write it there; default: standard output')
    .action(async (index: string, flags: ProveFlags) => {
      await (await import('../log/prove.ts')).prove(index, flags, io)
      finish(0)
    })

  const check = log.command('check').summary('check a receipt offline').description('Check a receipt without asking anybody.').argument('<receipt>', 'file that `exeat log prove` or the server wrote')
  trustOptions(check)
    .option('--leaf <file>', 'the entry that it must be for; default: the one that the receipt brings along')
    .addOption(check.createOption('-f, --format <format>', 'how to print it').choices(['text', 'json']).default('text'))
    .action(async (file: string, flags: CheckFlags) => {
      const { check: checkReceipt } = await import('../log/prove.ts')
      checkReceipt(file, flags, io)
      finish(0)
    })
}
