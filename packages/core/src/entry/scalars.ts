import * as z from 'zod'
import { canonicalInstant, parseInstant } from '../document/time.ts'
import type { Duration, Instant } from '../model/instant.ts'

/** An instant in its canonical text (`2026-11-24T10:00:00.000Z`): one spelling for one instant. */
export const instantText = z.codec(z.string(), z.custom<Instant>((value) => Number.isSafeInteger(value)), {
  decode: (text, payload) => {
    const instant = parseInstant(text)
    if (instant !== undefined && canonicalInstant(instant) === text) return instant
    payload.issues.push({ code: 'custom', input: text, message: 'expected an instant as UTC with three fractional digits' })
    return z.NEVER
  },
  encode: (instant) => canonicalInstant(instant),
})

/** Whole milliseconds. */
export const milliseconds = z.custom<Duration>((value) => typeof value === 'number' && Number.isSafeInteger(value) && value >= 0)
