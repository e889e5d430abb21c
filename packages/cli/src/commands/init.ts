import type { Command } from 'commander'
import { lstatSync, mkdirSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { gitFacts, type GitFacts } from '@exeat/git'
import { ExeatError } from '@exeat/core/error'
import type { Io } from '../edge/io.ts'
import { cliError, cliProblem, systemReason } from '../edge/problem.ts'
import { developmentPolicy, developmentTest, exampleOptOut, type InitFacts, productionPolicy, workspace } from '../init/documents.ts'
import { codeOwners, githubWorkflow, gitlabJob } from '../init/pipelines.ts'
import { type InitServerFlags, serverFlags } from '../init/server-flags.ts'
import { stylesFor } from '../text/style.ts'

const help = `
Writes a workspace with two environments, a policy for the unprotected one, an
example opt-out, a policy test, and the jobs that run the gate on GitHub and
GitLab. It never overwrites a file.

Examples:
  exeat init --dry-run                       see what would be written
  exeat init --repo acme/payments --branch main

With --server it founds a server instead: its keys, its database, and the entry
in which the founders say whose keys speak for the log.

  exeat init --server --origin log.acme.example --repository . \\
      --founder alice --founder bob
  exeat init --server --rotate bundle --root-key alice.key --root-key bob.key`

interface InitFlags extends InitServerFlags {
  readonly dryRun?: boolean
  readonly repo?: string
  readonly branch?: string
}

export function define(command: Command, io: Io, finish: (exit: number) => void): void {
  command
    .option('--dry-run', 'print the files instead of writing them')
    .option('--repo <name>', 'name of the repository; default: as the remote `origin` has it')
    .option('--branch <name>', 'branch that will govern; default: the one checked out')
    .option('--server', 'found a server')
    .option('--origin <name>', 'with --server: the log\'s name for ever, a URL without scheme')
    .option('--repository <place>', 'with --server: the governance repository, a folder or a URL')
    .option('--ref <branch>', 'with --server: its protected branch; default: what the repository calls its own')
    .option('--founder <name>', 'with --server: who vouches for the log\'s keys; name two people', repeated)
    .option('--data <folder>', 'with --server: where keys and log are kept; default: $XDG_DATA_HOME/exeat/server')
    .addOption(command.createOption('--database <kind>', 'with --server: PostgreSQL takes DATABASE_URL, and DATABASE_OWNER_URL to make its tables').choices(['sqlite', 'postgres']))
    .option('--head <file>', 'with --server: where the last head is held, best on another disk')
    .option('--url <url>', 'with --server: where people will sign in and tap; https, or http://localhost:PORT to try it')
    .option('--rotate <key>', 'with --server: replace the `bundle` or `webhook` key')
    .option('--root-key <file>', 'with --rotate: a founder\'s key; give two', repeated)
    .addHelpText('after', help)
    .action(async (flags: InitFlags) => { finish(await (flags.server === true ? (await import('../init/server.ts')).initServer(flags, io) : init(flags, io))) })
}

const repeated = (value: string, before: readonly string[] = []): readonly string[] => [...before, value]

interface NewFile {
  readonly path: string
  readonly content: string
}

/** @throws {ExeatError} FILE_EXISTS for every file in the way, OUTPUT_FAILED */
async function init(flags: InitFlags, io: Io): Promise<number> {
  const stray = serverFlags.find((name) => flags[name] !== undefined)
  if (stray !== undefined) throw cliError('USAGE', `\`--${stray === 'rootKey' ? 'root-key' : stray}\` needs \`--server\``)
  const facts = await initFacts(flags, io)
  const owners = codeOwnersFile(io.cwd)
  const files = [...filesOf(facts), ...(owners === undefined ? [{ path: '.github/CODEOWNERS', content: codeOwners }] : [])]
  refuseExisting(files, io.cwd)
  if (flags.dryRun === true) {
    for (const { path, content } of files) io.stdout.write(`${stylesFor(io.stdout, io.env).bold(`# ==> ${path}`)}\n${content}\n`)
    return 0
  }
  for (const file of files) write(file, io.cwd)
  io.stdout.write(`wrote\n${files.map(({ path }) => `  ${path}\n`).join('')}\n${nextSteps(owners, facts)}`)
  return 0
}

const filesOf = (facts: InitFacts): readonly NewFile[] => [
  { path: '.exeat/workspace.yaml', content: workspace(facts) },
  { path: '.exeat/policies/development.yaml', content: developmentPolicy },
  { path: '.exeat/policies/production.yaml', content: productionPolicy },
  { path: '.exeat/opt-outs/example.yaml', content: exampleOptOut(facts) },
  { path: '.exeat/tests/development.yaml', content: developmentTest(facts) },
  { path: '.github/workflows/exeat.yml', content: githubWorkflow(facts) },
  { path: '.gitlab/exeat.yml', content: gitlabJob(facts) },
]

async function initFacts(flags: InitFlags, io: Io): Promise<InitFacts> {
  const known = await gitFacts(io.cwd).catch((error: unknown): GitFacts => {
    if (error instanceof ExeatError && error.problems[0].code === 'REPOSITORY_MISSING') return {}
    throw error
  })
  return {
    repository: checked('--repo', flags.repo) ?? known.repository?.value.name ?? `local/${slug(basename(io.cwd))}`,
    branch: checked('--branch', flags.branch) ?? plainBranch(known.ref?.value) ?? 'main',
  }
}

/** What goes into the templates must not need quoting in YAML or in a shell. */
const plainName = /^[\w][\w./-]{0,200}$/

function checked(flag: string, value: string | undefined): string | undefined {
  if (value === undefined || plainName.test(value)) return value
  throw cliError('USAGE', `\`${flag} ${value}\` is no plain name`, 'use letters, digits, `.`, `_`, `-` and `/`')
}

function plainBranch(ref: string | undefined): string | undefined {
  const branch = ref?.replace(/^refs\/heads\//, '')
  return branch !== undefined && plainName.test(branch) ? branch : undefined
}

const slug = (name: string): string => name.toLowerCase().replaceAll(/[^a-z0-9.-]+/g, '-').replaceAll(/^-+|-+$/g, '') || 'repository'

const present = (path: string): boolean => lstatSync(path, { throwIfNoEntry: false }) !== undefined

/** Where a forge looks for code owners; undefined: none of them exists. */
const codeOwnersFile = (cwd: string): string | undefined =>
  ['.github/CODEOWNERS', '.gitlab/CODEOWNERS', 'docs/CODEOWNERS', 'CODEOWNERS'].find((path) => present(join(cwd, path)))

function refuseExisting(files: readonly NewFile[], cwd: string): void {
  const taken = files.filter(({ path }) => present(join(cwd, path)))
  const [first, ...rest] = taken.map(({ path }) =>
    cliProblem('FILE_EXISTS', `\`${path}\` exists already, and nothing is overwritten`, 'move it away, or compare with `exeat init --dry-run` in an empty folder', { file: path, line: 1, column: 1 }))
  if (first !== undefined) throw new ExeatError([first, ...rest])
}

function write({ path, content }: NewFile, cwd: string): void {
  const target = join(cwd, path)
  try {
    mkdirSync(dirname(target), { recursive: true })
    writeFileSync(target, content, { flag: 'wx' })
  } catch (cause) {
    throw cliError('OUTPUT_FAILED', `\`${path}\` cannot be written: ${systemReason(cause)}`)
  }
}

const nextSteps = (owners: string | undefined, { branch }: InitFacts): string => `Next:
  1. Read .exeat/workspace.yaml and .exeat/policies/, and make them yours.
  2. ${owners === undefined ? 'Put your own teams into .github/CODEOWNERS.' : `Add to ${owners}:\n${codeOwners.split('\n').filter((line) => line.startsWith('/')).map((line) => `       ${line}`).join('\n')}`}
  3. Check it:        exeat lint && exeat test --worktree
  4. Try it:          exeat gate REPORT --env development --worktree
  5. Merge it into ${branch}: from then on it governs.
`
