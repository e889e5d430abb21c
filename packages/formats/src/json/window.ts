import type { ByteSource } from '../findings/types.ts'
import type { JsonCode } from './codes.ts'
import { JsonFault } from './fault.ts'

export interface WindowOptions {
  /** Bytes read at once. */
  readonly window?: number
  /** Longest string that may be read, in bytes; skipped strings have no limit. */
  readonly maxString?: number
}

/** One window of an input, and a cursor in it. */
export class ByteWindow {
  protected readonly source: ByteSource | undefined
  protected readonly maxString: number
  protected buffer: Uint8Array
  /** Cursor and end of the valid bytes, within the window. */
  protected at = 0
  protected end: number
  /** Offset in the input of the window's first byte. */
  protected base = 0
  /** Start of a string that is being read and must stay in the window; -1: none. */
  protected mark = -1

  constructor(source: ByteSource | Uint8Array, options: WindowOptions) {
    const whole = source instanceof Uint8Array
    this.maxString = options.maxString ?? 64 * 1024 * 1024
    this.source = whole ? undefined : source
    this.buffer = whole ? source : new Uint8Array(Math.max(1, options.window ?? 512 * 1024))
    this.end = whole ? source.length : 0
  }

  /** Offset of the cursor in the input. */
  get offset(): number {
    return this.base + this.at
  }

  get window(): Uint8Array {
    return this.buffer
  }

  /** Steps over a byte order mark; true if there was one. For the very beginning. */
  skipByteOrderMark(): boolean {
    if (this.end === 0) this.fill()
    while (this.end < 3 && this.fill()) { /* a source may give single bytes */ }
    const found = this.buffer[0] === 0xef && this.buffer[1] === 0xbb && this.buffer[2] === 0xbf && this.end >= 3
    if (found) this.at = 3
    return found
  }

  /** The byte under the cursor, -1 at the end. */
  protected here(): number {
    return this.at < this.end || this.fill() ? this.buffer[this.at] as number : -1
  }

  /** Brings in the next bytes behind those that must stay; false at the end of the input. */
  protected fill(): boolean {
    if (this.source === undefined) return false
    const from = this.mark >= 0 ? this.mark : this.at
    const kept = this.end - from
    if (kept > this.maxString) throw new JsonFault('JSON_TOO_LARGE', this.base + from, `a string is longer than ${this.maxString} bytes`)
    const window = kept * 2 > this.buffer.length ? new Uint8Array(this.buffer.length * 2) : this.buffer
    if (window === this.buffer) window.copyWithin(0, from, this.end)
    else window.set(this.buffer.subarray(from, this.end))
    this.buffer = window
    this.base += from
    this.at -= from
    if (this.mark >= 0) this.mark = 0
    const count = this.source.read(window.subarray(kept), this.base + kept)
    this.end = kept + count
    return count > 0
  }

  fail(code: JsonCode, message: string): never {
    throw new JsonFault(code, this.offset, message)
  }
}
