/** A grant for exactly what blocks this commit now, under the last log that is known here. */
import { randomBytes } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { compilePattern, controlOf, type Decision, type Duration, type Facts, type Finding, fingerprints, type HexDigest, type Instant, parseDuration, termsDigest } from '@exeat/core'
import { ExeatError } from '@exeat/core/error'
import { largestGrant, longestGrant, mostGranted, type OfflineGrant, offlineGrantBytes, offlineGrantSchema, offlineName, readOfflineGrant } from '@exeat/core/offline'
import { gitFacts } from '@exeat/git'
import { worktreeRoot } from '@exeat/git/signed'
import { type BundlePins, bundlePins, largestBundle } from '@exeat/verify'
import { type KeptLog, offlinePath, offlineTerms, verifyKept } from '@exeat/verify/offline'
import type { Io } from '../edge/io.ts'
import { cliError, systemReason } from '../edge/problem.ts'
import { answerGate } from '../gate/decide.ts'
import { closeInputs, readInputs } from '../gate/reports.ts'
import { runFacts } from '../governance/facts.ts'
import { sha256 } from '../governance/load.ts'
import { readWithin } from '../trust/files.ts'
import { bundleDeps } from '../trust/obtain.ts'
import { shellWord } from '../text/safe.ts'
import { type Governing, governing, readGrant } from './files.ts'
import { keptLog } from './kept.ts'
import { grantJson, grantPage } from './page.ts'

export interface PrepareFlags {
  readonly env: string
  readonly team: string
  readonly owner: string
  readonly reason: string
  readonly ticket?: string
  readonly compensatingControl?: string
  readonly control?: readonly string[]
  readonly for: string
  readonly repo?: string
  readonly inputFormat?: string
  readonly bundle?: string
  readonly ref?: string
  readonly format: 'text' | 'json'
}

const unusable = (message: string, hint?: string): ExeatError => cliError('OFFLINE_UNUSABLE', message, hint)

/** @throws {ExeatError} OFFLINE_*, USAGE, and why reports, governance or the bundle cannot be read */
export async function prepareOffline(reports: readonly string[], flags: PrepareFlags, io: Io): Promise<void> {
  const given = await governing(flags, io)
  const { governance, policySet } = given
  const facts = runFacts(flags, governance, await gitFacts(io.cwd))
  const inputs = await readInputs(reports, flags.inputFormat, io)
  closeInputs(inputs)
  const { decisions } = answerGate({
    governance, policySet, facts, reports: inputs.flatMap((input) => input.reports), now: io.now,
    trusted: { optOuts: { active: [], ended: [], refused: [] }, unlogged: { origin: '', because: '', grants: [] } },
  })
  const grant = compose(blockedOf(decisions, flags, facts), given, facts, flags, io)
  const bytes = offlineGrantBytes(grant)
  if (bytes.length > largestGrant) throw unusable(`the grant would have ${bytes.length} bytes, and may have ${largestGrant}`, 'name fewer findings with `--control`, or shorten the reason')
  const read = readGrant(bytes, 'the grant', given)
  const terms = offlineTerms(read, { policySet }, { sha256 })
  if (!terms.ok) throw new ExeatError([terms.problem])
  const path = offlinePath(read.digest)
  await write(path, bytes, io)
  io.stdout.write(flags.format === 'json' ? grantJson('prepare', read, { file: path, signedBy: [] }) : `${grantPage(read, 'PREPARED', io)}\n\nwrote ${path}\n  $ exeat offline sign ${shellWord(path)} --ssh KEY      two people, each with their own key\n`)
}

interface Blocked {
  readonly finding: Finding
  readonly fingerprint: HexDigest
}

/** Those that block, each once. @throws {ExeatError} OFFLINE_UNUSABLE */
function blockedOf(decisions: readonly Decision[], { control }: PrepareFlags, { repository }: Facts): readonly Blocked[] {
  const fingerprintAt = fingerprints(decisions.map(({ finding }) => finding), repository?.value.id ?? '', sha256)
  const all = decisions.flatMap((decision, index): Blocked[] =>
    (decision.outcome === 'blocked' && (control === undefined || control.includes(decision.control)) ? [{ finding: decision.finding, fingerprint: fingerprintAt(index) }] : []))
  const blocked = [...new Map(all.map((each) => [each.fingerprint, each])).values()].sort((a, b) => (a.fingerprint < b.fingerprint ? -1 : 1))
  if (blocked.length === 0) throw unusable('nothing that was reported blocks, so there is nothing to let through')
  if (blocked.length > mostGranted) throw unusable(`${blocked.length} findings block, and a grant names ${mostGranted} at most`, 'prepare one for a control at a time: `--control`')
  return blocked
}

