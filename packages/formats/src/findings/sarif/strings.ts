import type { JsonScanner } from '../../json/scanner.ts'

/** Longer strings are seldom equal: comparing them costs more than keeping them. */
const longest = 4096
/** Input chooses the strings, so it may make their hashes meet; after so many steps a string is just not shared. */
const probes = 8
/** Bytes at each end of a text that its hash is made of. */
const sampled = 32

/** Strings that occur again and again in a report (rules, paths, messages), each kept once and compared as bytes. */
export interface Strings {
  /** On a quote: the string, shared with equal ones read before. */
  readonly read: (scanner: JsonScanner) => string
}

/** An open-addressed table: the bytes as the file spells them, as text, and the string they mean, which differs where they are escaped. */
interface Slots {
  readonly mask: number
  readonly spelled: (string | undefined)[]
  readonly meant: string[]
  readonly hashes: Int32Array
}

const slotsOf = (size: number): Slots => ({
  mask: size - 1,
  spelled: Array.from<string | undefined>({ length: size }),
  meant: Array.from({ length: size }, () => ''),
  hashes: new Int32Array(size),
})

export function sharedStrings(): Strings {
  let slots = slotsOf(4096)
  let used = 0

  const read = (scanner: JsonScanner): string => {
    scanner.passString()
    const { window, from, to } = scanner
    // Outside ASCII the bytes are not the characters.
    if (scanner.wide || to - from > longest) return scanner.decodePassed()
    const hash = hashOf(window, from, to)
    for (let step = 0; step < probes; step++) {
      const slot: number = (hash + step) & slots.mask
      const spelled = slots.spelled[slot]
      if (spelled === undefined) return add(scanner, hash, slot)
      if (slots.hashes[slot] === hash && sameText(spelled, window, from, to)) return slots.meant[slot] as string
    }
    return scanner.decodePassed()
  }

  const add = (scanner: JsonScanner, hash: number, slot: number): string => {
    const meant = scanner.decodePassed()
    put(slots, slot, hash, scanner.escaped ? scanner.spelledPassed() : meant, meant)
    used++
    if (used * 2 > slots.mask) slots = grown(slots)
    return meant
  }
  return { read }
}

function put(slots: Slots, slot: number, hash: number, spelled: string, meant: string): void {
  slots.spelled[slot] = spelled
  slots.meant[slot] = meant
  slots.hashes[slot] = hash
}

/** Twice the size. A string that finds no slot there is forgotten, which costs no more than reading it again. */
function grown(old: Slots): Slots {
  const slots = slotsOf((old.mask + 1) * 2)
  old.spelled.forEach((spelled, index) => {
    if (spelled === undefined) return
    const hash = old.hashes[index] as number
    for (let step = 0; step < probes; step++) {
      const slot: number = (hash + step) & slots.mask
      if (slots.spelled[slot] !== undefined) continue
      put(slots, slot, hash, spelled, old.meant[index] as string)
      return
    }
  })
  return slots
}

/** FNV-1a over the length and the bytes; of a long text only its ends, as equal ones are compared in full anyway. */
function hashOf(window: Uint8Array, from: number, to: number): number {
  let hash = 0x811c9dc5 ^ (to - from)
  const head = to - from > 2 * sampled ? from + sampled : to
  for (let at = from; at < head; at++) hash = Math.imul(hash ^ (window[at] as number), 0x01000193)
  if (head < to) for (let at = to - sampled; at < to; at++) hash = Math.imul(hash ^ (window[at] as number), 0x01000193)
  // The low bits choose the slot, and FNV mixes the last byte into them alone.
  return (hash ^ (hash >>> 15)) | 0
}

function sameText(text: string, window: Uint8Array, from: number, to: number): boolean {
  if (text.length !== to - from) return false
  for (let index = 0; index < text.length; index++) if (text.charCodeAt(index) !== window[from + index]) return false
  return true
}
