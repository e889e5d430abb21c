import type { Command } from 'commander'
import type { Io } from '../edge/io.ts'
import { writeOutput } from '../edge/output.ts'
import { type Progress, scan } from '../scan/run.ts'
import { writeText } from '../scan/text.ts'
import { plainStyles, stylesFor } from '../text/style.ts'

const help = `
Finds suppressions that no opt-out declares: inline comments (nosemgrep, nosec,
checkov:skip, NOLINT, eslint-disable of security rules, …), ignore files and
baselines, exemptions of Kubernetes policies, and scanner steps of pipelines that
cannot fail. Says who wrote each and when, whether it ends, and whether an opt-out
of .exeat/ covers it. Needs no configuration and works outside git too.

Examples:
  exeat scan                            this repository
  exeat scan services/ledger --all      a folder, every suppression listed
  exeat scan --format json -o scan.json
  exeat scan --diff origin/main         for pull requests: fails on a new one

Exit codes:
  0 shown   1 Exeat or its needs failed
  2 --diff: the change adds an undeclared one; --fail: there is one
  64 wrong usage`

interface ScanFlags {
  readonly diff?: string
  readonly fail?: boolean
  readonly gitBlame?: true
  readonly blame: boolean
  readonly vendored?: boolean
  readonly all?: boolean
  readonly repo?: string
  readonly format: 'text' | 'json'
  readonly output?: string
}

export function define(command: Command, io: Io, finish: (exit: number) => void): void {
  command
    .argument('[path]', 'folder or file; default: this folder', '.')
    .option('--diff <base>', 'exit 2 if what is checked out adds one that this branch or commit does not have')
    .option('--fail', 'exit 2 if any is undeclared')
    .option('--git-blame', 'ask git for the author of each, however many files; default: of 300 files')
    .option('--no-blame', 'ask git for no author')
    .option('--vendored', 'read vendored folders too')
    .option('--all', 'list every suppression')
    .option('--repo <name>', 'name of the repository in opt-outs; default: as the remote `origin` has it')
    .addOption(command.createOption('-f, --format <format>', 'how to print it').choices(['text', 'json']).default('text'))
    .option('-o, --output <file>', 'where it goes; default: standard output')
    .addHelpText('after', help)
    .action(async (path: string, flags: ScanFlags) => { finish(await run(path, flags, io)) })
}

/** @throws {ExeatError} every reason why nothing can be said */
async function run(path: string, flags: ScanFlags, io: Io): Promise<number> {
  const progress = progressOn(io)
  const result = await scan(io.cwd, {
    path, fail: flags.fail === true, vendored: flags.vendored === true,
    ...(flags.gitBlame === true ? { blame: true } : flags.blame ? {} : { blame: false }),
    ...(flags.diff === undefined ? {} : { diff: flags.diff }),
    ...(flags.repo === undefined ? {} : { repo: flags.repo }),
  }, io.now, progress.tell)
  progress.end()
  writeOutput(io, flags.output, (sink) => {
    if (flags.format === 'json') sink.write(`${JSON.stringify(result)}\n`)
    else writeText(result, flags.all === true, (text) => { sink.write(text) }, { now: io.now, styles: flags.output === undefined ? stylesFor(io.stdout, io.env) : plainStyles })
  })
  return result.exit
}

/** One line on a terminal that is written over; nothing anywhere else. */
function progressOn(io: Io): { readonly tell: Progress; readonly end: () => void } {
  let told = false
  if (!io.stderr.isTTY) return { tell: () => {}, end: () => {} }
  return {
    tell: (what, done, all) => {
      if (all < 2000 && what === 'files') return
      told = true
      io.stderr.write(`\r${what} ${done} of ${all}\u001b[K`)
    },
    end: () => { if (told) io.stderr.write('\r\u001b[K') },
  }
}
