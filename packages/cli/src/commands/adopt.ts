import type { Command } from 'commander'
import { formatInstant, type Instant, parseDuration, parseInstant } from '@exeat/core'
import type { AdoptResult } from '@exeat/core/wire'
import { type AdoptTerms, type Plan, planOf, unprotected } from '../adopt/plan.ts'
import { contentOf, named, type NamedFile, writeFiles } from '../adopt/write.ts'
import type { Io } from '../edge/io.ts'
import { cliError } from '../edge/problem.ts'
import { loadAuthored } from '../governance/load.ts'
import { scan } from '../scan/run.ts'
import { clipped, shown } from '../text/safe.ts'
import { stylesFor } from '../text/style.ts'
import { plural } from '../text/wrap.ts'

const help = `
Writes an opt-out for each suppression that \`exeat scan\` finds and none covers: its
control, its file, the reason that it states, an owner who answers for it, and an
end. One file under .exeat/opt-outs/adopted/ for each file that has some; none is
overwritten. What cannot become an opt-out is listed with the reason. The documents
are drafts like any other: review and merge them, and remove the suppressions.

Examples:
  exeat adopt --owner payments@acme.example --for 30d --dry-run
  exeat adopt services/ledger --owner alice@acme.example --until 2027-01-31T00:00:00Z

Exit codes:
  0 written, or nothing to write   1 Exeat or its needs failed
  3 the workspace is missing or wrong   64 wrong usage`

interface AdoptFlags {
  readonly owner?: string
  readonly for?: string
  readonly until?: string
  readonly env?: readonly string[]
  readonly repo?: string
  readonly ticket?: string
  readonly wildcards?: boolean
  readonly vendored?: boolean
  readonly dryRun?: boolean
  readonly format: 'text' | 'json'
}

export function define(command: Command, io: Io, finish: (exit: number) => void): void {
  command
    .argument('[path]', 'folder or file; default: this folder', '.')
    .option('--owner <name>', 'who answers for them')
    .option('--for <duration>', 'how long they hold: `30d`, `72h`')
    .option('--until <instant>', 'when they end: date, time and offset')
    .option('--env <name>', 'environment that they are for, may be repeated; default: the unprotected ones of the workspace', gathered)
    .option('--repo <name>', 'repository that they are for; default: as the remote `origin` has it')
    .option('--ticket <text>', 'where they are tracked')
    .option('--wildcards', 'also those that silence every rule, as `tool/*`; policies permit it only where they say so')
    .option('--vendored', 'read vendored folders too')
    .option('--dry-run', 'print the documents instead of writing them')
    .addOption(command.createOption('-f, --format <format>', 'how to print it').choices(['text', 'json']).default('text'))
    .addHelpText('after', help)
    .action(async (path: string, flags: AdoptFlags) => {
      await adopt(path, flags, io)
      finish(0)
    })
}

const gathered = (value: string, before: readonly string[] = []): readonly string[] => [...before, value]
const minute = 60_000

/** @throws {ExeatError} USAGE, OUTPUT_FAILED, and every reason why the workspace cannot be read */
async function adopt(path: string, flags: AdoptFlags, io: Io): Promise<void> {
  const { owner } = flags
  if (owner === undefined) throw cliError('USAGE', '`--owner` says who answers for the opt-outs', 'such as `--owner payments@acme.example`')
  const window = windowOf(flags, io.now)
  const { workspace: { document: workspace }, optOuts, refused } = await loadAuthored({}, io)
  const result = await scan(io.cwd, { path, fail: false, blame: false, vendored: flags.vendored === true, ...(flags.repo === undefined ? {} : { repo: flags.repo }) }, io.now, () => {})
  const sources = workspace.spec.sources.map(({ name }) => name)
  const repository = flags.repo ?? (sources.length === 1 ? sources[0] : undefined)
  const terms: AdoptTerms = {
    owner, ...window, wildcards: flags.wildcards === true, environments: flags.env ?? unprotected(workspace),
    taken: new Set([...optOuts.map(({ document }) => document.metadata.name), ...refused.flatMap(({ name }) => name ?? [])]),
    ...(flags.ticket === undefined ? {} : { ticket: flags.ticket }), ...(repository === undefined ? {} : { repository }),
  }
  const plan = planOf(result.suppressions, terms)
  const files = named(result.root, plan.files)
  if (flags.dryRun !== true && files.length > 0) writeFiles(result.root, files)
  if (flags.format === 'json') io.stdout.write(`${JSON.stringify(jsonOf(plan, files, result.root, flags.dryRun === true, io.now))}\n`)
  else writeText(plan, files, flags.dryRun === true, io)
}

/** From this minute on; the end is stated one way and lies ahead. @throws {ExeatError} USAGE */
function windowOf({ for: length, until }: AdoptFlags, now: Instant): { readonly from: Instant; readonly until: Instant } {
  if ((length === undefined) === (until === undefined)) throw cliError('USAGE', 'one of `--for` and `--until` says when the opt-outs end', '`--for 30d`, or `--until 2027-01-31T00:00:00Z`')
  const from = (Math.floor(now / minute) * minute) as Instant
  const duration = length === undefined ? undefined : parseDuration(length)
  const end = until === undefined ? duration === undefined ? undefined : ((from + duration) as Instant) : parseInstant(until)
  if (end === undefined) throw cliError('USAGE', length === undefined ? `\`--until ${until ?? ''}\` is no date and time with an offset` : `\`--for ${length}\` is no length of time`, 'such as `--for 30d` or `--until 2027-01-31T00:00:00Z`')
  if (end <= now) throw cliError('USAGE', `\`--until ${until ?? ''}\` is not after now, ${formatInstant(now)}`, 'name an instant that lies ahead')
  return { from, until: end }
}

function jsonOf(plan: Plan, files: readonly NamedFile[], root: string, dryRun: boolean, now: Instant): AdoptResult {
  const written = files.map(({ path, optOuts }) => ({ path, optOuts: optOuts.map(({ name, control, until, findings, from }) => ({ name, control, until, findings, from })) }))
  return { schemaVersion: 1, kind: 'AdoptResult', at: formatInstant(now), dryRun, root, written, left: [...plan.left], covered: plan.covered }
}

function writeText({ left, covered }: Plan, files: readonly NamedFile[], dryRun: boolean, io: Io): void {
  const styles = stylesFor(io.stdout, io.env)
  const line = (text = ''): void => { io.stdout.write(`${text}\n`) }
  const count = files.reduce((sum, { optOuts }) => sum + optOuts.length, 0)
  for (const file of files) {
    line(dryRun ? styles.bold(`# ==> ${file.path}`) : `${file.path}  ${plural(file.optOuts.length, 'opt-out')} for ${clipped(file.source, 80)}`)
    if (dryRun) line(contentOf(file))
  }
  if (left.length > 0) line(`\n${styles.bold(`${plural(left.length, 'suppression')} cannot become opt-outs:`)}`)
  for (const { path, line: at, tool, rule, mark, because } of left) line(`  ${clipped(path, 80)}:${at}  ${clipped(`${tool}/${rule}`, 48)}  ${clipped(mark, 24)}\n      ${shown(because)}`)
  line(`\n${dryRun ? 'would write' : 'wrote'} ${plural(count, 'opt-out')} in ${plural(files.length, 'file')}${covered === 0 ? '' : `; ${covered} were covered before`}`)
  if (count > 0 && !dryRun) line('next: exeat lint, then review and merge them; what no policy permits is refused, and says so. Then remove the suppressions: the gate excuses them until the end.')
}
