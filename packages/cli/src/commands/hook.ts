import type { Command } from 'commander'
import type { Io } from '../edge/io.ts'
import type { PlaceFlags } from '../hook/install.ts'
import type { RunFlags } from '../hook/run.ts'

const help = `
A hook runs the scanners that \`git config exeat.hook.*\` of this repository names,
over a copy of what is staged or pushed, and decides as \`exeat gate\` does: policies
and opt-outs are those of the protected branch, never of the change. Where a scanner
is missing, fails, hangs or says nothing, nothing passes. It runs beside the
pre-commit framework, husky and hooks of your own: docs/hooks.md.

Examples:
  exeat hook install                      pre-push; in a bare repository pre-receive
  git config --add exeat.hook.scanner \\
    'gitleaks dir . --report-format sarif --report-path "$EXEAT_REPORT"'
  git config exeat.hook.env development
  exeat hook install pre-receive --repo /srv/git/payments.git
  git push -o exeat.optout=log4j-hotfix   where pushes arrive: why does it not apply?

Exit codes:
  0 nothing blocks, or done   1 Exeat or a scanner failed   2 blocked
  3 a report, a policy or a setting is invalid              64 wrong usage`

type Finish = (exit: number) => void

export function define(command: Command, io: Io, finish: Finish): void {
  command.usage('COMMAND [OPTIONS]').helpCommand('help [COMMAND]', 'print help of a command').addHelpText('after', help)
  place(command.command('install').summary('put a hook in place, beside what stands there').description('Put a hook in place. A hook that stands there runs first, and keeps its say.'))
    .action(async (name: string | undefined, flags: PlaceFlags) => {
      await (await import('../hook/install.ts')).installHook(name, flags, io)
      finish(0)
    })
  place(command.command('uninstall').summary('take it away, and put back what stood there').description('Take the hook away, or all of Exeat\'s, and put back what stood there before.'))
    .action(async (name: string | undefined, flags: PlaceFlags) => {
      await (await import('../hook/install.ts')).uninstallHook(name, flags, io)
      finish(0)
    })
  command.command('run').summary('what git calls').description('Judge what is staged or pushed. It is called by git, with what git gives the hook.')
    .argument('<name>', 'pre-commit, pre-push, pre-receive or update')
    .argument('[arguments...]', 'what git gives the hook, after `--`')
    .option('--report <file>', 'a report that something else wrote; may be repeated', (file: string, all: readonly string[] = []) => [...all, file])
    .option('--chained <file>', 'a hook to run first; nothing, where there is no such file')
    .action(async (name: string, args: readonly string[], flags: RunFlags) => {
      const [{ hookName }, { runHook }, { pushText }] = await Promise.all([import('../hook/names.ts'), import('../hook/run.ts'), import('../review/push.ts')])
      const hook = hookName(name)
      // Git may give the others a terminal.
      const input = hook === 'pre-push' || hook === 'pre-receive' ? await pushText(process.stdin) : ''
      finish(await runHook(hook, { args, input }, flags, io))
    })
}

const place = (command: Command): Command => command
  .argument('[name]', 'pre-commit, pre-push, pre-receive or update')
  .option('--repo <path>', 'the repository; default: that of this folder')
