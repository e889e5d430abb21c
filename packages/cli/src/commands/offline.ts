import type { Command } from 'commander'
import { type ActFlags, actOptions } from '../acts/server.ts'
import type { Io } from '../edge/io.ts'
import type { PrepareFlags } from '../offline/prepare.ts'
import type { OfflineSignFlags } from '../offline/sign.ts'
import type { VerifyFlags } from '../offline/verify.ts'

const help = `
When no bundle can be had, two people may let exact findings of one commit through,
for an hour at most, where every policy says \`emergency.offline: true\`. The grant is
a file that both sign with hardware keys and merge into the protected branch; it is
unlogged, every output says so, and it must be entered once the server is back.

Examples:
  exeat offline prepare trivy.sarif --env staging --team sre-oncall \\
    --owner ann@acme.example --reason 'payments are down' --ticket INC-1
  exeat offline sign .exeat/offline/DIGEST/grant.json --ssh ~/.ssh/id_ed25519_sk
  exeat offline verify .exeat/offline/DIGEST/grant.json
  exeat offline import .exeat/offline/DIGEST/grant.json --actor ann

Exit codes:
  0 done   1 Exeat or its needs failed   3 refused   4 signatures are missing
  64 wrong usage`

type Finish = (exit: number) => void

export function define(command: Command, io: Io, finish: Finish): void {
  command.usage('COMMAND [OPTIONS]').helpCommand('help [COMMAND]', 'print help of a command').addHelpText('after', help)
  definePrepare(command, io, finish)
  const format = (sub: Command): Command => sub.addOption(sub.createOption('-f, --format <format>', 'how to print it').choices(['text', 'json']).default('text'))
    .option('--ref <ref>', 'branch that governs; default: what refs/remotes/origin/HEAD points at')

  format(command.command('sign').summary('sign a grant with a hardware key').description('Show what a grant lets through, and sign it with a FIDO2 key.').argument('<file>', 'the grant'))
    .requiredOption('--ssh <keyfile>', 'the key that signs')
    .option('-y, --yes', 'sign without being asked')
    .option('--code <code>', 'the comparison code that you saw; anything else is not signed')
    .action(async (file: string, flags: OfflineSignFlags) => {
      await (await import('../offline/sign.ts')).signOffline(file, flags, io)
      finish(0)
    })

  format(command.command('verify').summary('check a grant as the gate will').description('Check a grant and its signatures as the gate will, were it asked now.').argument('<file>', 'the grant'))
    .action(async (file: string, flags: VerifyFlags) => { finish(await (await import('../offline/verify.ts')).verifyOffline(file, flags, io)) })

  actOptions(command.command('import').summary('enter a grant in the log').description('Enter a grant in the log, once the server is there again. It is reviewed as any emergency.').argument('<file>', 'the grant'))
    .action(async (file: string, flags: ActFlags) => {
      await (await import('../offline/import.ts')).importOffline(file, flags, io)
      finish(0)
    })
}

function definePrepare(parent: Command, io: Io, finish: Finish): void {
  const command = parent.command('prepare').summary('write a grant for what blocks now').description('Write a grant for the findings that block this commit now.')
    .argument('<reports...>', 'report files (globs too), or - for standard input')
  command
    .requiredOption('--env <name>', 'environment that the commit is for')
    .requiredOption('--team <group>', 'the group on whose account it goes')
    .requiredOption('--owner <who>', 'who answers for it')
    .requiredOption('--reason <text>', 'why')
    .option('--ticket <text>', 'where it is tracked')
    .option('--compensating-control <text>', 'what protects instead')
    .option('--control <tool/rule>', 'this control alone; may be repeated', (value: string, list: readonly string[] = []) => [...list, value])
    .option('--for <duration>', 'how long, `60m` at most', '60m')
    .option('--repo <name>', 'repository, as the workspace names it; default: that of the remote `origin`')
    .option('--input-format <format>', 'what the reports are; default: told by their content')
    .option('--bundle <file>', 'the last bundle known; default: the one that the gate kept here')
    .option('--ref <ref>', 'branch that governs; default: what refs/remotes/origin/HEAD points at')
    .addOption(command.createOption('-f, --format <format>', 'how to print it').choices(['text', 'json']).default('text'))
    .action(async (reports: readonly string[], flags: PrepareFlags) => {
      await (await import('../offline/prepare.ts')).prepareOffline(reports, flags, io)
      finish(0)
    })
}
