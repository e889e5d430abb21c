/** `exeat hook run`: what git calls. Everything is said on standard error, which git shows to whoever commits or pushes. */
import { mkdtempSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type GitFacts, gitFacts, type Governance } from '@exeat/git'
import { headBranch, hookSettings } from '@exeat/git/hook'
import { inQuarantine } from '@exeat/git/change'
import type { Io } from '../edge/io.ts'
import { problemLines } from '../edge/report.ts'
import type { GateResult } from '../gate/result.ts'
import { writeTable } from '../gate/writers/table.ts'
import { loadGovernance } from '../governance/load.ts'
import { clipped, shown } from '../text/safe.ts'
import { plainStyles, stylesFor } from '../text/style.ts'
import { hanging, plural } from '../text/wrap.ts'
import { runChained } from './chained.ts'
import { judge } from './judge.ts'
import { type HookName, isServerHook } from './names.ts'
import { explainPointer, type Pointers, pointersIn } from './options.ts'
import { runScanners } from './scanners.ts'
import { parseSettings, type Settings } from './settings.ts'
import { type Subject, subjectsOf, type Told } from './subjects.ts'

export interface RunFlags {
  /** File of the hook that stood there before. */
  readonly chained?: string
  readonly report?: readonly string[]
}

interface Run {
  readonly hook: HookName
  readonly settings: Settings
  readonly governance: Governance
  readonly known: GitFacts
  readonly pointers: Pointers
  readonly io: Io
}

/**
 * Exit of the chained hook where it refuses, else the gate's worst answer.
 * @throws {ExeatError} every reason why it cannot be told whether something blocks; then nothing passes
 */
export async function runHook(hook: HookName, told: Told, flags: RunFlags, io: Io): Promise<number> {
  const before = flags.chained === undefined ? 0 : await runChained(flags.chained, told.args, told.input, io)
  if (before !== 0) return before
  const server = isServerHook(hook)
  const settings = parseSettings(await hookSettings(io.cwd, { server }), flags.report ?? [])
  return inQuarantine(io.cwd, server ? io.env : {}, async () => {
    const subjects = await subjectsOf(hook, told, io)
    if (subjects.length === 0) return 0
    const ref = settings.ref ?? (server ? await headBranch(io.cwd) : undefined)
    const governance = await loadGovernance(ref === undefined ? {} : { ref }, io)
    const known = server ? {} : await gitFacts(io.cwd, { repository: settings.repo === undefined })
    const run = { hook, settings: { ...settings, ...(ref === undefined ? {} : { ref }) }, governance, known, pointers: server ? pointersIn(io.env) : { names: [], problems: [] }, io }
    return judgeAll(subjects, run)
  })
}

async function judgeAll(subjects: readonly Subject[], run: Run): Promise<number> {
  const deadline = performance.now() + run.settings.milliseconds
  for (const problem of run.pointers.problems) say(run, problem)
  let exit = 0
  for (const subject of subjects) {
    // oxlint-disable-next-line no-await-in-loop -- told in order, and they share the time
    exit = Math.max(exit, await judgeOne(subject, run, deadline))
  }
  if (exit !== 0) say(run, run.hook === 'pre-commit' ? 'blocked; nothing was committed' : 'blocked; nothing of this push passes')
  return exit
}

async function judgeOne(subject: Subject, run: Run, deadline: number): Promise<number> {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'exeat-hook-')))
  try {
    const { written, left } = await runScanners(subject, run.settings, folder, deadline, run.io)
    const result = await judge({ subject, settings: run.settings, governance: run.governance, known: run.known, written, folder }, run.io)
    say(run, `${run.hook}: ${clipped(subject.title, 400)}`)
    if (left.length > 0) say(run, `${plural(left.length, 'entry', 'entries')} that no scanner sees (links, submodules): ${clipped(left.slice(0, 5).join(', '), 200)}`)
    write(result, run)
    return result.exit
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** `remote: ` before each line, and 80 columns on the other side. */
const remoteWidth = 80 - 'remote: '.length

const widthOf = ({ hook, io }: Run): number => (isServerHook(hook) ? remoteWidth : io.stderr.columns)

function say(run: Run, text: string): void {
  run.io.stderr.write(`${hanging('exeat: ', text, widthOf(run))}\n`)
}

function write(result: GateResult, run: Run): void {
  const { io, hook, governance, pointers } = run
  const styles = isServerHook(hook) ? plainStyles : stylesFor(io.stderr, io.env)
  const put = (piece: string | Uint8Array): void => { io.stderr.write(piece) }
  writeTable(result, { write: put, bytes: put }, { width: widthOf(run), styles, all: false })
  const warnings = [...governance.refused.flatMap(({ problems }) => problems), ...result.warnings]
  if (warnings.length > 0) io.stderr.write(problemLines(warnings, 'warning', styles))
  for (const name of pointers.names) {
    const { text, hint } = explainPointer(name, result)
    say(run, text)
    if (hint !== undefined) say(run, `hint: ${shown(hint)}`)
  }
}
