/** Instants and durations as documents write them: what is refused is told how to be written instead. */
import * as z from 'zod'
import type { Duration, Instant } from '../model/instant.ts'
import type { Fault } from './fault.ts'
import { described, quoted, report } from './fault.ts'
import { canonicalInstant, daysIn, formatDuration, formatInstant, parseDuration, parseInstant } from './time.ts'

const anInstant = 'an instant with date, time and offset (RFC 3339)'
const example = 'write it like `2026-11-24T10:00:00Z` or `2026-11-24T11:00:00+01:00`'
const day = 86_400_000

/** Two ways to mean a day: its first instant, and (as an end) all of it. */
function dayHint(year: string, month: string, date: string): string | undefined {
  const start = parseInstant(`${year}-${month.padStart(2, '0')}-${date.padStart(2, '0')}T00:00:00Z`)
  if (start === undefined) return undefined
  const next = formatInstant((start + day) as Instant)
  return `write \`${formatInstant(start)}\` (the start of that day) or \`${next}\` (through the end of it)`
}

/** A day written with the year last: only one reading may exist, or we would guess. */
function yearLastHint(first: string, second: string, year: string): string {
  const readings = [dayHint(year, first, second), dayHint(year, second, first)].filter((reading) => reading !== undefined)
  if (readings.length === 1 || readings[0] === readings[1]) return readings[0] ?? example
  return `day and month can be swapped here; ${example}`
}

/** Near misses, most specific first. Each gives the remedy, or nothing where its own numbers make no sense. */
const misses: readonly (readonly [RegExp, (...groups: string[]) => string | undefined])[] = [
  [/^(\d{4})-?(\d\d)-?(\d\d)$/, (y = '', m = '', d = '') => dayHint(y, m, d)],
  [/^(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})$/, (y = '', m = '', d = '') => dayHint(y, m, d)],
  [/^(\d{1,2})[-/.](\d{1,2})[-/.](\d{4})$/, (a = '', b = '', y = '') => yearLastHint(a, b, y)],
  [/^(\d{4}-\d\d-\d\d)T24:00(?::00(?:\.0+)?)?(Z|[+-]\d\d:\d\d)$/i, (date = '', zone = '') => nextDay(date, zone.toUpperCase())],
  [/^(.+):60(?:\.\d+)?(Z|[+-]\d\d:\d\d)$/i, (rest = '', zone = '') => written(`${rest}:59${zone}`, 'leap seconds are not counted; write')],
  [/^(.+)-00:00$/, (rest = '') => written(`${rest}Z`, '`-00:00` says that the offset is unknown; for UTC write')],
  [/^(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d)(:\d\d(?:\.\d+)?)?$/i, (date = '', clock = '', rest = ':00') => written(`${date}T${clock}${rest}Z`, 'add the offset; for UTC write')],
  [/^(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d)(:\d\d)?(?:\.(\d+))? ?(Z|UTC|GMT|[+-]\d\d:?\d\d)$/i, (date = '', clock = '', seconds = ':00', fraction = '', zone = '') =>
    written(`${date}T${clock}${seconds}${fraction === '' ? '' : `.${fraction.slice(0, 3)}`}${offset(zone)}`, 'write')],
]

const offset = (zone: string): string => (/^[zug]/i.test(zone) ? 'Z' : zone.includes(':') ? zone : `${zone.slice(0, 3)}:${zone.slice(3)}`)

const written = (text: string, verb: string): string | undefined => (parseInstant(text) === undefined ? undefined : `${verb} \`${text}\``)

function nextDay(date: string, zone: string): string | undefined {
  const midnight = parseInstant(`${date}T00:00:00Z`)
  return midnight === undefined ? undefined : written(`${formatInstant((midnight + day) as Instant).slice(0, 10)}T00:00:00${zone}`, 'write')
}

/** A day or hour that no calendar has, named. */
function impossible(text: string): string | undefined {
  const [, year = '', month = '', date = ''] = /^(\d{4})-(\d\d)-(\d\d)/.exec(text) ?? []
  if (year === '') return undefined
  if (Number(month) < 1 || Number(month) > 12) return `there is no month ${month}`
  const days = daysIn(Number(year), Number(month))
  if (Number(date) < 1 || Number(date) > days) return `${year}-${month} has ${days} days`
  return undefined
}

export function instantFault(value: unknown): Fault {
  const text = typeof value === 'number' ? String(value) : value
  if (typeof text !== 'string') return { code: 'DOCUMENT_INSTANT', message: `wants ${anInstant}, got ${described(value)}`, hint: example }
  for (const [shape, remedy] of misses) {
    const hint = remedy(...(shape.exec(text)?.slice(1) ?? ['']))
    if (hint !== undefined && shape.test(text)) return { code: 'DOCUMENT_INSTANT', message: `wants ${anInstant}, got ${quoted(text)}`, hint }
  }
  const why = impossible(text)
  return { code: 'DOCUMENT_INSTANT', message: `wants ${anInstant}, got ${quoted(text)}${why === undefined ? '' : `: ${why}`}`, hint: example }
}

export function durationFault(value: unknown): Fault {
  const weeks = typeof value === 'string' ? /^(\d{1,3})w$/i.exec(value) : null
  const days = typeof value === 'string' ? /^P(\d{1,4})D$/i.exec(value) : null
  const hint = weeks !== null ? `write \`${Number(weeks[1]) * 7}d\``
    : days !== null ? `write \`${Number(days[1])}d\``
      : 'write minutes, hours or days: `30m`, `72h`, `14d`; not zero, not more than ten years'
  return { code: 'DOCUMENT_DURATION', message: `wants a duration, got ${described(value)}`, hint }
}

const whole = (value: unknown): boolean => Number.isSafeInteger(value)

/** Takes `unknown`, so that a bare `20261231` and an empty value are told the same as a wrong string. */
export const instant = z.codec(z.unknown(), z.custom<Instant>(whole), {
  decode: (value, context) => {
    const parsed = typeof value === 'string' ? parseInstant(value) : undefined
    if (parsed !== undefined) return parsed
    report(context, value, instantFault(value))
    return z.NEVER
  },
  encode: (value) => canonicalInstant(value),
}).meta({ type: 'string', format: 'date-time', examples: ['2026-11-24T10:00:00Z', '2026-11-24T11:00:00+01:00'] })

export const duration = z.codec(z.unknown(), z.custom<Duration>(whole), {
  decode: (value, context) => {
    const parsed = typeof value === 'string' ? parseDuration(value) : undefined
    if (parsed !== undefined) return parsed
    report(context, value, durationFault(value))
    return z.NEVER
  },
  encode: (value) => formatDuration(value),
}).meta({ type: 'string', pattern: '^[1-9][0-9]{0,6}[mhd]$', examples: ['30m', '72h', '14d'] })
