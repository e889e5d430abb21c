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

/** Behind a key of plain ASCII and its colon, where a value stands without white space before it. */
export function plainKeyEnd(window: Uint8Array, at: number, end: number): number {
  const colon = plainStringEnd(window, at, end)
  if (colon === 0 || colon + 1 >= end || window[colon] !== byte.colon) return 0
  return (window[colon + 1] as number) > byte.space ? colon + 1 : 0
}

/** Behind a whole number without sign, which ends where a comma or bracket stands. */
export function integerEnd(window: Uint8Array, at: number, end: number): number {
  const first = window[at] as number
  if (first < byte.zero || first > byte.nine) return 0
  let to = at + 1
  let code = 0
  // Nothing but the end may follow a zero.
  if (first === byte.zero) code = to < end ? window[to] as number : 0
  else while (to < end && (code = window[to] as number) >= byte.zero && code <= byte.nine) to++
  return to < end && (code === byte.comma || code === byte.closeObject || code === byte.closeArray) ? to : 0
}

/** The place itself if something stands there that may begin an array's element. */
export function elementAt(window: Uint8Array, at: number): number {
  const code = window[at] as number
  return code > byte.space && code !== byte.closeArray && code !== byte.closeObject ? at : 0
}
