/** Binary forms of RFC 4251, section 5, read from foreign bytes: every length is held against what is left, and a failure stays one. */
import { copyBytes, latin1 } from './bytes.ts'

export interface WireReader {
  /** Whether all that was asked for was there. */
  readonly sound: () => boolean
  /** Sound, and nothing is left over. */
  readonly ended: () => boolean
  readonly byte: () => number
  readonly uint32: () => number
  readonly bytes: (length: number) => Uint8Array
  /** `string`: a length of four bytes, and as many bytes. */
  readonly string: () => Uint8Array
  /** A `string` of printable ASCII; empty, and unsound, for anything else. */
  readonly text: () => string
  /** A positive `mpint` without needless zeroes, its sign byte left out. */
  readonly positive: () => Uint8Array
}

export function wireReader(given: Uint8Array): WireReader {
  let at = 0
  let broken = false
  const fail = (): Uint8Array => {
    broken = true
    return new Uint8Array(0)
  }
  const bytes = (length: number): Uint8Array => {
    if (broken || length > given.length - at) return fail()
    at += length
    return copyBytes(given, at - length, at)
  }
  const uint32 = (): number => {
    const [a = 0, b = 0, c = 0, d = 0] = bytes(4)
    return a * 0x1000000 + ((b << 16) | (c << 8) | d)
  }
  const string = (): Uint8Array => bytes(uint32())
  return {
    sound: () => !broken,
    ended: () => !broken && at === given.length,
    byte: () => bytes(1)[0] ?? 0,
    uint32, bytes, string,
    text: () => {
      const text = latin1(string())
      return /^[!-~]*$/.test(text) ? text : latin1(fail())
    },
    positive: () => {
      const number = string()
      const [first = 0x80, second = 0] = number
      // The sign byte stands only where the number would look negative without it (RFC 4251).
      const wellFormed = first > 0 && first < 0x80 || first === 0 && number.length > 1 && second >= 0x80
      return wellFormed ? copyBytes(number, first === 0 ? 1 : 0) : fail()
    },
  }
}

/** `string` of RFC 4251. */
export function wireString(content: Uint8Array): Uint8Array {
  const whole = new Uint8Array(4 + content.length)
  whole.set([content.length >>> 24, content.length >>> 16, content.length >>> 8, content.length].map((byte) => byte & 0xff))
  whole.set(content, 4)
  return whole
}
