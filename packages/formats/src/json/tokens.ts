import { byte, classOf, hexValue, sequenceOf, simpleEscape, stringClass } from './bytes.ts'
import { JsonFault, shown } from './fault.ts'
import { integerEnd } from './plain.ts'
import { ByteWindow } from './window.ts'

/** Known to every runtime that Exeat supports; the pure packages compile without a runtime's type library. */
declare const TextDecoder: new (label: string, options: { ignoreBOM: boolean }) => { decode(bytes: Uint8Array): string }

/** Most numbers are lines and indices: read without a string. At most 9 digits. */
function wholeNumber(window: Uint8Array, from: number, to: number): number {
  let value = 0
  for (let at = from; at < to; at++) value = value * 10 + (window[at] as number) - byte.zero
  return value
}

/** The tokens of JSON: what is passed is validated, what is asked for is decoded. */
export class JsonTokens extends ByteWindow {
  /** Of the string that was passed last: its bytes in the window, and whether any is a backslash. */
  from = 0
  to = 0
  escaped = false
  protected readonly decoder = new TextDecoder('utf-8', { ignoreBOM: true })

  /** The next byte that is not white space, -1 at the end. The cursor then stands on it. */
  peek(): number {
    for (;;) {
      while (this.at < this.end) {
        const code = this.buffer[this.at] as number
        if (code > byte.space || (code !== byte.space && code !== byte.lineFeed && code !== byte.carriageReturn && code !== byte.tab)) return code
        this.at++
      }
      if (!this.fill()) return -1
    }
  }

  /** On a quote: the string, decoded. */
  readString(): string {
    this.passString()
    return this.decodePassed()
  }

  /** On a quote: passes a string. Its bytes, without the quotes, stand in `window` from `from` to `to` until the cursor moves on. */
  passString(): void {
    this.mark = this.at
    this.escaped = this.passQuoted()
    this.from = this.mark + 1
    this.to = this.at - 1
    this.mark = -1
  }

  /**
   * On a quote: passes the string if it is spelled by the bytes from `start` to `end`, which were passed before, hence are valid. Stays
   * where it is if they differ, and where the window ends too early to say.
   */
  passKnown(known: Uint8Array, start: number, end: number): boolean {
    const window = this.buffer
    const from = this.at + 1
    const close = from + end - start
    if (close >= this.end || window[close] !== byte.quote) return false
    for (let at = start, other = from; at < end; at++, other++) if (known[at] !== window[other]) return false
    this.at = close + 1
    return true
  }

  /** The string that was passed last. */
  decodePassed(): string {
    const spelled = this.decoder.decode(this.buffer.subarray(this.from, this.to))
    return this.escaped ? JSON.parse(`"${spelled}"`) as string : spelled
  }

  /** On the first byte of a number: its value, infinite where it is out of range. */
  readNumber(): number {
    const next = integerEnd(this.buffer, this.at, this.end)
    if (next > 0 && next - this.at <= 9) {
      const from = this.at
      this.at = next
      return wholeNumber(this.buffer, from, next)
    }
    this.mark = this.at
    this.passNumber()
    const from = this.mark
    this.mark = -1
    return Number(this.decoder.decode(this.buffer.subarray(from, this.at)))
  }

  protected literal(word: string): void {
    for (let index = 0; index < word.length; index++) {
      const code = this.here()
      if (code !== word.charCodeAt(index)) this.unexpected(code, `\`${word}\``)
      this.at++
    }
  }

  /** RFC 8259 section 6. */
  protected passNumber(): void {
    if (this.here() === byte.minus) this.at++
    const first = this.here()
    if (first === byte.zero) this.at++
    else this.digits(first)
    if (this.here() === byte.dot) {
      this.at++
      this.digits(this.here())
    }
    if ((this.here() | 0x20) === 0x65) {
      this.at++
      const sign = this.here()
      if (sign === byte.plus || sign === byte.minus) this.at++
      this.digits(this.here())
    }
    const after = this.here()
    if (after >= byte.zero && after <= byte.nine) this.fail('JSON_SYNTAX', 'a number begins with a superfluous `0`')
  }

