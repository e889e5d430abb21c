/** Whether a signed grant holds for one run: here, now, for this commit, and under a log that this point has no reason to doubt (design §6). */
import { type Facts, formatInstant, type HexDigest, type Instant } from '@exeat/core'
import type { OfflineGrant } from '@exeat/core/offline'
import type { VerifiedSignature } from '@exeat/log'
import { checkCheckpoint } from '../bundle/checkpoint.ts'
import type { BundlePins } from '../bundle/pins.ts'
import { clockTolerance } from '../bundle/types.ts'
import type { LogDeps, SeenHead } from '../bundle/verified.ts'
import { type Answer, ok, refuse, type Refusal } from '../codes.ts'
import { verifyDelegation } from '../delegation/verify.ts'
import { provenEntry } from '../entry/proven.ts'
import { equal } from '../ssh/bytes.ts'
import type { SignedOfflineGrant } from './signed.ts'

/** Oldest that the checkpoint may be, in milliseconds. */
export const oldestCheckpoint = 24 * 3_600_000

/** Most grants of one repository that the log does not have: those after them excuse nothing. */
export const mostUnlogged = 2

/** What a point knows of the log from the last bundle that held there, however old that is by now. */
export interface KeptBundle extends Omit<SeenHead, 'epoch'> {
  readonly issuedAt: Instant
  /** Uids of all opt-outs that it tells of, in whatever state. */
  readonly uids: ReadonlySet<HexDigest>
}

export interface OfflineRun {
  readonly facts: Facts
  readonly now: Instant
  readonly pins: BundlePins
  /** The head seen last. */
  readonly last: SeenHead | undefined
  readonly kept: KeptBundle | undefined
}

/** Of a grant, whether it was honoured or only stands somewhere. */
export interface KnownGrant {
  readonly uid: HexDigest
  readonly repositoryId: string
  readonly at: Instant
}

