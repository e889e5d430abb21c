import type { Observation } from '@exeat/core'

/** What a report says; or that it is of a known kind and lacks what it must have, so that nobody can tell. */
export type Received =
  | { readonly ok: true; readonly observations: readonly Observation[] }
  | { readonly ok: false; readonly because: string }

/** Of a kind that makes no control weaker. */
export const nothing: Received = { ok: true, observations: [] }

export const observed = (...observations: readonly Observation[]): Received => ({ ok: true, observations })
export const unreadable = (because: string): Received => ({ ok: false, because })
