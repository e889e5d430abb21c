/** Names that a reader looks for in an object, by the length of their bytes, so that most keys are told apart without a look at them. */
export interface KeyTable {
  readonly names: readonly string[]
  readonly byLength: readonly (readonly { readonly bytes: Uint8Array; readonly index: number }[])[]
}

/** `names` are ASCII, at most 31: readers note those they have seen in one integer. */
export function keyTable(names: readonly string[]): KeyTable {
  const byLength: { bytes: Uint8Array; index: number }[][] = []
  names.forEach((name, index) => {
    while (byLength.length <= name.length) byLength.push([])
    byLength[name.length]?.push({ bytes: Uint8Array.from(name, (letter) => letter.charCodeAt(0)), index })
  })
  return { names, byLength }
}

export const indexOfKey = (table: KeyTable, key: string): number => table.names.indexOf(key)

/** Index of the name whose bytes stand between two places, -1 for none. */
export function indexOfBytes(table: KeyTable, window: Uint8Array, from: number, to: number): number {
  const candidates = table.byLength[to - from]
  if (candidates === undefined) return -1
  for (const { bytes, index } of candidates) {
    let at = 0
    while (at < bytes.length && bytes[at] === window[from + at]) at++
    if (at === bytes.length) return index
  }
  return -1
}
