/** What bundles say stands in the log before any point hears it: one entry for each content that is new, however many ask for it. */
import type { HexDigest, Instant } from '@exeat/core'
import { ExeatError } from '@exeat/core/error'
import type { LogStore } from '../ports/log.ts'
import { sha256 } from '../store/ed25519.ts'
import { readRecord } from '../use/load.ts'
import { demand } from '../use/problem.ts'
import { recordKinds, type StoredBundle, toBytes } from '../use/stored.ts'
import { serverIdentity } from '../use/synchronise.ts'
import { writeEvents, type Writer } from '../use/write.ts'

export interface Publication {
  readonly content: HexDigest
  /** What it was folded from: so many entries of the log, at this instant. */
  readonly size: number
  readonly folded: Instant
  readonly commit: string
  /** Of the record that it takes the place of; 0 where nothing was published yet. */
  readonly version: number
}

/** Under which another process has published meanwhile: the fold is made anew. */
const overtaken = 'PUBLISHED_MEANWHILE'

/**
 * Appends `bundle.published`. Several may try at once, in several processes: the first is entered, and the others find that the record has moved on.
 * @throws {ExeatError} where the log cannot be written
 */
export async function publish(log: LogStore, writer: Writer, { content, size, folded, commit, version }: Publication): Promise<void> {
  const said = JSON.stringify([content, size, commit])
  const answer = await log.append({
    key: `bundle/${version}/${content}`,
    digest: sha256(Buffer.from(said, 'utf8')),
    apply: async (tx) => {
      const current = await readRecord<StoredBundle>(tx, recordKinds.bundle, 'current')
      if ((current?.version ?? 0) !== version) return { ok: false, problem: { code: overtaken, message: 'another content was published meanwhile' } }
      const { entries } = await writeEvents(tx, writer, serverIdentity(writer.origin), [{ type: 'dev.exeat.bundle.published.v1', subject: null, data: { content, size, commit } }])
      const stored: StoredBundle = { content, index: tx.index, at: tx.at as Instant, size, folded }
      demand(await tx.put(recordKinds.bundle, 'current', toBytes(stored), version))
      return { ok: true, entries }
    },
  })
  if (!answer.ok && answer.problem.code !== overtaken && answer.problem.code !== 'APPEND_KEY_REUSED') throw new ExeatError([answer.problem])
}

