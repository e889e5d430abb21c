/**
 * Revocations that the log could not record (docs/log-store.md, what a failure does): they take effect in this process at once, and are tried again until they
 * stand in the log. They do not outlive the process, and whoever revoked was told that the log has no word of it.
 */
import type { HexDigest, Instant } from '@exeat/core'
import type { UseDependencies } from './context.ts'

export interface PendingRevocations {
  /** When each took effect here. */
  readonly revoked: () => ReadonlyMap<HexDigest, Instant>
  /** `enter` says whether there is nothing left to do: it stands in the log, or the log says that it is over anyway. */
  readonly add: (uid: HexDigest, at: Instant, enter: () => Promise<boolean>) => void
  /** Tries all of them again, now. */
  readonly retry: () => Promise<void>
}

/** In milliseconds. */
const firstWait = 1000
const longestWait = 30_000

export function pendingRevocations({ later }: Pick<UseDependencies, 'later'>): PendingRevocations {
  const waiting = new Map<HexDigest, { readonly at: Instant; readonly enter: () => Promise<boolean> }>()
  let running: Promise<void> | undefined
  let planned = false
  let wait = firstWait

  async function enterAll(): Promise<void> {
    for (const [uid, { enter }] of waiting) {
      const done = await enter().catch(() => false)
      if (done) waiting.delete(uid)
    }
  }

  async function retry(): Promise<void> {
    running ??= enterAll().finally(() => { running = undefined })
    await running
  }

  function plan(): void {
    if (planned) return
    planned = true
    later(() => {
      planned = false
      wait = Math.min(2 * wait, longestWait)
      void retry().then(() => {
        if (waiting.size > 0) plan()
        else wait = firstWait
      })
    }, wait)
  }

  return {
    revoked: () => new Map([...waiting].map(([uid, { at }]) => [uid, at])),
    add: (uid, at, enter) => {
      const known = waiting.get(uid)
      waiting.set(uid, known ?? { at, enter })
      plan()
    },
    retry: async () => (waiting.size === 0 ? undefined : retry()),
  }
}
