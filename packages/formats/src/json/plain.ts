/**
 * Tokens as most of them are, wholly in the window: each function gives where the token ends, or 0 where a closer look is due. What
 * they pass needs no other check; what they do not pass may be right all the same.
 */
import { byte, classOf, simpleEscape, stringClass } from './bytes.ts'

/** Behind a string of ASCII without escapes. */
export function plainStringEnd(window: Uint8Array, at: number, end: number): number {
  if (window[at] !== byte.quote) return 0
  let to = at + 1
  while (to < end && classOf[window[to] as number] === stringClass.plain) to++
  return to < end && window[to] === byte.quote ? to + 1 : 0
}

/** The same with escapes of one character, for strings that nobody reads: their bytes are not what they mean. */
export function skippedStringEnd(window: Uint8Array, at: number, end: number): number {
  let to = at + 1
  while (to < end) {
    const code = window[to] as number
    if (classOf[code] === stringClass.plain) to++
    else if (code === byte.quote) return to + 1
    else if (code === byte.backslash && to + 1 < end && simpleEscape[window[to + 1] as number] === 1) to += 2
    else return 0
  }
  return 0
}

/** Behind the colon that stands there and the space that many writers put there, where a value begins. */
export function behindColon(window: Uint8Array, at: number, end: number): number {
  if (at + 2 >= end || window[at] !== byte.colon) return 0
  const next = window[at + 1] === byte.space ? at + 2 : at + 1
  return (window[next] as number) > byte.space ? next : 0
}

/** Behind a key of plain ASCII and its colon, where the value begins. */
function plainKeyEnd(window: Uint8Array, at: number, end: number): number {
  const colon = plainStringEnd(window, at, end)
  return colon === 0 ? 0 : behindColon(window, colon, end)
}

/** Behind white space, of which there may be none. */
export function blankEnd(window: Uint8Array, at: number, end: number): number {
  let to = at
  while (to < end) {
    const code = window[to] as number
    if (code > byte.space || (code !== byte.space && code !== byte.lineFeed && code !== byte.carriageReturn && code !== byte.tab)) break
    to++
  }
  return to
}

/** Behind a whole number without sign, which ends where white space, a comma or a bracket stands. */
export function integerEnd(window: Uint8Array, at: number, end: number): number {
  const first = window[at] as number
  if (first < byte.zero || first > byte.nine) return 0
  let to = at + 1
  let code = 0
  // Nothing but the end may follow a zero.
  if (first === byte.zero) code = to < end ? window[to] as number : 0
  else while (to < end && (code = window[to] as number) >= byte.zero && code <= byte.nine) to++
  return to < end && (code <= byte.space || code === byte.comma || code === byte.closeObject || code === byte.closeArray) ? to : 0
}

/** Behind the bracket or comma before `at`: where a member's value or an element begins. */
export function nextPlain(window: Uint8Array, at: number, end: number, object: boolean): number {
  const start = blankEnd(window, at, end)
  if (start >= end) return 0
  if (object) return plainKeyEnd(window, start, end)
  const code = window[start] as number
  return code > byte.space && code !== byte.closeArray && code !== byte.closeObject ? start : 0
}
