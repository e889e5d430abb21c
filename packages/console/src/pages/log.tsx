/** The log, newest first: what this browser verified of it, and each entry with its proof. */
import { policiesAnswerSchema } from '@exeat/core/wire'
import { type ReactNode, useCallback, useState } from 'react'
import { get } from '../api.ts'
import type { LogCheck, SoundLog, Witnesses } from '../log/check.ts'
import { type Body, bodyOf, nameOf, type ProvedEntry, provedEntry, refusedLog } from '../log/entries.ts'
import { checkWith } from '../log/watched.ts'
import { useLive } from '../live/use-live.ts'
import { Foreign } from '../parts/foreign.tsx'
import { Layout } from '../parts/layout.tsx'
import { LiveLine } from '../parts/live-line.tsx'
import { Loaded } from '../parts/loaded.tsx'
import { LogEntries } from '../parts/log-entries.tsx'
import { LogFound } from '../parts/log-found.tsx'
import { sentence } from '../parts/said.tsx'
import type { SignedIn } from '../session.ts'

const pageSize = 20

export interface ShownEntry {
  readonly entry: ProvedEntry
  readonly body: Body
  /** Of the opt-out that it is about. */
  readonly name: string | undefined
}

interface Page {
  readonly check: LogCheck
  readonly witnesses: Witnesses
  /** The newest first. */
  readonly entries: readonly ShownEntry[]
}

/** `/log#14`: the page that begins with entry 14. */
const endIn = (hash: string): number | undefined => (/^#\d{1,15}$/.test(hash) ? Number(hash.slice(1)) + 1 : undefined)

/** `end`: behind the newest entry that is shown; undefined: the newest that there is. */
async function readPage(end: number | undefined): Promise<Page> {
  const { log } = await get('/v1/policies', policiesAnswerSchema)
  const witnesses: Witnesses = { keys: log?.witnesses ?? [], quorum: log?.quorum ?? 0 }
  const check = await checkWith(witnesses)
  return { check, witnesses, entries: check.kind === 'sound' ? await readEntries(check, end) : [] }
}

async function readEntries(check: SoundLog, end: number | undefined): Promise<readonly ShownEntry[]> {
  const tree = await check.tree()
  if (!tree.ok) throw refusedLog(tree.problem)
  const last = Math.min(end ?? tree.value.head.size, tree.value.head.size)
  const first = Math.max(0, last - pageSize)
  const entries: ProvedEntry[] = []
  // oxlint-disable-next-line no-await-in-loop -- most of them stand in one file, which is read once
  for (let index = last - 1; index >= first; index--) entries.push(await provedEntry(tree.value, index))
  return Promise.all(entries.map(async (entry) => ({ entry, body: await bodyOf(entry), name: entry.leaf.uid === null ? undefined : await nameOf(entry.leaf.uid) })))
}

export function LogPage({ signedIn }: { readonly signedIn: SignedIn }): ReactNode {
  const [end, setEnd] = useState(() => endIn(location.hash))
  const live = useLive(useCallback(() => readPage(end), [end]))
  const turn = (next: number | undefined): void => {
    setEnd(next)
    history.replaceState(null, '', next === undefined ? location.pathname : `#${next - 1}`)
  }
  return (
    <Layout title="Log" signedIn={signedIn} wide>
      <LiveLine live={live} />
      <Loaded from={live}>{({ check, witnesses, entries }) => {
        if (check.kind === 'alarm') return <p>Nothing of a log that changed is shown here.</p>
        if (check.kind === 'unread') return <p className="problem" role="alert"><strong><Foreign text={sentence(check.problem.message)} /></strong> <code>{check.problem.code}</code></p>
        const { size } = check.head.checkpoint
        const last = Math.min(end ?? size, size)
        return (
          <>
            <LogFound check={check} witnesses={witnesses} />
            <section aria-labelledby="entries">
              <h2 id="entries">{size === 0 ? 'No entries' : `Entries ${Math.max(0, last - pageSize)} to ${last - 1}, the newest first`}</h2>
              <LogEntries entries={entries} check={check} />
              <nav className="pager" aria-label="Pages">
                <button type="button" disabled={last >= size} onClick={() => { turn(last + pageSize >= size ? undefined : last + pageSize) }}>Newer</button>
                <button type="button" disabled={last - pageSize <= 0} onClick={() => { turn(last - pageSize) }}>Older</button>
                <button type="button" className="plain" disabled={end === undefined} onClick={() => { turn(undefined) }}>The newest</button>
              </nav>
            </section>
          </>
        )
      }}</Loaded>
    </Layout>
  )
}