  protected digits(first: number): void {
    if (first < byte.zero || first > byte.nine) this.unexpected(first, 'a digit')
    let code = first
    do {
      this.at++
      code = this.here()
    } while (code >= byte.zero && code <= byte.nine)
  }

  /** RFC 8259 section 7. Passes a string, true if it holds an escape. The cursor stands on its opening quote. */
  protected passQuoted(): boolean {
    let escaped = false
    this.at++
    for (;;) {
      const window = this.buffer
      const end = this.end
      let at = this.at
      while (at < end && classOf[window[at] as number] === stringClass.plain) at++
      this.at = at
      const code = at < end ? window[at] as number : this.required()
      const kind = classOf[code]
      if (kind === stringClass.quote) {
        this.at++
        return escaped
      }
      if (kind === stringClass.escape) {
        escaped = true
        this.escape()
      } else if (kind === stringClass.wide) this.sequence(code)
      else if (code === 0) this.fail('JSON_BINARY', 'a string holds a NUL byte')
      else if (kind === stringClass.control) this.fail('JSON_SYNTAX', 'a string holds a control character that is not escaped')
    }
  }

  protected escape(): void {
    const start = this.offset
    this.at++
    const code = this.required()
    this.at++
    if (simpleEscape[code] === 1) return
    if (code !== 0x75) throw new JsonFault('JSON_SYNTAX', start, 'a string holds an escape that JSON does not know')
    const unit = this.codeUnit()
    if (unit < 0xd800 || unit > 0xdfff) return
    if (unit < 0xdc00 && this.required() === byte.backslash) {
      this.at++
      if (this.required() === 0x75) {
        this.at++
        const low = this.codeUnit()
        if (low >= 0xdc00 && low <= 0xdfff) return
      }
    }
    throw new JsonFault('JSON_LONE_SURROGATE', start, 'a string escapes one half of a surrogate pair')
  }

  protected codeUnit(): number {
    let unit = 0
    for (let index = 0; index < 4; index++) {
      const value = hexValue(this.required())
      if (value < 0) this.fail('JSON_SYNTAX', '`\\u` is not followed by four hex digits')
      unit = unit * 16 + value
      this.at++
    }
    return unit
  }

  protected sequence(lead: number): void {
    const start = this.offset
    const sequence = sequenceOf(lead)
    if (sequence === undefined) throw new JsonFault('JSON_ENCODING', start, 'a string is not UTF-8')
    this.at++
    for (let index = 1; index < sequence.length; index++) {
      const code = this.required()
      const [low, high] = index === 1 ? [sequence.low, sequence.high] : [0x80, 0xbf]
      if (code < low || code > high) throw new JsonFault('JSON_ENCODING', start, 'a string is not UTF-8')
      this.at++
    }
  }

  protected required(): number {
    const code = this.here()
    if (code < 0) this.unexpected(code, 'the end of a string')
    return code
  }

  protected unexpected(code: number, expected: string): never {
    if (code < 0) this.fail('JSON_TRUNCATED', `the input ends where ${expected} was expected`)
    if (code === 0x4e || code === 0x49) this.notANumber(code === 0x4e ? 'NaN' : 'Infinity')
    if (code < 0x20) this.fail('JSON_BINARY', `the input holds the byte 0x${code.toString(16).padStart(2, '0')}, which no text has`)
    if (code >= 0x80) this.outsideString(code, expected)
    this.fail('JSON_SYNTAX', `expected ${expected}, found \`${shown(String.fromCharCode(code))}\``)
  }

  /** A log line may begin with the same letter: only the whole word is the number. */
  protected notANumber(word: string): void {
    this.mark = this.at
    let index = 0
    while (index < word.length && this.here() === word.charCodeAt(index)) {
      this.at++
      index++
    }
    this.at = this.mark
    if (index === word.length) this.fail('JSON_NOT_A_NUMBER', `JSON does not know \`${word}\``)
  }

  protected outsideString(code: number, expected: string): never {
    const start = this.offset
    this.sequence(code)
    throw new JsonFault('JSON_SYNTAX', start, `expected ${expected}, found a character outside ASCII`)
  }
}
