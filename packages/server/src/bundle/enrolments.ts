/** The entries about keys that a bundle needs: of those who acted on what is active, of whoever vouched for these, and so on; and those of identity providers. */
import { type Identity, identityKey } from '@exeat/core'
import { decodeEvent } from '@exeat/core/entry'
import type { EnrolmentEntry } from '@exeat/core/enrolment'
import type { Snapshot } from '../ports/log.ts'
import { recordsOf } from '../use/load.ts'
import { fromBytes, recordKinds, type StoredEnrolment } from '../use/stored.ts'
import { type BareEntry, bareEntry } from './entry.ts'

/** In the order of the log; those from `size` on are left out. */
export async function enrolmentsFor(snapshot: Snapshot, events: readonly string[], size: number): Promise<readonly BareEntry[]> {
  const stored: StoredEnrolment[] = []
  for await (const { value } of recordsOf(snapshot, recordKinds.enrolment)) stored.push(fromBytes<StoredEnrolment>(value))
  const people = closure(stored, events.flatMap(actorsOf))
  const needed = stored.filter(({ entry }) => entry.index < size && isAbout(entry, people))
  const entries: BareEntry[] = []
  for (const { entry, body } of needed) {
    // oxlint-disable-next-line no-await-in-loop -- one connection: reads one after the other whatever is asked
    const found = await bareEntry(snapshot, entry.index, body)
    if (found === undefined) throw new Error(`entry ${entry.index} about a key is gone`)
    entries.push(found.bare)
  }
  return entries
}

function actorsOf(text: string): readonly Identity[] {
  const decoded = decodeEvent(text)
  const data: unknown = decoded.ok ? decoded.event.data : undefined
  if (typeof data !== 'object' || data === null || !('envelope' in data)) return []
  const { envelope, second } = data as { readonly envelope: { readonly actor: Identity }; readonly second?: Identity }
  return second === undefined ? [envelope.actor] : [envelope.actor, second]
}

const isAbout = ({ data: { person } }: EnrolmentEntry, people: ReadonlySet<string>): boolean => person === undefined || people.has(identityKey(person))

/** With everybody whose word a key rests on. */
function closure(stored: readonly StoredEnrolment[], first: readonly Identity[]): ReadonlySet<string> {
  const people = new Set(first.map(identityKey))
  for (let before = -1; before !== people.size;) {
    before = people.size
    for (const { entry: { type, data } } of stored) {
      if (type === 'dev.exeat.enrolment.vouched.v1' && people.has(identityKey(data.person))) people.add(identityKey(data.by))
    }
  }
  return people
}
