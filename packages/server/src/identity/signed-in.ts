/** Whoever signed in, as the use cases take them. */
import type { Instant } from '@exeat/core'
import type { Actor } from '../use/types.ts'
import type { Session } from './types.ts'

export const actorOfSession = ({ person, method, authenticatedAt }: Session): Actor =>
  ({ identity: person, evidence: { strength: 'none', kind: 'sign-in', method, at: authenticatedAt satisfies Instant } })
