/**
 * What other systems report: entered as declared where an opt-out in force holds all of it, else as a shadow opt-out, of which the workspace's sinks are told. The state of each
 * thing stands beside the log, so that a report that comes again changes nothing, and one that is older than what is known is left out.
 */
import { coverageOf, type HexDigest, inForce, type Instant, type Observation, type OptOutRecord, taggedDigest, type Workspace } from '@exeat/core'
import type { EventData } from '@exeat/core/entry'
import { ExeatError } from '@exeat/core/error'
import type { Governed } from '../ports/governance.ts'
import type { StateReader, Transaction } from '../ports/log.ts'
import { sha256 } from '../store/ed25519.ts'
import { sinksIn } from './alarm.ts'
import type { UseDependencies } from './context.ts'
import { serverOperation } from './enrolment/change.ts'
import { readOptOut, readRecord, recordedWorkspace, recordsOf, type Versioned } from './load.ts'
import { demand } from './problem.ts'
import { raiseShadowAlarm } from './shadow-alarm.ts'
import { alarmKey, fromBytes, recordKinds, type StoredShadow, type StoredThing, toBytes } from './stored.ts'
import { serverIdentity } from './synchronise.ts'
import { type Said, writeEvents } from './write.ts'

type Observed = EventData['dev.exeat.shadow.detected.v1']

export interface Taken {
  readonly what: string
  /** `known`: it stood before. `stale`: something newer is known. `elsewhere`: of a repository that is none of the workspace. */
  readonly state: 'detected' | 'covered' | 'resolved' | 'known' | 'stale' | 'elsewhere'
  /** Of its entry. */
  readonly index?: number
}

/** As many as the entries of one operation may be. */
const atOnce = 16

/** Answers in the order of the observations, once what was entered is durable; ends of what does not stand are left out. @throws {ExeatError} where the log cannot be written */
export async function observe(deps: UseDependencies, receiver: string, observations: readonly Observation[]): Promise<readonly Taken[]> {
  const taken: Taken[] = []
  for (let from = 0; from < observations.length; from += atOnce) {
    // oxlint-disable-next-line no-await-in-loop -- what comes later is later
    taken.push(...await observeSome(deps, receiver, observations.slice(from, from + atOnce)))
  }
  return taken
}

/** Thrown where there is nothing to enter: an operation has one entry at least. */
class NothingNew extends Error {}

async function observeSome(deps: UseDependencies, receiver: string, observations: readonly Observation[]): Promise<readonly Taken[]> {
  const governed = deps.governance.latest()
  const now = deps.now()
  const { workspace, judged } = await deps.log.snapshot(async (reader) => {
    const all: Judged[] = []
    for (const observation of observations) {
      // oxlint-disable-next-line no-await-in-loop -- one connection
      const each = await judgedBefore(reader, governed, receiver, observation, now)
      if (each !== undefined) all.push(each)
    }
    return { workspace: governed?.governance.workspace.document ?? await recordedWorkspace(reader), judged: all }
  })
  let taken: readonly Taken[] = []
  if (judged.length === 0) return taken
  try {
    const answer = await deps.log.append({
      key: `shadow/${Buffer.from(deps.random(16)).toString('hex')}`, digest: new Uint8Array(sha256(toBytes(judged.map(({ about }) => about)))), restricts: true,
      apply: async (tx) => {
        const entered = await enterAll(tx, deps, workspace, judged)
        taken = entered.taken
        if (entered.entries.length === 0) throw new NothingNew()
        return { ok: true, entries: entered.entries }
      },
    })
    if (!answer.ok) throw new ExeatError([answer.problem])
  } catch (error) {
    if (!(error instanceof NothingNew)) throw error
  }
  return taken
}

interface Judged {
  readonly observation: Observation
  readonly about: Observed
  /** The opt-out that declares it. */
  readonly covering: HexDigest | undefined
}

/** Undefined for what ends something that does not stand: most of what is reported does, and nobody waits for the lock over it. */
async function judgedBefore(reader: StateReader, governed: Governed | undefined, receiver: string, observation: Observation, now: number): Promise<Judged | undefined> {
  const about = aboutOf(receiver, observation, now)
  if (observation.change === 'opened') return { observation, about, covering: await coveringOf(reader, governed, observation, now) }
  const before = await readRecord<StoredThing>(reader, recordKinds.shadowThing, about.thing)
  return before?.value.open === true ? { observation, about, covering: undefined } : undefined
}

/** A source whose clock runs ahead dates nothing. */
const ahead = 300_000
const datedOf = ({ at }: Observation, now: number): Instant | undefined => (at !== undefined && at <= now + ahead ? at : undefined)