function compose(blocked: readonly Blocked[], { governance: { source, workspace: { document: workspace } }, policySet }: Governing, facts: Facts, flags: PrepareFlags, io: Io): OfflineGrant {
  const { repository, commit, environment } = facts
  if (repository === undefined || commit === undefined || environment === undefined) throw unusable('the repository or the commit of this run is unknown', 'run it in the clone, with `--repo`')
  if (source.kind !== 'ref') throw unusable('no protected branch was read')
  const pins = bundlePins(workspace, sha256)
  if (!pins.ok) throw new ExeatError([pins.problem])
  const known = lastKnown(flags, pins.value, repository.value.id, io)
  const nonce = randomBytes(16).toString('hex')
  const { delegation, checkpoint, published } = known
  const draft = {
    schema: 'exeat/offline/v1', purpose: 'offline', workspace: workspace.spec.id, repositoryId: repository.value.id, commit: commit.value, environment: environment.value,
    optOut: documentOf(blocked, nonce, repository.value.name, flags, io.now), terms: '0'.repeat(64), governance: { ref: source.ref, commit: source.commit }, team: flags.team,
    log: { delegation, checkpoint, published }, nonce, at: new Date(io.now).toISOString(),
  }
  const parsed = offlineGrantSchema.safeParse(draft)
  if (!parsed.success) throw unusable(`the grant cannot hold \`${parsed.error.issues[0]?.path.join('.') ?? ''}\``)
  const read = readOfflineGrant(parsed.data, repository.value.name, 'the grant', sha256)
  if (!read.ok) throw unusable(read.because)
  const answer = policySet.termsForOptOut(read.value.optOut.document)
  if (answer.kind === 'refused') throw new ExeatError([{ code: 'OFFLINE_TERMS', message: answer.because.message, ...(answer.because.hint === undefined ? {} : { hint: answer.because.hint }) }])
  return { ...parsed.data, terms: termsDigest(answer.terms, sha256) }
}

/** @throws {ExeatError} OFFLINE_UNUSABLE, and what a bundle is refused with */
function lastKnown({ bundle }: PrepareFlags, pins: BundlePins, audience: string, io: Io): KeptLog {
  if (bundle === undefined) {
    const kept = keptLog(pins, audience, io.now, io)
    if (kept !== undefined) return kept
    throw unusable('no bundle is kept here, and a grant states the last checkpoint that is known', 'name one that was fetched within a day: --bundle FILE')
  }
  let bytes: Uint8Array | undefined
  try {
    bytes = readWithin(resolve(io.cwd, bundle), 2 * largestBundle)
  } catch (cause) {
    throw unusable(`\`${bundle}\` cannot be read: ${systemReason(cause)}`)
  }
  if (bytes === undefined) throw unusable(`there is no bundle at \`${bundle}\``)
  const kept = verifyKept(bytes, pins, { now: io.now, audience }, bundleDeps)
  if (!kept.ok) throw new ExeatError([kept.problem])
  return kept.value
}

/** The emergency, as a person would write it. @throws {ExeatError} USAGE, OFFLINE_UNUSABLE */
function documentOf(blocked: readonly Blocked[], nonce: string, repository: string, flags: PrepareFlags, now: Instant): Record<string, unknown> {
  const length: Duration | undefined = parseDuration(flags.for)
  if (length === undefined || length > longestGrant) throw cliError('USAGE', `\`--for ${flags.for}\` is no length of an offline grant`, 'say `60m` or less')
  const findings = blocked.map(({ finding }) => finding)
  const [paths, resources, images] = [shared(findings, ({ path }) => path, 'path'), shared(findings, ({ resource }) => resource, 'name'), shared(findings, ({ image }) => image)]
  if (paths === undefined && resources === undefined) throw unusable('the findings have neither all a path nor all a resource, by which a reader sees what is let through', 'prepare one for a control at a time: `--control`')
  return {
    apiVersion: 'exeat.dev/v1', kind: 'OptOut', metadata: { name: offlineName(nonce) },
    spec: {
      controls: [...new Set(findings.map(controlOf))].sort(),
      targets: {
        repositories: [repository], environments: [flags.env], fingerprints: blocked.map(({ fingerprint }) => fingerprint),
        ...(paths === undefined ? {} : { paths }), ...(resources === undefined ? {} : { resources }), ...(images === undefined ? {} : { images }),
      },
      category: 'emergency', reason: flags.reason, owner: flags.owner, limits: { findings: blocked.length },
      ...(flags.ticket === undefined ? {} : { ticket: flags.ticket }), ...(flags.compensatingControl === undefined ? {} : { compensatingControl: flags.compensatingControl }),
      window: { from: new Date(now).toISOString(), until: new Date(now + length).toISOString() },
    },
  }
}

/** What all of them have, each once, where it can stand in a document; undefined where one has none. The fingerprints say exactly which are meant. */
function shared(findings: readonly Finding[], of: (finding: Finding) => string | undefined, kind?: 'path' | 'name'): readonly string[] | undefined {
  const values = findings.map(of)
  const sound = values.every((value): value is string => value !== undefined && (kind === undefined || isPattern(value, kind)))
  return sound ? [...new Set(values)].sort() : undefined
}

function isPattern(value: string, kind: 'path' | 'name'): boolean {
  const compiled = compilePattern(value, kind)
  return compiled.ok && compiled.pattern.matches(value)
}

/** @throws {ExeatError} OUTPUT_FAILED */
async function write(path: string, bytes: Uint8Array, io: Io): Promise<void> {
  const root = await worktreeRoot(io.cwd)
  try {
    mkdirSync(dirname(join(root, path)), { recursive: true })
    writeFileSync(join(root, path), bytes, { flag: 'wx' })
  } catch (cause) {
    throw cliError('OUTPUT_FAILED', `\`${path}\` cannot be written: ${systemReason(cause)}`)
  }
}
