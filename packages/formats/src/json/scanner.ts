import type { ByteSource } from '../findings/types.ts'
import { byte } from './bytes.ts'
import { behindColon, blankEnd, integerEnd, nextPlain, plainStringEnd, skippedStringEnd } from './plain.ts'
import { indexOfBytes, indexOfKey, stands } from './keys.ts'
import type { KeyTable } from './keys.ts'
import { JsonTokens } from './tokens.ts'
import type { WindowOptions } from './window.ts'

export const defaultMaxDepth = 256
const arrayKind = 1
const objectKind = 2

/** Told of what `skipValue` passes; for the slow second look that names a fault. */
export interface Watcher {
  object(depth: number): void
  key(key: string, depth: number, offset: number): void
  number(value: number, offset: number): void
}

export interface ScannerOptions extends WindowOptions {
  readonly watcher?: Watcher
  readonly maxDepth?: number
}

/**
 * A cursor over the JSON of RFC 8259 that holds one window of the input. Whatever it passes is validated: grammar, UTF-8,
 * escapes, depth. It has state, hence a class; it throws `JsonFault`, which the callers in this package catch.
 */
export class JsonScanner extends JsonTokens {
  /** Object members and values passed so far. */
  members = 0
  values = 0
  depth = 0
  private readonly maxDepth: number
  private readonly watcher: Watcher | undefined
  private readonly kinds: Uint8Array

  constructor(source: ByteSource | Uint8Array, options: ScannerOptions = {}) {
    super(source, options)
    this.maxDepth = options.maxDepth ?? defaultMaxDepth
    this.watcher = options.watcher
    this.kinds = new Uint8Array(this.maxDepth + 1)
  }

  /** Passes one value of any kind. No recursion: depth costs a byte a level. */
  skipValue(): void {
    const floor = this.depth
    let before = true
    for (;;) {
      if (this.watcher === undefined) before = this.skipPlain(floor, before)
      if (!before) {
        if (this.depth === floor) return
        before = this.nextElement()
        if (before && this.kinds[this.depth] === objectKind) this.skipKey()
        continue
      }
      const code = this.peek()
      if (code === byte.openObject) {
        before = this.enterObject()
        if (before) this.skipKey()
      } else if (code === byte.openArray) before = this.enterArray()
      else {
        this.skipScalar(code)
        before = false
      }
    }
  }

  /**
   * Passes what needs no second look: tokens that lie in the window, strings of ASCII, whole numbers. Stops before anything else, at the
   * latest behind the value. `before`: a value is to come, else one was passed; so is what it gives.
   */
  private skipPlain(floor: number, before: boolean): boolean {
    const { buffer: window, kinds, end } = this
    let at = this.at
    let depth = this.depth
    let expected = before
    while (at + 1 < end) {
      const code = window[at] as number
      let next = 0
      if (!expected) {
        if (depth === floor) break
        const object = kinds[depth] === objectKind
        if (code === byte.comma) {
          next = nextPlain(window, at + 1, end, object)
          if (next === 0) break
          if (object) this.members++
          expected = true
        } else if (code === (object ? byte.closeObject : byte.closeArray)) {
          depth--
          next = at + 1
        } else if (code <= byte.space) {
          next = blankEnd(window, at, end)
          if (next === at) break
        } else break
      } else if (code === byte.openObject || code === byte.openArray) {
        const object = code === byte.openObject
        next = nextPlain(window, at + 1, end, object)
        if (next === 0 || depth === this.maxDepth) break
        if (object) this.members++
        this.values++
        kinds[++depth] = object ? objectKind : arrayKind
      } else {
        next = code === byte.quote ? skippedStringEnd(window, at, end) : integerEnd(window, at, end)
        if (next === 0) break
        this.values++
        expected = false
      }
      at = next
    }
    this.at = at
    this.depth = depth
    return expected
  }

  /** On `{`: true if a member follows, false if the object was empty and is passed. */
  enterObject(): boolean {
    return this.enter(objectKind, byte.closeObject)
  }

  /** On `[`: true if an element follows, false if the array was empty and is passed. */
  enterArray(): boolean {
    return this.enter(arrayKind, byte.closeArray)
  }

