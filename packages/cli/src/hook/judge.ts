/** The gate's own decision over what the scanners of a hook wrote. */
import type { Facts } from '@exeat/core'
import { compilePolicies } from '../governance/load.ts'
import { runFacts } from '../governance/facts.ts'
import type { GitFacts, Governance } from '@exeat/git'
import { relative } from 'node:path'
import type { Io } from '../edge/io.ts'
import { answerGit } from '../gate/answer.ts'
import type { GateQuestion } from '../gate/decide.ts'
import { closeInputs, type ReadInput, readInputs } from '../gate/reports.ts'
import type { GateResult } from '../gate/result.ts'
import { trustMode } from '../trust/mode.ts'
import { contradicts, type Written } from './scanners.ts'
import type { Settings } from './settings.ts'
import type { Subject } from './subjects.ts'

export interface Judging {
  readonly subject: Subject
  readonly settings: Settings
  readonly governance: Governance
  readonly known: GitFacts
  readonly written: readonly Written[]
  /** Of `written`. */
  readonly folder: string
}

/** @throws {ExeatError} HOOK_SCANNER, and every reason why a report or what governs cannot be read */
export async function judge({ subject, settings, governance, known, written, folder }: Judging, io: Io): Promise<GateResult> {
  const inputs = await inputsOf(written, settings.reports, folder, io)
  try {
    const question: GateQuestion = { governance, policySet: await compilePolicies(governance), facts: factsOf(subject, settings, governance, known), reports: inputs.flatMap(({ reports }) => reports), now: io.now }
    const flags = { ...(settings.ref === undefined ? {} : { ref: settings.ref }), ...(settings.bundle === undefined ? {} : { bundle: settings.bundle }) }
    return trustMode(settings.bundle === undefined ? undefined : 'log', governance.workspace.document) === 'git' ? await answerGit(question, flags, io)
      : await (await import('../trust/logged.ts')).answerLogged(question, flags, io)
  } finally {
    closeInputs(inputs)
  }
}

async function inputsOf(written: readonly Written[], reports: readonly string[], folder: string, io: Io): Promise<readonly ReadInput[]> {
  const inputs: ReadInput[] = []
  try {
    for (const { path, root, exit, command } of written) {
      // oxlint-disable-next-line no-await-in-loop -- one report in memory at a time
      const read = await readInputs([relative(folder, path)], undefined, { ...io, cwd: folder }, root)
      inputs.push(...read)
      if (exit === 1 && read.every((each) => each.reports.every(({ findings, suppressions }) => findings.length === 0 && suppressions.length === 0))) throw contradicts(command)
    }
    if (reports.length > 0) inputs.push(...await readInputs(reports, undefined, io))
    return inputs
  } catch (error) {
    closeInputs(inputs)
    throw error
  }
}

/** The commit is the one that is pushed, whatever is checked out. */
function factsOf({ hook, commit }: Subject, { env, repo }: Settings, governance: Governance, known: GitFacts): Facts {
  const { repository } = known
  const facts = runFacts({ ...(env === undefined ? {} : { env }), ...(repo === undefined ? {} : { repo }) }, governance, {
    ...(repository === undefined ? {} : { repository }), ...(commit === undefined ? {} : { commit: { value: commit, provenance: 'asserted', from: hook } }),
  })
  return {
    ...facts,
    ...(facts.environment === undefined ? {} : { environment: { ...facts.environment, from: 'exeat.hook.env' } }),
    ...(facts.repository === undefined || repo === undefined ? {} : { repository: { ...facts.repository, from: 'exeat.hook.repo' } }),
  }
}
