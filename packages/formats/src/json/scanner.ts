import type { ByteSource } from '../findings/types.ts'
import { byte, classOf, hexValue, sequenceOf, simpleEscape, stringClass } from './bytes.ts'
import type { JsonCode } from './codes.ts'
import { JsonFault, shown } from './fault.ts'
import { indexOfBytes, indexOfKey } from './keys.ts'
import type { KeyTable } from './keys.ts'

/** Known to every runtime that Exeat supports; the pure packages compile without a runtime's type library. */
declare const TextDecoder: new (label: string, options: { ignoreBOM: boolean }) => { decode(bytes: Uint8Array): string }

export const defaultMaxDepth = 256
const arrayKind = 1
const objectKind = 2

/** Told of what `skipValue` passes; for the slow second look that names a fault. */
export interface Watcher {
  object(depth: number): void
  key(key: string, depth: number, offset: number): void
  number(value: number, offset: number): void
}

export interface ScannerOptions {
  readonly watcher?: Watcher
  readonly maxDepth?: number
  /** Bytes read at once. */
  readonly window?: number
  /** Longest string that may be read, in bytes; skipped strings have no limit. */
  readonly maxString?: number
}

/**
 * A cursor over the JSON of RFC 8259 that holds one window of the input. Whatever it passes is validated: grammar, UTF-8,
 * escapes, depth. It has state, hence a class; it throws `JsonFault`, which the callers in this package catch.
 */
export class JsonScanner {
  /** Object members and values passed so far. */
  members = 0
  values = 0
  depth = 0
  /** Of the string that was passed last: its bytes in the window, and whether any is a backslash. */
  from = 0
  to = 0
  escaped = false
  readonly #source: ByteSource | undefined
  readonly #maxDepth: number
  readonly #maxString: number
  readonly #watcher: Watcher | undefined
  readonly #kinds: Uint8Array
  readonly #decoder = new TextDecoder('utf-8', { ignoreBOM: true })
  #window: Uint8Array
  /** Cursor and end of the valid bytes, within the window. */
  #at = 0
  #end: number
  /** Offset in the input of the window's first byte. */
  #base = 0
  /** Start of a string that is being read and must stay in the window; -1: none. */
  #mark = -1

  constructor(source: ByteSource | Uint8Array, options: ScannerOptions = {}) {
    this.#maxDepth = options.maxDepth ?? defaultMaxDepth
    this.#maxString = options.maxString ?? 64 * 1024 * 1024
    this.#watcher = options.watcher
    this.#kinds = new Uint8Array(this.#maxDepth + 1)
    const whole = source instanceof Uint8Array
    this.#source = whole ? undefined : source
    this.#window = whole ? source : new Uint8Array(Math.max(1, options.window ?? 512 * 1024))
    this.#end = whole ? source.length : 0
  }

  /** Offset of the cursor in the input. */
  get offset(): number {
    return this.#base + this.#at
  }

