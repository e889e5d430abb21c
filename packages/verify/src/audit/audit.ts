/**
 * A monitor's check: does a bundle say what the log says? A point sees only the entries that it is shown, and cannot miss one that is withheld; whoever
 * reads the whole log can.
 */
import { endedAt, formatInstant, type HexDigest, type Identity, identityKey, type Instant, type OptOutRecord, phaseAt } from '@exeat/core'
import { rootOfLeaves } from '@exeat/log'
import { type Answer, ok, refuse, type VerifyProblem } from '../codes.ts'
import { checkCheckpoint } from '../bundle/checkpoint.ts'
import { contentDigest } from '../bundle/content.ts'
import type { BundlePins } from '../bundle/pins.ts'
import { readBundle } from '../bundle/read.ts'
import type { Bundle } from '../bundle/types.ts'
import type { LogDeps } from '../bundle/verified.ts'
import type { ReadEntry } from '../entry/read.ts'
import { same } from '../history/same.ts'
import { type FoldedLog, type FoldedOptOut, foldLog } from './fold.ts'

/** A difference between a bundle and the log, which the server's own signatures prove. */
export interface AuditFinding extends VerifyProblem {
  readonly uid?: HexDigest
}

/** Those that ended within this are told, in milliseconds. */
const told = 30 * 86_400_000

/**
 * Holds a bundle against the whole log. `entries`: from index 0 on, at least as many as the bundle's checkpoint covers, read from a verified tree. How old
 * the bundle is does not matter. Refuses what nobody can be held to: a bundle that is not signed, or too few entries. Empty: it says what the log says.
 */
export function auditBundle(bytes: Uint8Array, pins: BundlePins, entries: readonly ReadEntry[], deps: LogDeps): Answer<readonly AuditFinding[]> {
  const read = readBundle(bytes, pins, deps)
  if (!read.ok) return read
  const { bundle, delegation } = read.value
  const trusted = checkCheckpoint(bundle.checkpoint, delegation.log, pins, deps)
  if (!trusted.ok) return trusted
  const { size, root } = trusted.value.checkpoint
  if (entries.length < size) return refuse('AUDIT_INCOMPLETE', `the bundle's checkpoint covers ${size} entries, and ${entries.length} are given`)
  const covered = entries.slice(0, size)
  const own = rootOfLeaves(deps.sha256, covered.map(({ hash }) => hash))
  if (!same([...own], [...root])) return ok([{ code: 'AUDIT_SPLIT_VIEW', message: `the bundle's checkpoint has another root at size ${size} than the log that was read` }])
  const folded = foldLog(covered)
  // Where witnesses lag, the server may know what the checkpoint does not cover yet; that may only take away.
  const later = entries.length === size ? folded : foldLog(entries)
  return ok([...documents(bundle, [folded, later]), ...published(bundle, entries, deps), ...active(bundle, folded), ...keysLeftOut(bundle, covered), ...leftOut(bundle, folded, later)])
}

function documents({ documents: { workspace, policies, aliases }, commit }: Bundle, logs: readonly [FoldedLog, FoldedLog]): AuditFinding[] {
  const listed = [...policies, ...aliases].map(({ digest }) => digest).sort()
  const right = logs.some((log) => workspace.digest === log.workspace && commit === log.commit && same(listed, [...log.documents.values()].sort()))
  return right ? [] : [{ code: 'AUDIT_DOCUMENTS', message: `what governs in the bundle, of commit \`${commit}\`, is not what the log records of commit \`${logs[0].commit ?? 'none'}\`` }]
}

/** Beyond the checkpoint too: where witnesses lag, the entry may stand there. */
function published(bundle: Bundle, entries: readonly ReadEntry[], { sha256 }: LogDeps): AuditFinding[] {
  const content = contentDigest(bundle, sha256)
  const known = entries.some(({ event }) => event?.type === 'dev.exeat.bundle.published.v1' && event.data.content === content)
  return known ? [] : [{ code: 'AUDIT_UNPUBLISHED', message: `the log never recorded the content \`${content}\` as published` }]
}

