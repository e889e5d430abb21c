/** What a whole log says of opt-outs and of what governs: the other side of the comparison with a bundle. */
import { applied, type HexDigest, type OptOutRecord } from '@exeat/core'
import { besideLife, lifecycleOf, type LogEvent } from '@exeat/core/entry'
import type { ReadEntry } from '../entry/read.ts'

/** One opt-out, as far as its bodies are left. */
export interface FoldedOptOut {
  /** Undefined where its request was erased. */
  record: OptOutRecord | undefined
  /** Indexes of its entries, uses left out. */
  readonly entries: number[]
  /** A body among them was erased. */
  erased: boolean
}

export interface FoldedLog {
  readonly optOuts: ReadonlyMap<HexDigest, FoldedOptOut>
  /** Undefined until the first is recorded, and where its body was erased. */
  readonly workspace: HexDigest | undefined
  readonly commit: string | undefined
  /** Digests by `kind/name`. */
  readonly documents: ReadonlyMap<string, HexDigest>
}

const uses = 'dev.exeat.use.claimed.v1'

export function foldLog(entries: readonly ReadEntry[]): FoldedLog {
  const optOuts = new Map<HexDigest, FoldedOptOut>()
  const documents = new Map<string, HexDigest>()
  let workspace: HexDigest | undefined
  let commit: string | undefined
  for (const [index, { leaf, event }] of entries.entries()) {
    foldOptOut(optOuts, index, { leaf, event })
    if (event?.type === 'dev.exeat.workspace.changed.v1' && 'workspace' in event.data) ({ workspace, commit } = event.data)
    if (event?.type === 'dev.exeat.policy.changed.v1') {
      for (const { kind, name, digest } of event.data.changes) {
        if (digest === null) documents.delete(`${kind}/${name}`)
        else documents.set(`${kind}/${name}`, digest)
      }
    }
  }
  return { optOuts, workspace, commit, documents }
}

/** Adds the next entry to what is known of the opt-outs before it. */
export function foldOptOut(optOuts: Map<HexDigest, FoldedOptOut>, index: number, { leaf, event }: Pick<ReadEntry, 'leaf' | 'event'>): void {
  if (leaf.uid !== null && leaf.type !== uses && !besideLife.has(leaf.type)) addTo(optOuts, leaf.uid, index, event)
}

function addTo(optOuts: Map<HexDigest, FoldedOptOut>, uid: HexDigest, index: number, event: LogEvent | null): void {
  const folded = optOuts.get(uid) ?? { record: undefined, entries: [], erased: false }
  optOuts.set(uid, folded)
  folded.entries.push(index)
  const lifecycle = event === null ? undefined : lifecycleOf(event)
  if (lifecycle === undefined) folded.erased = true
  else if (lifecycle.type !== 'use.claimed') folded.record = applied(folded.record, lifecycle)
}
