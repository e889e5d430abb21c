/** An opt-out in words: nothing that it covers is left unsaid, and an absent key means any. */
import type { OptOut } from '@exeat/core'

export interface Line {
  readonly term: string
  readonly values: readonly string[]
  /** Nothing narrows it. */
  readonly open: boolean
}

const targets = [['repositories', 'any repository'], ['environments', 'any environment'], ['paths', 'any file'], ['resources', 'any resource'], ['images', 'any image'], ['fingerprints', 'any finding']] as const

/** Where the controls are turned off; a key that stands nowhere is said to be open. */
export function placesOf({ spec }: OptOut): readonly Line[] {
  const stated = spec.targets ?? {}
  return targets.flatMap(([key, any]): readonly Line[] => {
    const values = stated[key]
    if (values !== undefined) return [{ term: key, values, open: false }]
    return key === 'images' || key === 'fingerprints' ? [] : [{ term: key, values: [any], open: true }]
  })
}

/** `2 days, 3 hours`; the two largest units. */
export function lengthOf(milliseconds: number): string {
  const minutes = Math.floor(Math.abs(milliseconds) / 60_000)
  const parts = ([['day', Math.floor(minutes / 1440)], ['hour', Math.floor(minutes / 60) % 24], ['minute', minutes % 60]] as const)
    .filter(([, count]) => count > 0).slice(0, 2).map(([unit, count]) => `${count} ${unit}${count === 1 ? '' : 's'}`)
  return parts.join(', ') || 'less than a minute'
}

/** The instant in the viewer's own zone, with the zone's name: `Tuesday, 24 November 2026, 11:00 CET`. */
export function whenOf(instant: number): string {
  return new Intl.DateTimeFormat(undefined, { weekday: 'long', day: 'numeric', month: 'long', year: 'numeric', hour: '2-digit', minute: '2-digit', timeZoneName: 'short' }).format(instant)
}

/** The same where it stands beside much else: `Tue 24 Nov 2026, 11:00 CET`. */
export function brieflyOf(instant: number): string {
  return new Intl.DateTimeFormat(undefined, { weekday: 'short', day: 'numeric', month: 'short', year: 'numeric', hour: '2-digit', minute: '2-digit', timeZoneName: 'short' }).format(instant)
}

/** A day of UTC, as uses are counted by: `24 Nov 2026`. */
export function dayOf(instant: number): string {
  return new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'short', year: 'numeric', timeZone: 'UTC' }).format(instant)
}

/** The time of day to the second. */
export function clockOf(instant: number): string {
  return new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit', second: '2-digit' }).format(instant)
}

/** `1 opt-out`, `1,200 opt-outs`. */
export const countOf = (count: number, one: string, many = `${one}s`): string => `${new Intl.NumberFormat().format(count)} ${count === 1 ? one : many}`

/** The same in UTC, as documents say it. */
export const utcOf = (instant: number): string => new Date(instant).toISOString().replace('.000Z', 'Z')
