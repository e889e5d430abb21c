import type { Command } from 'commander'
import { actOptions, serverOptions, type ActFlags, type ServerFlags } from '../acts/server.ts'
import type { Io } from '../edge/io.ts'
import type * as enrolment from '../people/enrol.ts'

const help = `
A key counts towards approvals once somebody else vouched for it, and a day has gone
by; a founder's own at once. To begin with, on the server's machine:

  exeat enrol invite ann --actor ann              a one-time link, to be opened in a browser
  exeat enrol list                                what was enrolled, with its comparison code
  exeat enrol vouch CODE --root-key FILE          a founder's word that the key is theirs

Later, by whoever signed in:

  exeat enrol vouch CODE --server https://HOST    that it is their key, with a tap
  exeat enrol add ~/.ssh/id_ed25519_sk --server https://HOST

Exit codes:
  0 done   1 the server could not be reached   3 refused   64 wrong usage`

export function define(command: Command, io: Io, finish: (exit: number) => void): void {
  command.usage('COMMAND [OPTIONS]').helpCommand('help [COMMAND]', 'print help of a command').addHelpText('after', help)
  const done = async (run: (people: typeof enrolment) => Promise<void>): Promise<void> => {
    await run(await import('../people/enrol.ts'))
    finish(0)
  }
  actOptions(command.command('invite').summary('make a one-time link to enrol a key').description('Make a one-time link with which a person enrols a key.').argument('<name>', 'how the person is named here'))
    .action((name: string, flags: ActFlags) => done((people) => people.invite(name, flags, io)))
  actOptions(command.command('add').summary('enrol an SSH security key of your own').description('Enrol an SSH security key (FIDO2) of whoever signed in, for approving and activating without a browser.').argument('<keyfile>', 'the key, as ssh names it: ~/.ssh/id_ed25519_sk'))
    .option('--label <text>', 'how it is called; default: the file\'s name')
    .action((file: string, flags: ActFlags & { readonly label?: string }) => done((people) => people.add(file, flags, io)))
  serverOptions(command.command('list').summary('list keys, and whether they count').description('List the keys that were enrolled, and whether they count.'))
    .action((flags: ServerFlags) => done((people) => people.list(flags, io)))
  actOptions(command.command('vouch').summary('say that a key is its person\'s').description('Say that a key is its person\'s: with a founder\'s root key, or, of whoever signed in, with a tap in a browser.').argument('<key>', 'its digest, or the comparison code that its person sees'))
    .option('--root-key <file>', 'the founder\'s key, as `exeat init --server` wrote it; default: your own key, in a browser')
    .action((word: string, flags: enrolment.VouchFlags) => done((people) => people.vouch(word, flags, io)))
  actOptions(command.command('remove').summary('remove a key, at once').description('Remove a key. It counts for nothing from then on, and what it approved before is not counted either.').argument('<key>', 'its digest or comparison code'))
    .requiredOption('--reason <text>', 'why; it is recorded')
    .action((word: string, flags: ActFlags & { readonly reason: string }) => done((people) => people.remove(word, flags, io)))
}