function aboutOf(receiver: string, observation: Observation, now: number): Observed {
  const { source, what, thing, control, repository, environment, path, resource, actor, reason, ends } = observation
  const members = { control, repository, environment, path, resource, actor, reason, ends }
  const known = Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined)) as Partial<Observed>
  return { receiver, source, what, thing: taggedDigest('exeat/observed/v1', [receiver, source, thing], sha256), at: datedOf(observation, now) ?? (now as Instant), ...known }
}

/** GitHub dates by the second, and what it dates happened within it. */
const second = 999

/** The first opt-out, by uid, whose scope holds all of it, and that was in force when it happened and is now. */
async function coveringOf(reader: StateReader, governed: Governed | undefined, observation: Observation, now: number): Promise<HexDigest | undefined> {
  const { control, repository, environment, path, resource } = observation
  if (control === undefined) return undefined
  const happened = (datedOf(observation, now) ?? now) as Instant
  const concerned = {
    controls: governed?.policySet.sameControls(control) ?? [control], ...(repository === undefined ? {} : { repositoryId: repository.id }), ...(environment === undefined ? {} : { environment }),
    ...(path === undefined ? {} : { path }), ...(resource === undefined ? {} : { resource }),
  }
  for await (const { key, value } of recordsOf(reader, recordKinds.open)) {
    const record = fromBytes<OptOutRecord>(value)
    if (!wasInForce(record, happened) || !inForce(record, now as Instant)) continue
    const stored = (await readOptOut(reader, key))?.value
    if (stored !== undefined && coverageOf(record.asked.scope, stored.repositoryIds, concerned) === 'true') return record.uid
  }
  return undefined
}

const wasInForce = (record: OptOutRecord, happened: Instant): boolean => record.activatedAt !== undefined && record.activatedAt <= happened + second && inForce(record, happened < record.activatedAt ? record.activatedAt : happened)

async function enterAll(tx: Transaction, deps: UseDependencies, workspace: Workspace | undefined, judged: readonly Judged[]): Promise<{ readonly taken: readonly Taken[]; readonly entries: readonly Uint8Array[] }> {
  const taken: Taken[] = []
  const entries: Uint8Array[] = []
  for (const each of judged) {
    // oxlint-disable-next-line no-await-in-loop -- each sees what those before it left
    const verdict = await judgedOne(tx, workspace, each)
    const index = tx.index + entries.length
    // oxlint-disable-next-line no-await-in-loop
    const added = await written(tx, deps, workspace, verdict, index)
    entries.push(...added)
    taken.push({ what: each.observation.what, state: verdict.state, ...(added.length === 0 ? {} : { index }) })
  }
  return { taken, entries }
}

async function written(tx: Transaction, deps: UseDependencies, workspace: Workspace | undefined, { state, said, keep }: Verdict, index: number): Promise<readonly Uint8Array[]> {
  if (said === undefined) return []
  const { entries } = await writeEvents(tx, deps, serverIdentity(deps.origin), [said])
  await keep(index)
  if (state === 'detected') await raiseShadowAlarm(tx, index, workspace === undefined ? [] : sinksIn(workspace))
  return entries
}

/** What was declared by an opt-out that is over: by another that is in force now, a renewal for one, or by none any more. */
export async function uncovered(deps: UseDependencies): Promise<void> {
  const governed = deps.governance.latest()
  const { workspace, due } = await deps.log.snapshot(async (reader) => {
    const now = deps.now() as Instant
    const ended: { readonly stored: StoredShadow; readonly covering: HexDigest | undefined }[] = []
    for await (const { value } of recordsOf(reader, recordKinds.shadow)) {
      const stored = fromBytes<StoredShadow>(value)
      const record = stored.optOut === undefined || stored.resolved !== undefined ? undefined : (await readOptOut(reader, stored.optOut.uid))?.value.record
      // What it declared has not gone with it: whether something else declares it is asked of now.
      if (record !== undefined && !inForce(record, now)) ended.push({ stored, covering: await coveringOf(reader, governed, { ...stored.about, change: 'opened', at: now }, now) })
    }
    return { workspace: governed?.governance.workspace.document ?? await recordedWorkspace(reader), due: ended }
  })
  for (const { stored: { index, about }, covering } of due) {
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    const answer = await deps.log.append({
      ...serverOperation('uncovered', { index }), restricts: true,
      apply: async (tx) => {
        const before = await readRecord<StoredThing>(tx, recordKinds.shadowThing, about.thing)
        if (before?.value.open !== true || before.value.index !== index) throw new NothingNew()
        return { ok: true, entries: await written(tx, deps, workspace, entered(tx, about, before.value.content, undefined, before, await stillInForce(tx, covering)), tx.index) }
      },
    }).catch((error: unknown) => {
      if (!(error instanceof NothingNew)) throw error
    })
    if (answer?.ok === false) throw new ExeatError([answer.problem])
  }
}

