/** A run that the server decides: asked for with the reports' very bytes, and believed only as far as it verifies against them. */
import { createHash, randomBytes } from 'node:crypto'
import { resolve } from 'node:path'
import type { Facts, Instant, Workspace } from '@exeat/core'
import { ExeatError } from '@exeat/core/error'
import { type BlockedControl, largestReports } from '@exeat/core/wire'
import { gitFacts } from '@exeat/git'
import { type BundlePins, bundlePins } from '@exeat/verify'
import { type DecisionContext, largestDecision, type SignedDecision, verifyDecision } from '@exeat/verify/decision'
import { defaultSocket } from '../acts/server.ts'
import type { Io } from '../edge/io.ts'
import { writeOutput } from '../edge/output.ts'
import { cliError, systemReason } from '../edge/problem.ts'
import { type Input, inputNames, openInput } from '../gate/inputs.ts'
import { runFacts } from '../governance/facts.ts'
import { type GovernanceFlags, loadGovernance } from '../governance/load.ts'
import { sha256, verifySignature } from '../log/crypto.ts'
import { addressOf, clientAt } from '../trust/address.ts'
import { readWithin } from '../trust/files.ts'
import { rememberedHead } from '../trust/seen.ts'
import { writeDecided } from './output.ts'

export interface DecideFlags extends GovernanceFlags {
  readonly env?: string
  readonly repo?: string
  readonly commit?: string
  readonly inputFormat?: string
  readonly server?: string
  readonly output?: string
  readonly verify?: string
  readonly proven?: boolean
  readonly workflow?: readonly string[]
  readonly format: 'text' | 'json'
}

/** Milliseconds: reports travel, and two runs at once are decided. */
const timeout = 120_000

const fullName = /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/

interface Run {
  readonly reports: readonly { readonly name: string; readonly bytes: Uint8Array }[]
  readonly workspace: Workspace
  readonly pins: BundlePins
  readonly facts: Facts
  readonly commit: string
}

export interface Decided {
  readonly decision: SignedDecision
  readonly singleFounder: boolean
  /** What explains it, which the server says and nobody signs; undefined for a decision from a file. */
  readonly blocked?: readonly BlockedControl[]
  /** Where it was written, or read. */
  readonly path?: string
}

/** @throws {ExeatError} what the server refuses, and DECISION_*, DELEGATION_*, DSSE_* where its answer does not hold */
export async function ask(names: readonly string[], flags: DecideFlags, io: Io): Promise<number> {
  if (flags.proven === true || flags.workflow !== undefined) throw cliError('USAGE', '`--proven` and `--workflow` say what a decision from elsewhere must show', 'give the decision: --verify FILE')
  const run = await runOf(names, flags, io)
  const stated = flags.server ?? io.env['EXEAT_SERVER'] ?? ''
  const address = addressOf(stated === '' ? `unix:${defaultSocket(io.env)}` : stated, io)
  const client = clientAt(address, io, { timeout, workloads: run.workspace.spec.identity?.workloads ?? [] })
  const nonce = randomBytes(16).toString('hex')
  const { repository, environment } = run.facts
  const { decision, blocked } = await client.decide({
    ...(repository === undefined ? {} : { repository: repository.value.name }), commit: run.commit, ...(environment === undefined ? {} : { environment: environment.value }), nonce,
    reports: run.reports.map(({ name, bytes }) => ({ name, base64: Buffer.from(bytes).toString('base64'), ...(flags.inputFormat === undefined ? {} : { format: flags.inputFormat }) })),
  })
  // The clock is read anew: the server may have taken its time, and what it signs begins after this run did.
  const held = verified(decision, run, { nonce, proven: false, now: Math.max(io.now, Date.now()) as Instant, preview: true }, io)
  if (flags.output !== undefined) writeOutput(io, flags.output, (sink) => { sink.bytes(decision) })
  return writeDecided({ ...held, blocked, ...(flags.output === undefined ? {} : { path: flags.output }) }, flags.format, io)
}

