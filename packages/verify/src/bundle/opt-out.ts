/** One opt-out of a bundle, judged alone: its document, its entries in the log, what people signed, and what all that adds up to now. */
import {
  type ActiveOptOut, askedOf, documentDigest, type HexDigest, type Instant, type Met, type OptOutRecord, optOutUid, onePerPerson, type Persons, phaseAt, repositoryIdOf, repositoryIdsOf, sameIdentity, type Sha256,
  type StandingOptOut, type Workspace,
} from '@exeat/core'
import { lifecycleOf } from '@exeat/core/entry'
import { impactDigest } from '@exeat/core/impact'
import { type Answer, ok, refuse, type Refusal } from '../codes.ts'
import { type ProvenEntry, provenEntry, type ProvenUnder } from '../entry/proven.ts'
import type { EvidenceContext } from '../evidence/types.ts'
import { checkActs, type SignedActs } from '../history/acts.ts'
import { replay } from '../history/replay.ts'
import { same } from '../history/same.ts'
import { decode, placeOf } from './documents.ts'
import type { Bundle } from './types.ts'

/** What every opt-out of a bundle is judged by. */
export interface JudgedBy {
  readonly under: ProvenUnder
  readonly workspace: Workspace
  /** Which names are one person's, as that workspace says. */
  readonly same: Persons['same']
  readonly now: Instant
  /** A quorum of witnesses cosigned the checkpoint. */
  readonly witnessed: boolean
  readonly sha256: Sha256
  /** Whose keys count, and where people tap. */
  readonly keys: EvidenceContext
}

type Carried = Bundle['active'][number]

/** The document, and whether it is the one that the uid was given to. Of ended opt-outs this is all that counts. */
export function standing(carried: Pick<Carried, 'uid' | 'digest' | 'document' | 'origin' | 'repositoryId'>, { workspace, sha256 }: Pick<JudgedBy, 'workspace' | 'sha256'>): Answer<StandingOptOut> {
  const { uid, digest, repositoryId, origin } = carried
  const read = decode(carried)
  if (!read.ok) return mismatch(`the document cannot be read: ${read.problems[0].message}`)
  if (read.kind !== 'OptOut') return mismatch(`a document of kind ${read.kind} stands as an opt-out`)
  const { document } = read
  const computed = documentDigest(document, sha256)
  if (computed !== digest) return mismatch(`the document has the digest \`${computed}\`, and the bundle states \`${digest}\``)
  const own = optOutUid({ workspace: workspace.spec.id, repositoryId, name: document.metadata.name, digest }, sha256)
  if (own !== uid) return mismatch(`the document has the uid \`${own}\`, and the bundle states \`${uid}\``)
  return ok({ document, digest, uid, origin: placeOf(origin) })
}

/** An opt-out that the bundle calls active: so it is, or it has lapsed since, or why it is neither. */
export function judgeActive(carried: Carried, optOut: StandingOptOut, by: JudgedBy): Answer<ActiveOptOut | 'lapsed'> {
  const placed = checkRepositories(carried, optOut, by.workspace)
  if (!placed.ok) return placed
  const entries = provenEntries(carried, by)
  if (!entries.ok) return entries
  const record = replay(entries.value.flatMap(({ event }) => lifecycleOf(event) ?? []))
  if (!record.ok) return record
  const shown = checkImpact(carried, record.value, optOut, by.sha256)
  if (!shown.ok) return shown
  const signed = checkActs(entries.value, { workspace: by.workspace.spec.id, repositoryIds: repositoryIdsOf(optOut.document, by.workspace), record: record.value }, by.keys)
  if (!signed.ok) return signed
  const phase = phaseAt(record.value, by.now)
  if (phase === 'lapsed') return ok('lapsed')
  if (phase !== 'active') return refuse('OPTOUT_HISTORY', `the entries add up to an opt-out that is ${phase}, not active`)
  return ok({ ...optOut, ...(shown.value === undefined ? {} : { impact: shown.value }), met: metBy(record.value, signed.value, by) })
}

/** Names may come to mean other repositories: those that were signed must still be meant. */
function checkRepositories({ repositoryId }: Carried, { document }: StandingOptOut, workspace: Workspace): Answer<null> {
  const unknown = (document.spec.targets?.repositories ?? []).find((name) => !workspace.spec.sources.some((source) => source.name === name))
  if (unknown !== undefined) return mismatch(`it names the repository \`${unknown}\`, which is no source of the workspace`)
  const now = repositoryIdOf(document, workspace)
  return now === repositoryId ? ok(null) : mismatch(`its repositories have the id \`${now}\` in the workspace, and it was approved for \`${repositoryId}\``)
}

function provenEntries({ uid, entries }: Carried, { under, sha256 }: JudgedBy): Answer<readonly ProvenEntry[]> {
  const proven: ProvenEntry[] = []
  for (const each of entries) {
    const entry = provenEntry(each, under, sha256)
    if (!entry.ok) return entry
    const { index, event } = entry.value
    if (event.subject !== uid || lifecycleOf(event) === undefined) return refuse('OPTOUT_HISTORY', `entry ${index} is not of the life of this opt-out`)
    const before = proven.at(-1)
    if (before !== undefined && !(before.index < index)) return refuse('OPTOUT_HISTORY', `entry ${index} stands behind entry ${before.index}, not in the order of the log`)
    proven.push(entry.value)
  }
  return ok(proven)
}

/** What was asked for and shown is this document and this set of findings; the set, where there is one. */
export function checkImpact({ impact }: Pick<Carried, 'impact'>, { asked, binding }: Pick<OptOutRecord, 'asked' | 'binding'>, { document, digest }: StandingOptOut, sha256: Sha256): Answer<ReadonlySet<HexDigest> | undefined> {
  if (binding.optOut !== digest) return mismatch(`the document has the digest \`${digest}\`, and \`${binding.optOut}\` was approved`)
  if (!same(asked, askedOf(document, asked.limits.uses))) return mismatch('the log records that something else was asked for than the document says')
  if (impact === null || binding.impact === null) return impact === binding.impact ? ok(undefined) : mismatch('an impact was approved and is not shown, or the other way round')
  const computed = impactDigest({ schemaVersion: 1, kind: 'Impact', optOut: digest, fingerprints: impact }, sha256)
  return computed === binding.impact ? ok(new Set(impact)) : mismatch(`the impact has the digest \`${computed}\`, and \`${binding.impact}\` was approved`)
}

/** What decisions hold against the terms in force: who counted, and what the log shows. */
function metBy(record: OptOutRecord, { strength, factor, counted }: SignedActs, { same, witnessed }: JudgedBy): Met {
  const { approvals, requesterGroups, activation, renewal, total, asked } = record
  return {
    evidence: strength,
    ...(factor === undefined ? {} : { factor }),
    approvers: onePerPerson(approvals.filter(({ by }) => counted.some((each) => sameIdentity(each, by))), record, same).map(({ groups }) => groups),
    requester: requesterGroups,
    activator: activation?.groups ?? [],
    log: { renewal, total, ...(asked.limits.uses === undefined ? {} : { uses: asked.limits.uses }), witnessed },
  }
}

const mismatch = (message: string): Refusal => refuse('OPTOUT_DIGEST', message)
