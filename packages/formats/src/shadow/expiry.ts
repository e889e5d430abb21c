/** The end that a suppression states, as its tool reads it. */
import { type Instant, parseInstant } from '@exeat/core'
import type { Suppression } from './types.ts'

export type Expiry = NonNullable<Suppression['expires']>

/** A date alone means the first instant of that day in UTC, an instant itself; anything else is no end. */
export function expiryOf(written: string): Expiry {
  const at = instantOf(written)
  return at === undefined ? { written } : { written, at }
}

function instantOf(written: string): Instant | undefined {
  const text = written.trim()
  const date = /^(\d{4}-\d\d-\d\d)(?:[T ]?$|[T ](\d\d:\d\d)(:\d\d(?:\.\d+)?)?(Z|[+-]\d\d:\d\d)?$)/.exec(text)
  if (date === null) return undefined
  const [, day = '', clock = '00:00', seconds = ':00', offset = 'Z'] = date
  return parseInstant(`${day}T${clock}${seconds.replace(/(\.\d{3})\d+$/, '$1')}${offset}`)
}
