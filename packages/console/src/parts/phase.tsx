import type { OptOutView } from '@exeat/core/wire'
import type { ReactNode } from 'react'

const words: Readonly<Record<OptOutView['phase'], string>> = {
  proposed: 'waits for approval', approved: 'approved, not active', active: 'active', lapsed: 'lapsed', revoked: 'revoked', exhausted: 'used up',
  rejected: 'rejected', withdrawn: 'withdrawn', 'timed-out': 'timed out', stale: 'stale',
}

/** Never by colour alone. */
export function Phase({ view: { phase, inForce, review } }: { readonly view: Pick<OptOutView, 'phase' | 'inForce' | 'review'> }): ReactNode {
  return <span className={`phase ${phase}`}>{phase === 'active' && !inForce ? 'active, not begun' : words[phase]}{review === 'due' || review === 'overdue' ? `, review ${review}` : ''}</span>
}
