/** What this browser saw of the log last. It only ever refuses: whoever can write here can make it forget, and nothing else. */
import * as z from 'zod'

const place = 'exeat.log'

const keptSchema = z.strictObject({
  /** C2SP verifier key that the log was seen to sign with first. */
  key: z.string(),
  /** The signed note. */
  note: z.string(),
  size: z.int().min(0),
  /** When it was seen, milliseconds since the epoch. */
  at: z.int().min(0),
})
export type Kept = z.output<typeof keptSchema>

/** `unreadable`: something stands there that this page did not write. `none`: nothing does. */
export function readKept(): Kept | 'none' | 'unreadable' {
  try {
    const text = localStorage.getItem(place)
    if (text === null) return 'none'
    const parsed = keptSchema.safeParse(JSON.parse(text))
    return parsed.success ? parsed.data : 'unreadable'
  } catch {
    return 'unreadable'
  }
}

/** Never puts a smaller head in the place of a larger one, which another tab may have seen meanwhile. Says whether it is kept. */
export function keep(next: Kept): boolean {
  const last = readKept()
  if (last === 'unreadable') return false
  if (last !== 'none' && last.size > next.size) return true
  try {
    localStorage.setItem(place, JSON.stringify(next))
    return true
  } catch {
    return false
  }
}

export const forget = (): void => { localStorage.removeItem(place) }
