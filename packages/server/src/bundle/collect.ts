/** What the log says at one commit, as bundles carry it: the fold at an instant, with the entries that show it. */
import { encodeDocument, endedAt, type ExeatDocument, type HexDigest, type Instant, type Json, type Origin, phaseAt } from '@exeat/core'
import type { Bundle } from '@exeat/verify'
import type { BundleContext } from '../ports/bundle.ts'
import type { Snapshot } from '../ports/log.ts'
import { enrolmentsFor } from './enrolments.ts'
import { type BareEntry, bareEntry } from './entry.ts'
import { readOptOut, recordsOf, remembered, toldSince } from '../use/load.ts'
import { bodyKinds, fromBytes, recordKinds, type StoredOptOut } from '../use/stored.ts'

type Active = Bundle['active'][number]

export interface Collected {
  readonly documents: Bundle['documents']
  readonly active: readonly (Omit<Active, 'entries'> & { readonly entries: readonly BareEntry[] })[]
  readonly enrolments: readonly BareEntry[]
  readonly ended: Bundle['ended']
  /** The first instant at which the clock alone changes any of it. */
  readonly until: Instant
}

/** Opt-outs whose entries are below `size`. One whose bodies were erased is left out, as nobody could verify it. */
export async function collect(snapshot: Snapshot, size: number, now: Instant, { governed }: BundleContext): Promise<Collected> {
  const active: Collected['active'][number][] = []
  const ended: Bundle['ended'][number][] = []
  let until = Infinity
  for await (const { key } of recordsOf(snapshot, recordKinds.open)) {
    const stored = (await readOptOut(snapshot, key))?.value
    const what = stored === undefined ? undefined : stateOf(stored, now)
    if (stored === undefined || what === undefined) continue
    const placed = await standing(snapshot, stored)
    if (placed === undefined) continue
    until = Math.min(until, what.until)
    if (what.state !== 'active') ended.push({ ...placed, state: what.state, at: what.at })
    else active.push(...await shown(snapshot, stored, size, placed))
  }
  const enrolments = await enrolmentsFor(snapshot, active.flatMap(({ entries }) => entries.map(({ event }) => event)), size)
  return { documents: documentsOf(governed.governance), enrolments, active: active.sort(byUid), ended: ended.sort(byUid), until: until as Instant }
}

type State = { readonly state: 'active'; readonly until: number } | { readonly state: Bundle['ended'][number]['state']; readonly at: Instant; readonly until: number }

/** Undefined where it may not excuse yet, never could, or ended too long ago to be worth telling. `until`: when that changes by itself. */
function stateOf({ record }: StoredOptOut, now: Instant): State | undefined {
  if (record.activatedAt === undefined) return undefined
  const phase = phaseAt(record, now)
  if (phase === 'active') return { state: 'active', until: record.asked.window.until }
  const at = endedAt(record, now)
  if (at === undefined || !(now - toldSince(record, at) <= remembered)) return undefined
  // Only these three follow upon an activation.
  return { state: phase === 'revoked' || phase === 'exhausted' ? phase : 'lapsed', at, until: toldSince(record, at) + remembered + 1 }
}

/** Those of the listed that must not be honoured though they are: revoked by word alone, or ended in the log since the list was published. */
export async function withheldOf(snapshot: Snapshot, listed: Collected['active'], revoked: BundleContext['revoked']): Promise<Bundle['withheld']> {
  const withheld: Bundle['withheld'] = []
  for (const { uid } of listed) {
    // oxlint-disable-next-line no-await-in-loop -- one connection: reads one after the other whatever is asked
    const at = revoked.get(uid) ?? (await readOptOut(snapshot, uid))?.value.record.ended?.at
    if (at !== undefined) withheld.push({ uid, at })
  }
  return withheld
}

type Standing = Omit<Active, 'entries' | 'impact'>

async function standing(snapshot: Snapshot, { record: { uid, binding }, repositoryId, origin, entries }: StoredOptOut): Promise<Standing | undefined> {
  const document = await snapshot.body(bodyKinds.optOut, binding.optOut)
  if (document === undefined) return undefined
  return { uid, document: fromBytes(document), digest: binding.optOut, origin: placeOf(origin ?? { file: `entry ${entries[0] ?? 0} of the log`, line: 1, column: 1 }), repositoryId }
}

/** One, or none where the head does not reach its activation yet or what it needs was erased. */
async function shown(snapshot: Snapshot, stored: StoredOptOut, size: number, placed: Standing): Promise<Collected['active']> {
  const { record: { binding }, entries: indexes, bodies } = stored
  const entries: BareEntry[] = []
  let activated = false
  for (const [position, index] of indexes.entries()) {
    if (!(index < size)) break
    const entry = await bareEntry(snapshot, index, bodies[position])
    if (entry === undefined) return []
    activated ||= entry.type.endsWith('.activated.v1')
    entries.push(entry.bare)
  }
  const impact = binding.impact === null ? null : await fingerprintsOf(snapshot, binding.impact)
  return activated && impact !== undefined ? [{ ...placed, impact, entries }] : []
}

async function fingerprintsOf(snapshot: Snapshot, digest: HexDigest): Promise<HexDigest[] | undefined> {
  const kept = await snapshot.body(bodyKinds.impact, digest)
  return kept === undefined ? undefined : fromBytes<{ readonly fingerprints: HexDigest[] }>(kept).fingerprints
}

function documentsOf({ workspace, policies, aliases }: BundleContext['governed']['governance']): Bundle['documents'] {
  const placed = (each: { readonly document: ExeatDocument; readonly digest: HexDigest; readonly origin: Origin }): Bundle['documents']['workspace'] =>
    ({ document: encodeDocument(each.document) as { readonly [key: string]: Json }, digest: each.digest, origin: placeOf(each.origin) })
  return { workspace: placed(workspace), policies: policies.map(placed).sort(byDigest), aliases: aliases.map(placed).sort(byDigest) }
}

/** The place alone, whatever else its reader kept with it. */
const placeOf = ({ file, line, column, source }: Origin): Bundle['documents']['workspace']['origin'] =>
  ({ file, line, column, ...(source === undefined ? {} : { source }) })

const byUid = (a: { readonly uid: string }, b: { readonly uid: string }): number => (a.uid < b.uid ? -1 : a.uid > b.uid ? 1 : 0)
const byDigest = (a: { readonly digest: string }, b: { readonly digest: string }): number => (a.digest < b.digest ? -1 : a.digest > b.digest ? 1 : 0)