/** `OFFLINE_OTHER`, `OFFLINE_NOT_NOW`, `OFFLINE_CHECKPOINT`, `OFFLINE_ROLLBACK`, `OFFLINE_OLD`, `OFFLINE_ENTERED`, `DELEGATION_*`, `DSSE_*` */
export function checkOfflineRun({ grant, optOut }: SignedOfflineGrant, run: OfflineRun, deps: LogDeps): Answer<SeenHead> {
  const { facts: { repository, commit, environment }, now, kept } = run
  const stated: readonly (readonly [string, string, string | undefined])[] = [
    ['repository', grant.repositoryId, repository?.value.id], ['commit', grant.commit, commit?.value], ['environment', grant.environment, environment?.value],
  ]
  const other = stated.find(([, wanted, is]) => wanted !== is)
  if (other !== undefined) return refuse('OFFLINE_OTHER', `it is for the ${other[0]} \`${other[1]}\`, and the run is of ${other[2] === undefined ? 'none that is known' : `\`${other[2]}\``}`)
  const { from, until } = optOut.document.spec.window
  if (!(from <= now && now < until)) return refuse('OFFLINE_NOT_NOW', `it is for ${formatInstant(from)} until ${formatInstant(until)}, and the clock says ${told(now)}`)
  if (kept?.uids.has(optOut.uid) === true) return refuse('OFFLINE_ENTERED', 'the log has it, which ended it', 'the server was there: declare an emergency')
  return checkLog(grant, run, deps)
}

/** The checkpoint is the log's, not older than one seen before, and as young as it must be. */
function checkLog({ log }: OfflineGrant, { now, pins, last, kept }: OfflineRun, deps: LogDeps): Answer<SeenHead> {
  const opened = openGrantLog(log, pins, deps)
  if (!opened.ok) return opened
  const { head, witnesses } = opened.value
  const back = behind(head, last)
  if (back !== undefined) return back
  const times = [...witnessed(witnesses), ...sameHead(head, kept), ...published(log.published, head, pins.origin, deps)]
  const youngest = Math.max(...times.filter((time) => time <= now + clockTolerance))
  if (now - youngest <= oldestCheckpoint) return ok(head)
  return refuse('OFFLINE_OLD', Number.isFinite(youngest)
    ? `its checkpoint was seen last at ${formatInstant(youngest as Instant)}, and may be ${oldestCheckpoint / 3_600_000} hours old at ${told(now)}`
    : 'nothing shows how old its checkpoint is: no witness cosigned it, and no bundle with it is kept here', 'prepare it from a newer bundle; points that keep bundles (`EXEAT_CACHE_DIR`), or witnesses, show how old it is')
}

/** Whose log a grant rests on: one that the delegation of the pinned root keys speaks for. `OFFLINE_CHECKPOINT`, `DELEGATION_*`, `DSSE_*` */
export function openGrantLog({ delegation, checkpoint }: OfflineGrant['log'], pins: BundlePins, deps: LogDeps): Answer<{ readonly head: SeenHead; readonly witnesses: readonly VerifiedSignature[] }> {
  const delegated = verifyDelegation(delegation, pins, deps)
  if (!delegated.ok) return delegated
  const trusted = checkCheckpoint(checkpoint, delegated.value.log, pins, deps)
  if (!trusted.ok) return refuse('OFFLINE_CHECKPOINT', trusted.problem.message.replace('the checkpoint of the bundle', 'the checkpoint in it'), trusted.problem.hint)
  const { checkpoint: { size, root }, witnesses } = trusted.value
  return ok({ head: { size, root, epoch: delegated.value.delegation.epoch }, witnesses })
}

/** The server is away, so that nobody can prove that a larger log extends what was seen; a smaller one, or another root at its size, needs no proof. */
function behind(head: SeenHead, last: SeenHead | undefined): Refusal | undefined {
  if (last === undefined || head.size > last.size && head.epoch >= last.epoch) return undefined
  if (head.size < last.size || head.epoch < last.epoch) {
    return refuse('OFFLINE_ROLLBACK', `its log has ${head.size} entries and a delegation of epoch ${head.epoch}, and ${last.size} of epoch ${last.epoch} were seen here`, 'prepare it anew from a newer bundle')
  }
  return equal(head.root, last.root) ? undefined : refuse('OFFLINE_ROLLBACK', `its log has another root at ${last.size} entries than was seen here`, 'keep both checkpoints: together they prove that the log tells different things')
}

const witnessed = (witnesses: readonly VerifiedSignature[]): readonly number[] => witnesses.flatMap(({ time }) => (time === undefined ? [] : [time * 1000]))

const sameHead = ({ size, root }: SeenHead, kept: KeptBundle | undefined): readonly number[] => (kept?.size === size && equal(kept.root, root) ? [kept.issuedAt] : [])

/** A checkpoint is no older than an entry under it. */
function published(entry: OfflineGrant['log']['published'], { size, root }: SeenHead, origin: string, { sha256 }: LogDeps): readonly number[] {
  const proven = entry === null ? undefined : provenEntry(entry, { origin, size, root }, sha256)
  return proven?.ok === true ? [proven.value.event.time] : []
}

const told = (now: Instant): string => (Number.isSafeInteger(now) ? formatInstant(now) : 'no instant')

/**
 * Which of the grants may still excuse, when not all are in the log: none where the server was there since and one was not entered, else the first two of each
 * repository, by when they were written. `known`: all that stand at the protected ref, and all that were honoured here before.
 */
export function unloggedRefusal({ uid, repositoryId }: KnownGrant, known: readonly KnownGrant[], kept: KeptBundle | undefined): Refusal | undefined {
  const unlogged = [...new Map(known.map((each) => [each.uid, each])).values()].filter((each) => each.repositoryId === repositoryId && kept?.uids.has(each.uid) !== true)
  const left = unlogged.find(({ at }) => kept !== undefined && !(kept.issuedAt < at + clockTolerance))
  if (left !== undefined && kept !== undefined) {
    return refuse('OFFLINE_LEFT_OUT', `the grant ${left.uid.slice(0, 12)} of ${formatInstant(left.at)} is not in the log, and the server was there at ${formatInstant(kept.issuedAt)}`, 'enter it first: `exeat offline import FILE`')
  }
  const place = unlogged.sort((a, b) => a.at - b.at || (a.uid < b.uid ? -1 : 1)).findIndex((each) => each.uid === uid)
  if (0 <= place && place < mostUnlogged) return undefined
  return refuse('OFFLINE_TOO_MANY', `${unlogged.length} grants of the repository \`${repositoryId}\` are not in the log, and the first ${mostUnlogged} of them are honoured`, 'enter them when the server is back: `exeat offline import FILE`')
}
