/** What a page waits for: said while it comes, and a refusal in the server's words. */
import { type ReactNode, useCallback, useEffect, useState } from 'react'
import { Problem } from './problem.tsx'

type State<T> = { readonly kind: 'loading' } | { readonly kind: 'ready'; readonly value: T } | { readonly kind: 'failed'; readonly error: unknown }

export interface Loading<T> {
  readonly state: State<T>
  readonly again: () => void
}

/** `load` must be stable (`useCallback`), or it runs at every drawing. */
export function useLoaded<T>(load: () => Promise<T>): Loading<T> {
  const [state, setState] = useState<State<T>>({ kind: 'loading' })
  const [round, setRound] = useState(0)
  useEffect(() => {
    let gone = false
    load().then(
      (value) => { if (!gone) setState({ kind: 'ready', value }) },
      (error: unknown) => { if (!gone) setState({ kind: 'failed', error }) },
    )
    return () => { gone = true }
  }, [load, round])
  return { state, again: useCallback(() => { setRound((count) => count + 1) }, []) }
}

export function Loaded<T>({ from, children }: { readonly from: Loading<T>; readonly children: (value: T) => ReactNode }): ReactNode {
  const { state } = from
  if (state.kind === 'loading') return <p className="quiet" role="status">Loading…</p>
  if (state.kind === 'failed') return <Problem error={state.error} again={from.again} />
  return children(state.value)
}