  /** The next byte that is not white space, -1 at the end. The cursor then stands on it. */
  peek(): number {
    for (;;) {
      while (this.#at < this.#end) {
        const code = this.#window[this.#at] as number
        if (code > byte.space || (code !== byte.space && code !== byte.lineFeed && code !== byte.carriageReturn && code !== byte.tab)) return code
        this.#at++
      }
      if (!this.#fill()) return -1
    }
  }

  /** Steps over the one-byte token that `peek` has shown. */
  step(): void {
    this.#at++
  }

  /** Steps over a byte order mark; true if there was one. For the very beginning. */
  skipByteOrderMark(): boolean {
    if (this.#end === 0) this.#fill()
    while (this.#end < 3 && this.#fill()) { /* a source may give single bytes */ }
    const found = this.#window[0] === 0xef && this.#window[1] === 0xbb && this.#window[2] === 0xbf && this.#end >= 3
    if (found) this.#at = 3
    return found
  }

  /** Passes one value of any kind. No recursion: depth costs a byte a level. */
  skipValue(): void {
    const floor = this.depth
    for (;;) {
      const code = this.peek()
      if (code === byte.openObject) {
        if (this.enterObject()) { this.skipKey(); continue }
      } else if (code === byte.openArray) {
        if (this.enterArray()) continue
      } else this.#skipScalar(code)
      for (;;) {
        if (this.depth === floor) return
        if (!this.nextElement()) continue
        if (this.#kinds[this.depth] === objectKind) this.skipKey()
        break
      }
    }
  }

  /** On `{`: true if a member follows, false if the object was empty and is passed. */
  enterObject(): boolean {
    return this.#enter(objectKind, byte.closeObject)
  }

  /** On `[`: true if an element follows, false if the array was empty and is passed. */
  enterArray(): boolean {
    return this.#enter(arrayKind, byte.closeArray)
  }

  #enter(kind: number, close: number): boolean {
    if (this.depth === this.#maxDepth) this.fail('JSON_TOO_DEEP', `arrays and objects are nested deeper than ${this.#maxDepth}`)
    this.values++
    this.#at++
    this.depth++
    this.#kinds[this.depth] = kind
    if (kind === objectKind) this.#watcher?.object(this.depth)
    if (this.peek() !== close) return true
    this.#at++
    this.depth--
    return false
  }

  /** After a value inside an array or object: true after a comma, false after the closing bracket, which is passed. */
  nextElement(): boolean {
    const code = this.peek()
    if (code === byte.comma) {
      this.#at++
      const next = this.peek()
      if (next === byte.closeArray || next === byte.closeObject) this.fail('JSON_SYNTAX', 'a comma stands before a closing bracket')
      return true
    }
    const object = this.#kinds[this.depth] === objectKind
    if (code !== (object ? byte.closeObject : byte.closeArray)) this.#unexpected(code, object ? '`,` or `}`' : '`,` or `]`')
    this.#at++
    this.depth--
    return false
  }

  /** Passes a key and its colon: here and below the cursor then stands on the value. */
  skipKey(): void {
    this.#beforeKey()
    if (this.#watcher === undefined) this.#string()
    else {
      const offset = this.offset
      this.#watcher.key(this.readString(), this.depth, offset)
    }
    this.#afterKey()
  }

  /** Passes a key and its colon: the key's index in the table, -1 for any other key. Makes no string. */
  findKey(table: KeyTable): number {
    this.#beforeKey()
    this.passString()
    const index = this.escaped ? indexOfKey(table, this.decodePassed()) : indexOfBytes(table, this.#window, this.from, this.to)
    this.#afterKey()
    return index
  }

  /** Reads a key by `read` and passes its colon. */
  readKey(read: (scanner: JsonScanner) => string = (scanner) => scanner.readString()): string {
    this.#beforeKey()
    const key = read(this)
    this.#afterKey()
    return key
  }

  #beforeKey(): void {
    this.members++
    const code = this.peek()
    if (code !== byte.quote) this.#unexpected(code, 'a key in double quotes')
  }

  #afterKey(): void {
    const code = this.peek()
    if (code !== byte.colon) this.#unexpected(code, '`:`')
    this.#at++
    this.peek()
  }

  /** On a quote: the string, decoded. */
  readString(): string {
    this.passString()
    return this.decodePassed()
  }

  /** On a quote: passes a string. Its bytes, without the quotes, stand in `window` from `from` to `to` until the cursor moves on. */
  passString(): void {
    this.#mark = this.#at
    this.escaped = this.#string()
    this.from = this.#mark + 1
    this.to = this.#at - 1
    this.#mark = -1
  }

  get window(): Uint8Array {
    return this.#window
  }

  /** The string that was passed last. */
  decodePassed(): string {
    const spelled = this.spelledPassed()
    return this.escaped ? JSON.parse(`"${spelled}"`) as string : spelled
  }

  /** The same with its escapes as they stand. */
  spelledPassed(): string {
    return this.#decoder.decode(this.#window.subarray(this.from, this.to))
  }

  /** On the first byte of a number: its value, infinite where it is out of range. */
  readNumber(): number {
    this.#mark = this.#at
    this.#number()
    const from = this.#mark
    this.#mark = -1
    return this.#smallInteger(from) ?? Number(this.#decoder.decode(this.#window.subarray(from, this.#at)))
  }

  /** Most numbers are lines and indices: read without a string. */
  #smallInteger(from: number): number | undefined {
    if (this.#at - from > 9) return undefined
    let value = 0
    for (let at = from; at < this.#at; at++) {
      const digit = (this.#window[at] as number) - byte.zero
      if (digit < 0 || digit > 9) return undefined
      value = value * 10 + digit
    }
    return value
  }

  #skipScalar(code: number): void {
    this.values++
    if (code === byte.quote) this.#string()
    else if (code === byte.minus || (code >= byte.zero && code <= byte.nine)) this.#skipNumber()
    else if (code === 0x74) this.#literal('true')
    else if (code === 0x66) this.#literal('false')
    else if (code === 0x6e) this.#literal('null')
    else this.#unexpected(code, 'a value')
  }

  #skipNumber(): void {
    const offset = this.offset
    if (this.#watcher === undefined) this.#number()
    else this.#watcher.number(this.readNumber(), offset)
  }

  #literal(word: string): void {
    for (let index = 0; index < word.length; index++) {
      const code = this.#here()
      if (code !== word.charCodeAt(index)) this.#unexpected(code, `\`${word}\``)
      this.#at++
    }
  }

  /** RFC 8259 section 6. */
  #number(): void {
    if (this.#here() === byte.minus) this.#at++
    const first = this.#here()
    if (first === byte.zero) this.#at++
    else this.#digits(first)
    if (this.#here() === byte.dot) {
      this.#at++
      this.#digits(this.#here())
    }
    if ((this.#here() | 0x20) === 0x65) {
      this.#at++
      const sign = this.#here()
      if (sign === byte.plus || sign === byte.minus) this.#at++
      this.#digits(this.#here())
    }
    const after = this.#here()
    if (after >= byte.zero && after <= byte.nine) this.fail('JSON_SYNTAX', 'a number begins with a superfluous `0`')
  }

  #digits(first: number): void {
    if (first < byte.zero || first > byte.nine) this.#unexpected(first, 'a digit')
    let code = first
    do {
      this.#at++
      code = this.#here()
    } while (code >= byte.zero && code <= byte.nine)
  }

  /** RFC 8259 section 7. Passes a string, true if it holds an escape. The cursor stands on its opening quote. */
  #string(): boolean {
    let escaped = false
    this.#at++
    for (;;) {
      const window = this.#window
      const end = this.#end
      let at = this.#at
      while (at < end && classOf[window[at] as number] === stringClass.plain) at++
      this.#at = at
      const code = at < end ? window[at] as number : this.#required()
      const kind = classOf[code]
      if (kind === stringClass.quote) {
        this.#at++
        return escaped
      }
      if (kind === stringClass.escape) {
        escaped = true
        this.#escape()
      } else if (kind === stringClass.wide) this.#sequence(code)
      else if (code === 0) this.fail('JSON_BINARY', 'a string holds a NUL byte')
      else if (kind === stringClass.control) this.fail('JSON_SYNTAX', 'a string holds a control character that is not escaped')
    }
  }

  #escape(): void {
    const start = this.offset
    this.#at++
    const code = this.#required()
    this.#at++
    if (simpleEscape[code] === 1) return
    if (code !== 0x75) throw new JsonFault('JSON_SYNTAX', start, 'a string holds an escape that JSON does not know')
    const unit = this.#codeUnit()
    if (unit < 0xd800 || unit > 0xdfff) return
    if (unit < 0xdc00 && this.#required() === byte.backslash) {
      this.#at++
      if (this.#required() === 0x75) {
        this.#at++
        const low = this.#codeUnit()
        if (low >= 0xdc00 && low <= 0xdfff) return
      }
    }
    throw new JsonFault('JSON_LONE_SURROGATE', start, 'a string escapes one half of a surrogate pair')
  }

  #codeUnit(): number {
    let unit = 0
    for (let index = 0; index < 4; index++) {
      const value = hexValue(this.#required())
      if (value < 0) this.fail('JSON_SYNTAX', '`\\u` is not followed by four hex digits')
      unit = unit * 16 + value
      this.#at++
    }
    return unit
  }

  #sequence(lead: number): void {
    const start = this.offset
    const sequence = sequenceOf(lead)
    if (sequence === undefined) throw new JsonFault('JSON_ENCODING', start, 'a string is not UTF-8')
    this.#at++
    for (let index = 1; index < sequence.length; index++) {
      const code = this.#required()
      const [low, high] = index === 1 ? [sequence.low, sequence.high] : [0x80, 0xbf]
      if (code < low || code > high) throw new JsonFault('JSON_ENCODING', start, 'a string is not UTF-8')
      this.#at++
    }
  }

