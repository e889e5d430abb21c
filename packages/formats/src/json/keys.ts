/** Names that a reader looks for in an object, by the length of their bytes, so that most keys are told apart without a look at them. */
export interface KeyTable {
  readonly names: readonly string[]
  readonly byLength: readonly (readonly Name[])[]
  /** Each name as compact JSON spells it, with its quotes and colon. */
  readonly spelled: readonly Uint8Array[]
  /** Index of the name that was met last behind each, one place on, and at 0 of the first one; -1: none. A guess: writers keep an order. */
  readonly followers: Int8Array
}

interface Name {
  readonly bytes: Uint8Array
  readonly index: number
}

/** `names` are ASCII, at most 31: readers note those they have seen in one integer. */
export function keyTable(names: readonly string[]): KeyTable {
  const byLength: Name[][] = []
  names.forEach((name, index) => {
    while (byLength.length <= name.length) byLength.push([])
    byLength[name.length]?.push({ bytes: bytesOf(name), index })
  })
  return { names, byLength, spelled: names.map((name) => bytesOf(`"${name}":`)), followers: new Int8Array(names.length + 1).fill(-1) }
}

const bytesOf = (text: string): Uint8Array => Uint8Array.from(text, (letter) => letter.charCodeAt(0))

export const indexOfKey = (table: KeyTable, key: string): number => table.names.indexOf(key)

/** Index of the name whose bytes stand between two places, -1 for none. */
export function indexOfBytes(table: KeyTable, window: Uint8Array, from: number, to: number): number {
  const candidates = table.byLength[to - from]
  if (candidates === undefined) return -1
  for (const { bytes, index } of candidates) if (window[from] === bytes[0] && stands(bytes, window, from)) return index
  return -1
}

/** True if the bytes stand there. */
export function stands(bytes: Uint8Array, window: Uint8Array, from: number): boolean {
  for (let at = 0; at < bytes.length; at++) if (bytes[at] !== window[from + at]) return false
  return true
}