/** Each that is listed as active is so in the log, or has lapsed since, and shows all of its entries. */
function active({ active: listed, issuedAt }: Bundle, { optOuts }: FoldedLog): AuditFinding[] {
  return listed.flatMap(({ uid, entries }): AuditFinding[] => {
    const folded = optOuts.get(uid)
    if (folded === undefined || folded.erased) {
      return [{ uid, code: 'ENTRY_ERASED', message: folded === undefined ? 'the log has no entry of an opt-out that is listed as active' : 'an opt-out is listed as active, and a body among its entries was erased' }]
    }
    const phase = folded.record === undefined ? 'never asked for' : phaseAt(folded.record, issuedAt)
    if (phase !== 'active' && phase !== 'lapsed') {
      return [{ uid, code: 'AUDIT_NOT_ACTIVE', message: `\`${nameOf(folded)}\` is listed as active, and the log says that it was ${phase} at ${formatInstant(issuedAt)}` }]
    }
    const shown = entries.map(({ index }) => index)
    return same(shown, folded.entries) ? [] : [{ uid, code: 'AUDIT_NOT_ACTIVE', message: `\`${nameOf(folded)}\` is shown with the entries ${shown.join(', ')}, and the log has ${folded.entries.join(', ')}` }]
  })
}

/** Each that the log has active, or ended lately, is told; and those that are told as ended have ended so. */
function leftOut(bundle: Bundle, { optOuts }: FoldedLog, later: FoldedLog): AuditFinding[] {
  const listed = new Set(bundle.active.map(({ uid }) => uid))
  const ended = new Map(bundle.ended.map((each) => [each.uid, each]))
  return [...optOuts].flatMap(([uid, folded]): AuditFinding[] => {
    if (folded.erased || folded.record === undefined || folded.record.activatedAt === undefined || listed.has(uid)) return []
    const record = later.optOuts.get(uid)?.record ?? folded.record
    const over = endedAt(record, bundle.issuedAt)
    const as = ended.get(uid)
    if (as !== undefined) return over === as.at && phaseAt(record, bundle.issuedAt) === as.state ? [] : [missing(uid, record, bundle.issuedAt, `told as ${as.state}`)]
    return over !== undefined && bundle.issuedAt - over >= told ? [] : [missing(uid, record, bundle.issuedAt, 'left out')]
  })
}

/** Of those whose keys are told, and of those who acted, all that the log says of their keys is told: a removal above all. */
function keysLeftOut({ enrolments, active: listed }: Bundle, covered: readonly ReadEntry[]): AuditFinding[] {
  const people = new Set([...enrolments, ...listed.flatMap(({ entries }) => entries)].flatMap(({ index }) => peopleOf(covered[index]?.event?.data)))
  const shown = new Set(enrolments.map(({ index }) => index))
  return covered.flatMap(({ leaf: { type }, event }, index): AuditFinding[] => {
    if (!type.startsWith('dev.exeat.enrolment.') || shown.has(index)) return []
    const about = event?.data as { readonly person?: Identity } | undefined
    return about?.person === undefined || people.has(identityKey(about.person)) ? [{ code: 'AUDIT_LEFT_OUT', message: `entry ${index} is about a key that the bundle rests on, and is left out` }] : []
  })
}

/** Whose keys matter to what an entry says: its person, and whoever acted or vouched. */
function peopleOf(data: unknown): readonly string[] {
  const said = data as { readonly person?: Identity; readonly by?: Identity; readonly envelope?: { readonly actor: Identity } } | undefined
  return [said?.person, said?.by, said?.envelope?.actor].flatMap((person) => (person === undefined ? [] : [identityKey(person)]))
}

const missing = (uid: HexDigest, record: OptOutRecord, now: Instant, how: string): AuditFinding =>
  ({ uid, code: 'AUDIT_LEFT_OUT', message: `\`${record.asked.name}\` is ${how}, and the log says that it was ${phaseAt(record, now)} at ${formatInstant(now)}` })

const nameOf = ({ record }: FoldedOptOut): string => record?.asked.name ?? 'unknown'
