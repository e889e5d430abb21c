/** People and instants, as every page spells them. */
import { formatInstant, type Instant, parseInstant } from '@exeat/core'
import type { OptOutView } from '@exeat/core/wire'
import { shown } from '../text/safe.ts'

export const operatorIssuer = 'exeat:operator'

/** A name typed at the socket is told apart from one that an identity provider vouches for. */
export const person = ({ iss, sub }: OptOutView['requester']): string => (iss === operatorIssuer ? shown(sub) : `${shown(sub)} (${shown(iss)})`)

export const time = (text: string): Instant => parseInstant(text) ?? (Number.NaN as Instant)
/** To the second: fractions say nothing to people. */
export const told = (text: string): string => formatInstant((Math.floor(time(text) / 1000) * 1000) as Instant)