interface Verdict {
  readonly state: Taken['state']
  /** Undefined: nothing is entered. */
  readonly said?: Said
  readonly keep: (index: number) => Promise<void>
}

const left = (state: Taken['state']): Verdict => ({ state, keep: async () => {} })

async function judgedOne(tx: Transaction, workspace: Workspace | undefined, { observation, about, covering }: Judged): Promise<Verdict> {
  if (isElsewhere(workspace, observation)) return left('elsewhere')
  const before = await readRecord<StoredThing>(tx, recordKinds.shadowThing, about.thing)
  const dated = datedOf(observation, tx.at)
  if (dated !== undefined && before?.value.dated !== undefined && dated < before.value.dated) return left('stale')
  return observation.change === 'closed' ? resolved(tx, about, dated, before) : opened(tx, observation, about, dated, before, await stillInForce(tx, covering))
}

/** The repository that a webhook of a whole organisation tells of may be nobody's concern here. One that nobody can tell counts. */
function isElsewhere(workspace: Workspace | undefined, { source, repository }: Observation): boolean {
  if (workspace === undefined || repository === undefined || source === 'kubernetes') return false
  return !workspace.spec.sources.some(({ forge, repositoryId }) => forge === source && repositoryId === repository.id)
}

async function stillInForce(tx: Transaction, uid: HexDigest | undefined): Promise<OptOutRecord | undefined> {
  const record = uid === undefined ? undefined : (await readOptOut(tx, uid))?.value.record
  return record !== undefined && inForce(record, tx.at as Instant) ? record : undefined
}

type Before = Versioned<StoredThing> | undefined

async function opened(tx: Transaction, observation: Observation, about: Observed, dated: Instant | undefined, before: Before, covering: OptOutRecord | undefined): Promise<Verdict> {
  const state = covering === undefined ? 'detected' : 'covered'
  const content = taggedDigest('exeat/observed-content/v1', observation.content ?? '', sha256)
  // Nobody is told twice of what stands; what turned into something else, or lost its opt-out, is told of.
  if (before?.value.open === true && before.value.content === content && (before.value.state === 'detected' || before.value.state === state)) return left('known')
  return entered(tx, about, content, dated, before, covering)
}

function entered(tx: Transaction, about: Observed, content: HexDigest, dated: Instant | undefined, before: Before, covering: OptOutRecord | undefined): Verdict {
  const state = covering === undefined ? 'detected' : 'covered'
  const said: Said = covering === undefined ? { type: 'dev.exeat.shadow.detected.v1', subject: null, data: about }
    : { type: 'dev.exeat.shadow.covered.v1', subject: null, data: { ...about, optOut: { uid: covering.uid, name: covering.asked.name } } }
  return {
    state, said,
    keep: async (index) => {
      if (before?.value.open === true) await endShadow(tx, before.value.index, index)
      const stored: StoredShadow = { index, at: tx.at as Instant, about, ...(covering === undefined ? {} : { optOut: { uid: covering.uid, name: covering.asked.name } }) }
      demand(await tx.put(recordKinds.shadow, alarmKey(index), toBytes(stored), 0))
      await keepThing(tx, about.thing, { index, state, open: true, content, ...datedAs(dated, before) }, before)
    },
  }
}

async function resolved(tx: Transaction, { receiver, source, what, thing, at, actor }: Observed, dated: Instant | undefined, before: Before): Promise<Verdict> {
  if (before?.value.open !== true) return left('known')
  const { index: entry } = before.value
  return {
    state: 'resolved',
    said: { type: 'dev.exeat.shadow.resolved.v1', subject: null, data: { receiver, source, what, thing, at, entry, ...(actor === undefined ? {} : { actor }) } },
    keep: async (index) => {
      await endShadow(tx, entry, index)
      await keepThing(tx, thing, { ...before.value, open: false, ...datedAs(dated, before) }, before)
    },
  }
}

const datedAs = (dated: Instant | undefined, before: Before): Pick<StoredThing, 'dated'> => {
  const last = dated ?? before?.value.dated
  return last === undefined ? {} : { dated: last }
}

async function keepThing(tx: Transaction, thing: HexDigest, value: StoredThing, before: Before): Promise<void> {
  demand(await tx.put(recordKinds.shadowThing, thing, toBytes(value), before?.version ?? 0))
}

/** `by`: index of the entry that says that it is gone, or what it is now. */
async function endShadow(tx: Transaction, index: number, by: number): Promise<void> {
  const key = alarmKey(index)
  const found = await readRecord<StoredShadow>(tx, recordKinds.shadow, key)
  if (found === undefined) throw new Error(`the shadow opt-out of entry ${index} is not kept`)
  demand(await tx.put(recordKinds.shadow, key, toBytes({ ...found.value, resolved: { index: by, at: tx.at as Instant } } satisfies StoredShadow), found.version))
}
