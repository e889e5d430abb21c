/** Tells each notice once, to every sink and to whoever listens: a row says that it was told, written once the sinks hold it. */
import { canonicalInstant, type Instant } from '@exeat/core'
import { type IdentityRows, rowKinds } from '../../ports/identity.ts'
import type { Telling } from '../../ports/sinks.ts'
import { toBytes } from '../../use/stored.ts'
import type { Notice } from './due.ts'

/** How long it is remembered: longer than an opt-out can be news. */
const remembered = 400 * 86_400_000
/** Ids that this process told of or saw told: they are not looked up again. */
const mostKnown = 100_000

export interface TellerOptions {
  readonly rows: Pick<IdentityRows, 'get' | 'put'>
  /** The log's. */
  readonly origin: string
  /** To all sinks; what was put in line stays there. */
  readonly tell: (telling: Telling) => Promise<void>
  readonly now: () => number
}

export interface Teller {
  readonly tell: (notice: Notice) => Promise<void>
  /** Hears of each that this process tells. Answers what ends it. */
  readonly listen: (hear: (telling: Telling) => void) => () => void
}

export function teller({ rows, origin, tell, now }: TellerOptions): Teller {
  const known = new Set<string>()
  const listeners = new Set<(telling: Telling) => void>()
  return {
    tell: async (notice) => {
      if (known.has(notice.id)) return
      if (await rows.get(rowKinds.notice, notice.id, now()) === undefined) {
        const telling = tellingOf(notice, origin, now())
        await tell(telling)
        // Whoever came first is the one who told.
        if (await rows.put(rowKinds.notice, notice.id, { value: toBytes({ at: telling.time }), expires: telling.time + remembered }, 0, now())) for (const hear of listeners) hear(telling)
      }
      if (known.size >= mostKnown) known.clear()
      known.add(notice.id)
    },
    listen: (hear) => {
      listeners.add(hear)
      return () => { listeners.delete(hear) }
    },
  }
}

function tellingOf({ id, type, subject, data }: Notice, source: string, at: number): Telling {
  const told = { specversion: '1.0' as const, id, source, type, ...(subject === null ? {} : { subject }), time: canonicalInstant(at as Instant), datacontenttype: 'application/json' as const, data }
  // Behind every entry that stands at this moment, and before none of them: the key only has to be unique.
  return { key: `notice-${String(at).padStart(15, '0')}-${id}`, index: undefined, type, subject, time: at, told, json: JSON.stringify(told) }
}
