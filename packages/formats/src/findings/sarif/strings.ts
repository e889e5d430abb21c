import type { JsonScanner } from '../../json/scanner.ts'

/** Longer strings are seldom equal: comparing them costs more than keeping them. */
const longest = 4096
/** Bytes that are kept for comparing; what comes after that is not shared any more. */
const mostBytes = 64 * 1024 * 1024
/** Input chooses the strings, so it may make their hashes meet; after so many steps a string is just not shared. */
const probes = 8
/** Bytes at each end of a text that its hash is made of; a multiple of 4. */
const sampled = 32

/** Strings that occur again and again in a report (rules, paths, messages), each kept once and compared as bytes. */
export interface Strings {
  /** On a quote: the string, shared with equal ones read before. */
  readonly read: (scanner: JsonScanner) => string
}

/**
 * Strings are numbered as they are met. Their bytes as the file spells them stand in one array, end to end; what they mean, which
 * differs where they are escaped, stands in `meant`. Results look alike, so the string that follows is often the one that followed the
 * last time: it is compared with the input before anything else is tried, which makes one pass over its bytes of three.
 */
export function sharedStrings(): Strings {
  const meant: string[] = []
  const hashes: number[] = []
  const starts: number[] = [0]
  const followers: number[] = []
  let bytes = new Uint8Array(64 * 1024)
  /** An open-addressed table of numbers, each one higher than it is; 0: free. */
  let slots = new Int32Array(4096)
  let last = -1

  const read = (scanner: JsonScanner): string => {
    const guess = last < 0 ? -1 : followers[last] as number
    if (guess >= 0 && scanner.passKnown(bytes, starts[guess] as number, starts[guess + 1] as number)) {
      last = guess
      return meant[guess] as string
    }
    scanner.passString()
    const number = numberOf(scanner, guess)
    if (number < 0) {
      last = guess
      return scanner.decodePassed()
    }
    if (last >= 0) followers[last] = number
    last = number
    return meant[number] as string
  }

  const numberOf = (scanner: JsonScanner, guess: number): number => {
    const { window, from, to } = scanner
    if (to - from > longest) return -1
    const hash = hashOf(window, from, to)
    const mask = slots.length - 1
    for (let step = 0; step < probes; step++) {
      const slot = (hash + step) & mask
      const number = (slots[slot] as number) - 1
      if (number < 0) return add(scanner, hash, slot, guess)
      if (hashes[number] === hash && sameBytes(bytes, starts[number] as number, starts[number + 1] as number, window, from, to)) return number
    }
    return -1
  }

  /** What stands in the place of another string is taken to be followed by the same. */
  const add = (scanner: JsonScanner, hash: number, slot: number, guess: number): number => {
    const { window, from, to } = scanner
    const number = meant.length
    const start = starts[number] as number
    const end = start + to - from
    if (end > mostBytes) return -1
    if (end > bytes.length) bytes = enlarged(bytes)
    bytes.set(window.subarray(from, to), start)
    starts.push(end)
    meant.push(scanner.decodePassed())
    hashes.push(hash)
    followers.push(guess < 0 ? -1 : followers[guess] as number)
    slots[slot] = number + 1
    if (meant.length * 2 > slots.length) slots = slotsOf(hashes, slots.length * 2)
    return number
  }
  return { read }
}

function enlarged(bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  const larger = new Uint8Array(bytes.length * 2)
  larger.set(bytes)
  return larger
}

/** A string that finds no slot is forgotten, which costs no more than reading it again. */
function slotsOf(hashes: readonly number[], size: number): Int32Array<ArrayBuffer> {
  const slots = new Int32Array(size)
  for (let number = 0; number < hashes.length; number++) {
    const hash = hashes[number] as number
    for (let step = 0; step < probes; step++) {
      const slot = (hash + step) & (size - 1)
      if (slots[slot] !== 0) continue
      slots[slot] = number + 1
      break
    }
  }
  return slots
}

/** Four bytes a step over the length and the bytes; of a long text only its ends, as equal ones are compared in full anyway. */
function hashOf(window: Uint8Array, from: number, to: number): number {
  const long = to - from > 2 * sampled
  let hash = Math.imul(0x811c9dc5 ^ (to - from), 0x01000193)
  let at = from
  for (const stop = (long ? from + sampled : to) - 3; at < stop; at += 4) hash = mixed(hash, window, at)
  if (long) for (at = to - sampled; at < to; at += 4) hash = mixed(hash, window, at)
  for (; at < to; at++) hash = Math.imul(hash ^ (window[at] as number), 0x01000193)
  // The low bits choose the slot, and the last multiplications reach the high ones alone.
  return (hash ^ (hash >>> 15)) | 0
}

function mixed(hash: number, window: Uint8Array, at: number): number {
  const four = (window[at] as number) | ((window[at + 1] as number) << 8) | ((window[at + 2] as number) << 16) | ((window[at + 3] as number) << 24)
  const product = Math.imul(hash ^ four, 0x85ebca6b)
  return product ^ (product >>> 13)
}

function sameBytes(known: Uint8Array, start: number, end: number, window: Uint8Array, from: number, to: number): boolean {
  if (end - start !== to - from) return false
  for (let at = start, other = from; at < end; at++, other++) if (known[at] !== window[other]) return false
  return true
}
