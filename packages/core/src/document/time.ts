/** Instants and durations as documents write them, by pure arithmetic: no clock, no locale, no host date parser. */
import type { Duration, Instant } from '../model/instant.ts'

/** Longest duration a document may state: 10 years of 365 days, in milliseconds. */
const longest = 3650 * 86_400_000
const units = { m: 60_000, h: 3_600_000, d: 86_400_000 } as const

/** `5m`, `72h`, `14d`; undefined for anything else, and for zero and more than ten years. */
export function parseDuration(text: string): Duration | undefined {
  const match = /^([1-9]\d{0,6})([mhd])$/.exec(text)
  if (match === null) return undefined
  const value = Number(match[1]) * units[match[2] as keyof typeof units]
  return value <= longest ? (value as Duration) : undefined
}

/** The largest unit that divides it: `14d`, `36h`, `90m`. */
export function formatDuration(value: Duration): string {
  const unit = value % units.d === 0 ? 'd' : value % units.h === 0 ? 'h' : 'm'
  return `${Math.round(value / units[unit])}${unit}`
}

const shape = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.(\d{1,3}))?(Z|[+-]\d\d:\d\d)$/

/**
 * RFC 3339 date-time with an offset, at most three fractional digits, years 0001 to 9999.
 * Undefined for anything else: a date alone, no offset, `24:00`, a leap second, the unknown offset `-00:00`.
 */
export function parseInstant(text: string): Instant | undefined {
  const match = shape.exec(text)
  if (match === null) return undefined
  const [year, month, day, hour, minute, second] = match.slice(1, 7).map(Number) as [number, number, number, number, number, number]
  if (year < 1 || month < 1 || month > 12 || day < 1 || day > daysIn(year, month)) return undefined
  if (hour > 23 || minute > 59 || second > 59) return undefined
  const offset = parseOffset(match[8] as string)
  if (offset === undefined) return undefined
  const milliseconds = Number((match[7] ?? '0').padEnd(3, '0'))
  return (daysSinceEpoch(year, month, day) * units.d + hour * units.h + minute * units.m + second * 1000 + milliseconds - offset) as Instant
}

function parseOffset(text: string): number | undefined {
  if (text === 'Z') return 0
  if (text === '-00:00') return undefined
  const hours = Number(text.slice(1, 3))
  const minutes = Number(text.slice(4, 6))
  if (hours > 23 || minutes > 59) return undefined
  return (text.startsWith('-') ? -1 : 1) * (hours * units.h + minutes * units.m)
}

const leap = (year: number): boolean => (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0
export const daysIn = (year: number, month: number): number =>
  month === 2 ? (leap(year) ? 29 : 28) : [4, 6, 9, 11].includes(month) ? 30 : 31

/** Days from 1970-01-01 in the proleptic Gregorian calendar (H. Hinnant, days_from_civil). */
function daysSinceEpoch(year: number, month: number, day: number): number {
  const y = month <= 2 ? year - 1 : year
  const era = Math.floor(y / 400)
  const yearOfEra = y - era * 400
  const dayOfYear = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + day - 1
  const dayOfEra = yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear
  return era * 146_097 + dayOfEra - 719_468
}

/** UTC with exactly three fractional digits: the form that digests cover (design §3). */
export function canonicalInstant(value: Instant): string {
  const days = Math.floor(value / units.d)
  const rest = value - days * units.d
  const [year, month, day] = civil(days)
  const two = (n: number): string => String(n).padStart(2, '0')
  const clock = [Math.floor(rest / units.h), Math.floor(rest / units.m) % 60, Math.floor(rest / 1000) % 60].map(two).join(':')
  return `${String(year).padStart(4, '0')}-${two(month)}-${two(day)}T${clock}.${String(rest % 1000).padStart(3, '0')}Z`
}

/** The same without a zero fraction: the form that people read. */
export const formatInstant = (value: Instant): string => canonicalInstant(value).replace('.000Z', 'Z')

/** Year, month and day of a day number (H. Hinnant, civil_from_days). */
function civil(days: number): [number, number, number] {
  const shifted = days + 719_468
  const era = Math.floor(shifted / 146_097)
  const dayOfEra = shifted - era * 146_097
  const yearOfEra = Math.floor((dayOfEra - Math.floor(dayOfEra / 1460) + Math.floor(dayOfEra / 36_524) - Math.floor(dayOfEra / 146_096)) / 365)
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100))
  const m = Math.floor((5 * dayOfYear + 2) / 153)
  const month = m < 10 ? m + 3 : m - 9
  return [yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, dayOfYear - Math.floor((153 * m + 2) / 5) + 1]
}