  /** The byte under the cursor, -1 at the end. */
  #here(): number {
    return this.#at < this.#end || this.#fill() ? this.#window[this.#at] as number : -1
  }

  #required(): number {
    const code = this.#here()
    if (code < 0) this.#unexpected(code, 'the end of a string')
    return code
  }

  /** Brings in the next bytes behind those that must stay; false at the end of the input. */
  #fill(): boolean {
    if (this.#source === undefined) return false
    const from = this.#mark >= 0 ? this.#mark : this.#at
    const kept = this.#end - from
    if (kept > this.#maxString) throw new JsonFault('JSON_TOO_LARGE', this.#base + from, `a string is longer than ${this.#maxString} bytes`)
    const window = kept * 2 > this.#window.length ? new Uint8Array(this.#window.length * 2) : this.#window
    if (window === this.#window) window.copyWithin(0, from, this.#end)
    else window.set(this.#window.subarray(from, this.#end))
    this.#window = window
    this.#base += from
    this.#at -= from
    if (this.#mark >= 0) this.#mark = 0
    const count = this.#source.read(window.subarray(kept), this.#base + kept)
    this.#end = kept + count
    return count > 0
  }

  fail(code: JsonCode, message: string): never {
    throw new JsonFault(code, this.offset, message)
  }

  #unexpected(code: number, expected: string): never {
    if (code < 0) this.fail('JSON_TRUNCATED', `the input ends where ${expected} was expected`)
    if (code === 0x4e || code === 0x49) this.#notANumber(code === 0x4e ? 'NaN' : 'Infinity')
    if (code < 0x20) this.fail('JSON_BINARY', `the input holds the byte 0x${code.toString(16).padStart(2, '0')}, which no text has`)
    if (code >= 0x80) this.#outsideString(code, expected)
    this.fail('JSON_SYNTAX', `expected ${expected}, found \`${shown(String.fromCharCode(code))}\``)
  }

  /** A log line may begin with the same letter: only the whole word is the number. */
  #notANumber(word: string): void {
    this.#mark = this.#at
    let index = 0
    while (index < word.length && this.#here() === word.charCodeAt(index)) {
      this.#at++
      index++
    }
    this.#at = this.#mark
    if (index === word.length) this.fail('JSON_NOT_A_NUMBER', `JSON does not know \`${word}\``)
  }

  #outsideString(code: number, expected: string): never {
    const start = this.offset
    this.#sequence(code)
    throw new JsonFault('JSON_SYNTAX', start, `expected ${expected}, found a character outside ASCII`)
  }
}
