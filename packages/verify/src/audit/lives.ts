/** The acts on opt-outs: each is judged by the judge who judged it first, and what was signed for it is held against what it records. */
import { advance, type HexDigest, identityKey, type LifecycleEvent, optOutUid, type OptOutRecord, repositoryIdOf, repositoryIdsOf, type StandingOptOut } from '@exeat/core'
import { notCounting } from '@exeat/core/enrolment'
import { type Evidence, lifecycleOf, type LogEvent } from '@exeat/core/entry'
import { comparisonCode, type Envelope, envelopeDigest } from '@exeat/core/envelope'
import { checkImpact } from '../bundle/opt-out.ts'
import { type Answer, ok, refuse, type VerifyProblem } from '../codes.ts'
import { checkAct } from '../history/acts.ts'
import { judgeFirst, judgeNext } from '../history/replay.ts'
import type { VerifiedEvidence } from '../evidence/types.ts'
import { type OfflineEntry, verifyOfflineSignatures } from '../offline/entry.ts'
import { keyFingerprint } from '../ssh/key.ts'
import type { ActState, AuditedAct } from './evidence-types.ts'
import { documentAt, impactAt } from './governing.ts'
import { contextOf, type Life, newLife, type Reading, wrongAct } from './reading.ts'
import { shownEvidence } from './shown.ts'

type Act = Exclude<LifecycleEvent, { readonly type: 'use.claimed' }>
type Opening = Extract<Act, { readonly type: 'optout.proposed' | 'optout.renewed' | 'emergency.activated' }>

const gone = 'what it began with is gone or missing'

export async function addAct(reading: Reading, index: number, event: LogEvent): Promise<void> {
  const lifecycle = lifecycleOf(event)
  if (lifecycle === undefined || lifecycle.type === 'use.claimed') return
  const known = reading.lives.get(lifecycle.uid)
  const life = known ?? newLife()
  reading.lives.set(lifecycle.uid, life)
  const act = { index, type: event.type, at: event.time, uid: lifecycle.uid, ...nameOf(life, lifecycle), ...saidBy(reading, event) }
  life.lost ??= lostBy(reading, known, lifecycle)
  const refused = life.lost === undefined ? await judged(reading, life, lifecycle, index) : undefined
  if (refused !== undefined) {
    wrongAct(reading, act, refused)
    return
  }
  if (life.lost !== undefined) {
    if (act.evidence !== undefined) reading.acts.push({ ...act, state: 'unchecked', because: life.lost })
    return
  }
  // Nobody signs that something was found stale or exhausted.
  if (lifecycle.type === 'optout.stale' || lifecycle.type === 'optout.exhausted') advance(life.ledger, lifecycle)
  else signed(reading, life, { act, lifecycle, event })
}

function lostBy({ workspace, keysLost }: Reading, known: Life | undefined, lifecycle: Act): string | undefined {
  if (known === undefined && !isOpening(lifecycle)) return gone
  return workspace === undefined ? 'what governs there is missing' : keysLost
}

const isOpening = (event: Act): event is Opening => event.type === 'optout.proposed' || event.type === 'optout.renewed' || event.type === 'emergency.activated'

/** Why the act is none that the judge grants there. One that begins an opt-out is also held against its document. */
async function judged(reading: Reading, life: Life, event: Act, index: number): Promise<VerifyProblem | undefined> {
  if (life.ledger.records.size === 0) {
    if (!isOpening(event)) return refuse('OPTOUT_HISTORY', `entry ${index} is about an opt-out that was never asked for`).problem
    return (judgeFirst(event)?.problem) ?? chained(reading, event) ?? await begin(reading, life, event, index)
  }
  switch (event.type) {
    case 'optout.rejected': case 'optout.withdrawn': case 'optout.revoked': case 'optout.stale': case 'optout.exhausted': return undefined
    default: return judgeNext(life.ledger, event, (by, groups) => (stillCounts(reading, life, identityKey(by), event.at) ? groups : []))?.problem
  }
}

/** An approval fills its place while the key that tapped it was not removed. */
function stillCounts({ keys }: Reading, { taps }: Life, approver: string, at: Act['at']): boolean {
  const index = taps.get(approver)
  const key = index === undefined ? undefined : keys.ledger.key(index)
  return key === undefined ? index === undefined : notCounting(key, at) === undefined
}

function chained({ uids, names }: Reading, event: Opening): VerifyProblem | undefined {
  const { uid, asked: { name } } = event
  const other = names.get(name)
  if (other !== undefined && other !== uid) return refuse('OPTOUT_DUPLICATE', `the name \`${name}\` was given before, and names are never reused`).problem
  names.set(name, uid)
  const before = event.type === 'optout.renewed' ? event.predecessor : undefined
  return before === undefined || uids.has(before) ? undefined : refuse('OPTOUT_HISTORY', `\`${name}\` renews an opt-out that the log does not have`).problem
}

