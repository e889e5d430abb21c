/** How often each thing happened, as the log says: counted from its beginning, so that a restart changes nothing. */
import { decodeBundle, TILE_WIDTH, tilePath } from '@exeat/log'
import type { HexDigest, OptOutRecord } from '@exeat/core'
import { decodeLeaf } from '@exeat/core/entry'
import { shortType } from '@exeat/core/entry'
import type { LogReader, LogStore } from '../ports/log.ts'
import { readOptOut } from '../use/load.ts'

/** What an event is about, in a closed set: nothing of a name, a repository or a person ever becomes a label. */
export const policyClasses = ['emergency', 'protected', 'other', 'none'] as const
export type PolicyClass = (typeof policyClasses)[number]

/** `isProtected`: of an environment, by the workspace as it is. An opt-out that names no environment is for all of them. */
export function classOf({ asked: { emergency, scope } }: Pick<OptOutRecord, 'asked'>, isProtected: (environment: string) => boolean, anyProtected: boolean): PolicyClass {
  if (emergency) return 'emergency'
  const { environments } = scope.targets
  return (environments === undefined ? anyProtected : environments.some(isProtected)) ? 'protected' : 'other'
}

export interface Counts {
  /** Counts what came since the last time. */
  readonly advance: () => Promise<void>
  /** By `optout.approved` and class. Undefined until the whole log was counted once: nothing is better than too few. */
  readonly totals: () => readonly { readonly type: string; readonly policyClass: PolicyClass; readonly count: number }[] | undefined
}

export function countsOf(log: Pick<LogStore, 'snapshot'>, classify: (record: OptOutRecord) => PolicyClass): Counts {
  const counted = new Map<string, Map<PolicyClass, number>>()
  const classes = new Map<HexDigest, PolicyClass>()
  let next = 0
  let whole = false
  let running: Promise<void> | undefined

  async function classed(reader: LogReader, uid: HexDigest | null): Promise<PolicyClass> {
    if (uid === null) return 'none'
    const known = classes.get(uid)
    if (known !== undefined) return known
    const record = (await readOptOut(reader, uid))?.value.record
    const found = record === undefined ? 'none' : classify(record)
    classes.set(uid, found)
    return found
  }

  /** One bundle of entries at a time, so that others have their turn. */
  async function advance(): Promise<void> {
    for (let more = true; more;) {
      more = await log.snapshot(async (reader) => {
        const { size } = await reader.head()
        if (next >= size) return false
        const index = Math.floor(next / TILE_WIDTH)
        const width = Math.min(TILE_WIDTH, size - index * TILE_WIDTH)
        const bytes = await reader.readTile(tilePath({ level: 'entries', index, width }))
        const entries = bytes === undefined ? undefined : decodeBundle(bytes, width)
        if (entries?.ok !== true) throw new Error(`entries from ${index * TILE_WIDTH} on cannot be read`)
        for (const entry of entries.value.slice(next - index * TILE_WIDTH)) {
          const leaf = decodeLeaf(Buffer.from(entry).toString('utf8'))
          if (leaf !== undefined) add(shortType(leaf.type), await classed(reader, leaf.uid))
          next += 1
        }
        return next < size
      })
    }
    whole = true
  }

  function add(type: string, policyClass: PolicyClass): void {
    const of = counted.get(type) ?? new Map<PolicyClass, number>()
    of.set(policyClass, (of.get(policyClass) ?? 0) + 1)
    counted.set(type, of)
  }

  return {
    advance: () => (running ??= advance().finally(() => { running = undefined })),
    totals: () => (whole ? [...counted].flatMap(([type, of]) => [...of].map(([policyClass, count]) => ({ type, policyClass, count }))) : undefined),
  }
}
