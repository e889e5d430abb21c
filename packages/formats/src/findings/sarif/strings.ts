import { classOf, stringClass } from '../../json/bytes.ts'
import type { JsonScanner } from '../../json/scanner.ts'

/** Longer strings are seldom equal: comparing them costs more than keeping them. */
const longest = 512
/** Input chooses the strings, so it may make their hashes meet; after so many steps a string is just not shared. */
const probes = 8

/** Strings that occur again and again in a report (rules, paths, messages), each kept once and compared as bytes. */
export interface Strings {
  /** On a quote: the string, shared with equal ones read before. */
  read(scanner: JsonScanner): string
}

export function sharedStrings(): Strings {
  let slots = 4096
  let texts: (string | undefined)[] = new Array<string | undefined>(slots).fill(undefined)
  let hashes = new Int32Array(slots)
  let used = 0

  const grow = (): void => {
    const [oldTexts, oldHashes] = [texts, hashes]
    slots *= 2
    texts = new Array<string | undefined>(slots).fill(undefined)
    hashes = new Int32Array(slots)
    oldTexts.forEach((text, index) => {
      if (text === undefined) return
      const hash = oldHashes[index] as number
      for (let step = 0; step < probes; step++) {
        const slot: number = (hash + step) & (slots - 1)
        if (texts[slot] !== undefined) continue
        texts[slot] = text
        hashes[slot] = hash
        return
      }
    })
  }

  const find = (scanner: JsonScanner, window: Uint8Array, from: number, to: number): string => {
    const hash = hashOf(window, from, to)
    if (hash === undefined) return scanner.decode(from, to, false)
    for (let step = 0; step < probes; step++) {
      const slot: number = (hash + step) & (slots - 1)
      const text = texts[slot]
      if (text === undefined) {
        const fresh = scanner.decode(from, to, false)
        texts[slot] = fresh
        hashes[slot] = hash
        used++
        if (used * 2 > slots) grow()
        return fresh
      }
      if (hashes[slot] === hash && sameText(text, window, from, to)) return text
    }
    return scanner.decode(from, to, false)
  }

  return {
    read: (scanner) => scanner.withString((window, from, to, escaped) =>
      escaped || to - from > longest ? scanner.decode(from, to, escaped) : find(scanner, window, from, to)),
  }
}

/** FNV-1a over ASCII; undefined for text outside it, whose bytes are not its characters. */
function hashOf(window: Uint8Array, from: number, to: number): number | undefined {
  let hash = 0x811c9dc5
  for (let at = from; at < to; at++) {
    const code = window[at] as number
    if (classOf[code] === stringClass.wide) return undefined
    hash = Math.imul(hash ^ code, 0x01000193)
  }
  // The low bits choose the slot, and FNV mixes the last byte into them alone.
  return (hash ^ (hash >>> 15)) | 0
}

function sameText(text: string, window: Uint8Array, from: number, to: number): boolean {
  if (text.length !== to - from) return false
  for (let index = 0; index < text.length; index++) if (text.charCodeAt(index) !== window[from + index]) return false
  return true
}