/** The document and the impact are those that the act names, and its identity is made of them. */
async function begin(reading: Reading, life: Life, event: Opening, index: number): Promise<VerifyProblem | undefined> {
  const { binding } = event
  const document = await documentAt(reading, { kind: 'OptOut', digest: binding.optOut }, index)
  const impact = binding.impact === null ? null : await impactAt(reading, binding.impact, index)
  const { workspace } = reading
  if (document?.kind !== 'OptOut' || impact === undefined || workspace === undefined) {
    life.lost = 'its document or impact is gone or missing'
    return undefined
  }
  const uid = optOutUid({ workspace: workspace.spec.id, repositoryId: repositoryIdOf(document, workspace), name: document.metadata.name, digest: binding.optOut }, reading.deps.sha256)
  if (uid !== event.uid) return refuse('OPTOUT_DIGEST', `entry ${index} is about \`${event.uid}\`, and its document has the uid \`${uid}\``).problem
  const optOut: StandingOptOut = { document, digest: binding.optOut, uid, origin: { file: `OptOut/${binding.optOut}`, line: 1, column: 1 } }
  const held = checkImpact({ impact: impact === null ? null : [...impact] }, event, optOut, reading.deps.sha256)
  life.repositoryIds = repositoryIdsOf(document, workspace)
  return held.ok ? undefined : held.problem
}

interface Judged {
  readonly act: Omit<AuditedAct, 'state'>
  readonly lifecycle: Act
  readonly event: LogEvent
}

function signed(reading: Reading, life: Life, { act, lifecycle, event }: Judged): void {
  if (lifecycle.type === 'emergency.activated' && lifecycle.offline !== undefined) {
    offlineGrant(reading, life, { act, lifecycle, event })
    return
  }
  const record = recordOf(life, lifecycle)
  const checked = record.ok && reading.founders !== undefined
    ? checkAct({ index: act.index, event }, life.before, { workspace: reading.founders.workspace, repositoryIds: life.repositoryIds, record: record.value }, contextOf(reading))
    : refuse('OPTOUT_HISTORY', `entry ${act.index} is about an opt-out that was never asked for`)
  if (!checked.ok) {
    wrongAct(reading, act, checked.problem)
    return
  }
  advance(life.ledger, lifecycle)
  const { shown, second } = checked.value
  if (lifecycle.type === 'optout.approved' && shown.key !== undefined) life.taps.set(identityKey(lifecycle.by), shown.key.index)
  const state = weaker(stateOf(shown), second === undefined ? 'verified' : stateOf(second))
  reading.acts.push({ ...act, state, ...(state === 'asserted' ? { because: saidOnly[shown.strength] ?? '' } : {}) })
}

/** Whose keys signed it is told by the branch of that time, which no log has: `exeat offline verify` holds it against that. */
function offlineGrant(reading: Reading, life: Life, { act, lifecycle, event }: Judged): void {
  const signatures = verifyOfflineSignatures(lifecycle.uid, event.data as OfflineEntry, reading.deps.evidence)
  if (!signatures.ok) {
    wrongAct(reading, act, signatures.problem)
    return
  }
  advance(life.ledger, lifecycle)
  const fingerprints = signatures.value.map(({ key }) => `\`${keyFingerprint(key, reading.deps.sha256)}\``).join(' and ')
  reading.acts.push({ ...act, state: 'asserted', because: `the security keys ${fingerprints} signed it offline; whose they are stands in the branch: \`exeat offline verify\`` })
}

const saidOnly: Readonly<Partial<Record<VerifiedEvidence['strength'], string>>> = {
  'server-asserted': 'the server says that the code was typed',
  'operator-asserted': 'a typed name: nothing to verify',
  none: 'a sign-in alone: nothing was signed',
}

const stateOf = ({ strength }: VerifiedEvidence): ActState => (strength === 'user-signed' || strength === 'idp-signed' ? 'verified' : 'asserted')
const weaker = (a: ActState, b: ActState): ActState => (a === 'asserted' ? a : b)

/** With the act that begins it, where this is that one. */
function recordOf({ ledger }: Life, event: Act): Answer<OptOutRecord> {
  const trial = { ...ledger, records: new Map(ledger.records), names: new Map<string, HexDigest>() }
  if (isOpening(event)) advance(trial, event)
  const record = trial.records.get(event.uid)
  return record === undefined ? refuse('OPTOUT_HISTORY', 'it was never asked for') : ok(record)
}

function nameOf({ ledger }: Life, event: Act): Pick<AuditedAct, 'name'> {
  const name = isOpening(event) ? event.asked.name : ledger.records.get(event.uid)?.asked.name
  return name === undefined ? {} : { name }
}

function saidBy({ keys, deps }: Reading, { data, time }: LogEvent): Pick<AuditedAct, 'by' | 'evidence' | 'code' | 'second'> {
  const { envelope, evidence, seconded } = data as { readonly envelope?: Envelope; readonly evidence?: Evidence; readonly seconded?: { readonly envelope: Envelope; readonly evidence: Evidence } }
  if (envelope === undefined || evidence === undefined) return {}
  const told = (each: Evidence, over: Envelope) => shownEvidence(each, over, time, 'enrolment' in each ? keys.ledger.key(each.enrolment) : undefined)
  return {
    by: envelope.actor, evidence: told(evidence, envelope), code: comparisonCode(envelopeDigest(envelope, deps.sha256)),
    ...(seconded === undefined ? {} : { second: { by: seconded.envelope.actor, evidence: told(seconded.evidence, seconded.envelope) } }),
  }
}