  private enter(kind: number, close: number): boolean {
    if (this.depth === this.maxDepth) this.fail('JSON_TOO_DEEP', `arrays and objects are nested deeper than ${this.maxDepth}`)
    this.values++
    this.at++
    this.depth++
    this.kinds[this.depth] = kind
    if (kind === objectKind) this.watcher?.object(this.depth)
    if (this.peek() !== close) return true
    this.at++
    this.depth--
    return false
  }

  /** After a value inside an array or object: true after a comma, false after the closing bracket, which is passed. */
  nextElement(): boolean {
    const code = this.peek()
    if (code === byte.comma) {
      this.at++
      const next = this.peek()
      if (next === byte.closeArray || next === byte.closeObject) this.fail('JSON_SYNTAX', 'a comma stands before a closing bracket')
      return true
    }
    const object = this.kinds[this.depth] === objectKind
    if (code !== (object ? byte.closeObject : byte.closeArray)) this.unexpected(code, object ? '`,` or `}`' : '`,` or `]`')
    this.at++
    this.depth--
    return false
  }

  /** Passes a key and its colon: here and below the cursor then stands on the value. */
  skipKey(): void {
    if (this.watcher === undefined && this.plainKey() > 0) return
    this.beforeKey()
    if (this.watcher === undefined) this.passQuoted()
    else {
      const offset = this.offset
      this.watcher.key(this.readString(), this.depth, offset)
    }
    this.afterKey()
  }

  /** Passes a key and its colon: the key's index in the table, -1 for any other key. `previous`: that of the key before it. Makes no string. */
  findKey(table: KeyTable, previous: number): number {
    const guess = table.followers[previous + 1] as number
    if (guess >= 0 && this.passSpelled(table.spelled[guess] as Uint8Array)) return guess
    const index = this.lookUpKey(table)
    if (index >= 0) table.followers[previous + 1] = index
    return index
  }

  private lookUpKey(table: KeyTable): number {
    const from = this.at + 1
    const to = this.plainKey()
    if (to > 0) return indexOfBytes(table, this.buffer, from, to)
    this.beforeKey()
    this.passString()
    const index = this.escaped ? indexOfKey(table, this.decodePassed()) : indexOfBytes(table, this.buffer, this.from, this.to)
    this.afterKey()
    return index
  }

  /** Passes a key and its colon if they are spelled so. */
  private passSpelled(spelled: Uint8Array): boolean {
    const colon = this.at + spelled.length - 1
    const next = behindColon(this.buffer, colon, this.end)
    if (next === 0 || !stands(spelled, this.buffer, this.at)) return false
    this.members++
    this.at = next
    return true
  }

  /** Reads a key by `read` and passes its colon. */
  readKey(read: (scanner: JsonScanner) => string = (scanner) => scanner.readString()): string {
    this.beforeKey()
    const key = read(this)
    this.afterKey()
    return key
  }

  /** Passes a key and its colon if they are what most are. Gives where the key ends in the window, or 0 and stays where it is. */
  private plainKey(): number {
    const colon = plainStringEnd(this.buffer, this.at, this.end)
    const next = colon === 0 ? 0 : behindColon(this.buffer, colon, this.end)
    if (next === 0) return 0
    this.members++
    this.at = next
    return colon - 1
  }

  private beforeKey(): void {
    this.members++
    const code = this.peek()
    if (code !== byte.quote) this.unexpected(code, 'a key in double quotes')
  }

  private afterKey(): void {
    const code = this.peek()
    if (code !== byte.colon) this.unexpected(code, '`:`')
    this.at++
    this.peek()
  }

  private skipScalar(code: number): void {
    this.values++
    if (code === byte.quote) this.passQuoted()
    else if (code === byte.minus || (code >= byte.zero && code <= byte.nine)) this.skipNumber()
    else if (code === 0x74) this.literal('true')
    else if (code === 0x66) this.literal('false')
    else if (code === 0x6e) this.literal('null')
    else this.unexpected(code, 'a value')
  }

  private skipNumber(): void {
    const offset = this.offset
    if (this.watcher === undefined) this.passNumber()
    else this.watcher.number(this.readNumber(), offset)
  }
}
