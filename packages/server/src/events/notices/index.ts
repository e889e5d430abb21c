/** Looks for what is to be noticed: in what is open, in what points ask for, and in points that went silent. */
import type { Instant, OptOutRecord } from '@exeat/core'
import type { Wire } from '@exeat/core/wire'
import type { ServerConfig } from '../../config/schema.ts'
import type { Governed } from '../../ports/governance.ts'
import { type IdentityRows, rowKinds } from '../../ports/identity.ts'
import type { LogStore } from '../../ports/log.ts'
import { standingNamed } from '../../use/judge.ts'
import { readOptOut, recordsOf } from '../../use/load.ts'
import { fromBytes, recordKinds, toBytes } from '../../use/stored.ts'
import { claimNotices } from './claims.ts'
import { noticesOf } from './due.ts'
import type { Teller } from './teller.ts'

export interface NoticesOptions {
  readonly log: Pick<LogStore, 'snapshot'>
  /** As far as it was read. */
  readonly governed: () => Governed | undefined
  readonly teller: Pick<Teller, 'tell'>
  readonly rows: Pick<IdentityRows, 'get' | 'put'>
  readonly points: ServerConfig['points']
  readonly now: () => number
}

export interface Notices {
  /** Tells what has become due. */
  readonly round: () => Promise<void>
  /** What points claimed, and what they were answered: who asks for what has ended is told of. Never rejects. */
  readonly claimed: (uses: Wire['usesSchema']['uses'], answer: Wire['usesAnswerSchema']) => Promise<void>
  /** A point showed itself. Never rejects. */
  readonly seen: (point: string) => Promise<void>
}

const minute = 60_000

export function notices({ log, governed, teller, rows, points, now }: NoticesOptions): Notices {
  const lastSeen = new Map<string, number>()

  async function lookAtOpen(): Promise<void> {
    const at = now() as Instant
    const latest = governed()
    const due = await log.snapshot(async (reader) => {
      const found = []
      for await (const { key, value } of recordsOf(reader, recordKinds.open)) {
        const { activatedAt, asked } = fromBytes<OptOutRecord>(value)
        if (activatedAt === undefined) continue
        const stored = await readOptOut(reader, key)
        if (stored !== undefined) found.push(...noticesOf({ stored: stored.value, merged: latest === undefined ? undefined : standingNamed(latest, asked.name)?.digest === stored.value.record.binding.optOut }, at))
      }
      return found
    })
    for (const notice of due) await teller.tell(notice)
  }

  async function lookAtPoints(): Promise<void> {
    for (const { name, within } of points) {
      const row = await rows.get(rowKinds.point, name, now())
      if (within === undefined || row === undefined) continue
      const { at } = fromBytes<{ readonly at: number }>(row.value)
      if (now() - at < within * 1000) continue
      await teller.tell({ id: `silent-${at}-${name}`, type: 'dev.exeat.point.silent.v1', subject: null, data: { point: name, since: new Date(at).toISOString(), within } })
    }
  }

  return {
    round: async () => {
      await lookAtOpen()
      await lookAtPoints()
    },
    claimed: claimNotices({ log, teller, now }),
    seen: async (point) => {
      const at = now()
      if (at - (lastSeen.get(point) ?? Number.NEGATIVE_INFINITY) < minute) return
      lastSeen.set(point, at)
      try {
        const row = await rows.get(rowKinds.point, point, at)
        await rows.put(rowKinds.point, point, { value: toBytes({ at }) }, row?.version ?? 0, at)
      } catch {
        // Where rows cannot be written the point is taken for seen earlier than it was: somebody is told once too often.
        lastSeen.delete(point)
      }
    },
  }
}