/** @throws {ExeatError} DECISION_*, DELEGATION_*, DSSE_*: it is not honoured */
export async function verify(names: readonly string[], path: string, flags: DecideFlags, io: Io): Promise<number> {
  if (flags.server !== undefined || flags.output !== undefined) throw cliError('USAGE', '`--server` and `-o` are for asking, and `--verify` asks nobody', 'leave them out')
  const workflows = flags.workflow
  const short = workflows?.find((sha) => !fullName.test(sha))
  if (short !== undefined) throw cliError('USAGE', `\`--workflow ${short}\` is no commit in full`, 'a branch or a tag moves: name the commit')
  const bytes = fileAt(path, io)
  const run = await runOf(names, flags, io)
  const held = verified(bytes, run, { proven: flags.proven === true, now: io.now, preview: false, ...(workflows === undefined ? {} : { workflows }) }, io)
  return writeDecided({ ...held, path }, flags.format, io)
}

function fileAt(path: string, io: Io): Uint8Array {
  let bytes: Uint8Array | undefined
  try {
    bytes = readWithin(resolve(io.cwd, path), largestDecision)
  } catch (cause) {
    throw cliError('INPUT_UNREADABLE', `the decision \`${path}\` cannot be read: ${systemReason(cause)}`)
  }
  if (bytes !== undefined) return bytes
  throw cliError('INPUT_UNREADABLE', `there is no decision at \`${path}\``, 'have the run decided: exeat decide REPORTS -o FILE')
}

async function runOf(names: readonly string[], flags: DecideFlags, io: Io): Promise<Run> {
  if (flags.commit !== undefined && !fullName.test(flags.commit)) throw cliError('USAGE', `\`--commit ${flags.commit}\` is no commit in full`, 'say what `git rev-parse HEAD` prints')
  const [governance, known] = await Promise.all([loadGovernance(flags, io), gitFacts(io.cwd, { repository: flags.repo === undefined })])
  const workspace = governance.workspace.document
  const pins = bundlePins(workspace, sha256)
  if (!pins.ok) throw new ExeatError([pins.problem])
  const facts = runFacts(flags, governance, known)
  const commit = flags.commit ?? facts.commit?.value
  if (commit === undefined) throw cliError('USAGE', 'the run is of no commit: nothing is checked out here', 'name it: --commit SHA')
  return { reports: reportsOf(names, io), workspace, pins: pins.value, facts, commit }
}

/** @throws {ExeatError} INPUT_* */
function reportsOf(names: readonly string[], io: Io): Run['reports'] {
  let left = largestReports
  return inputNames(names, io).map((name) => {
    const input = openInput(name, io)
    try {
      left -= input.size
      if (left < 0) throw cliError('INPUT_TOO_LARGE', `the reports have more than ${largestReports} bytes together`, 'larger runs are the gate\'s: exeat gate')
      return { name, bytes: wholeOf(input) }
    } finally {
      input.close()
    }
  })
}

function wholeOf(input: Input): Uint8Array {
  const bytes = new Uint8Array(input.size)
  const read = input.read(bytes, 0)
  if (read === bytes.length) return bytes
  throw cliError('INPUT_FAILED', `\`${input.name}\` became shorter while it was read`, 'have the scanner finish first')
}

interface Wanted extends Pick<DecisionContext, 'nonce' | 'proven' | 'workflows' | 'now'> {
  /** Whether what would be is an answer too: to be shown, and never honoured. */
  readonly preview: boolean
}

function verified(bytes: Uint8Array, run: Run, { preview, ...wanted }: Wanted, io: Io): Pick<Decided, 'decision' | 'singleFounder'> {
  const { pins, facts: { repository, environment }, commit } = run
  if (repository === undefined) throw cliError('USAGE', 'the run is of no repository that the workspace knows', 'name it: --repo NAME')
  const { last } = rememberedHead(pins.workspace, pins.origin, io)
  const context: DecisionContext = {
    ...wanted, repository: repository.value.id, commit, reports: run.reports.map(({ bytes: each }) => createHash('sha256').update(each).digest('hex')),
    ...(environment === undefined ? {} : { environment: environment.value }), ...(last === undefined ? {} : { last }), ...(preview ? { previews: true } : {}),
  }
  const answer = verifyDecision(bytes, pins, context, { sha256, verify: verifySignature })
  if (!answer.ok) throw new ExeatError([answer.problem])
  return answer.value
}
