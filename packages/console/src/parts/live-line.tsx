/** How old what the page shows is. */
import type { ReactNode } from 'react'
import type { Live } from '../live/use-live.ts'
import { clockOf } from '../words.ts'

export function LiveLine({ live: { feed, at, offline } }: { readonly live: Pick<Live<unknown>, 'feed' | 'at' | 'offline'> }): ReactNode {
  const last = at === undefined ? '' : ` last updated at ${clockOf(at)}`
  return (
    <p className={`fresh ${offline ? 'away' : feed}`}>
      <span role="status">{offline ? `Offline,${last}. Trying again.` : ''}</span>
      {offline || at === undefined ? null : feed === 'live' ? `Live,${last}` : `Read every 15 seconds,${last}`}
    </p>
  )
}
