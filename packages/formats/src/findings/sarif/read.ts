/**
 * Readers of parts of a JSON document, put together to a schema: `object({ uri: text })` builds `uri` and passes everything else.
 * A wrong type where the schema looks is a fault; `null` is what SARIF writers put for an absent value.
 */
import { byte } from '../../json/bytes.ts'
import { JsonFault } from '../../json/fault.ts'
import { keyTable } from '../../json/keys.ts'
import type { JsonScanner } from '../../json/scanner.ts'
import { SarifFault } from './codes.ts'
import type { Strings } from './strings.ts'

export interface Reading {
  readonly scanner: JsonScanner
  readonly strings: Strings
  /** Of the object that was read last: where its last value ends, or its brace closes if it has none. */
  lastEnd: number
  lastEmpty: boolean
  /** Objects and elements that may still be kept. */
  left: number
}

/** Counts what is kept: a few bytes of input, `{},` a million times, must not fill the memory. */
export function keepOne(reading: Reading): void {
  if (--reading.left < 0) reading.scanner.fail('JSON_TOO_LARGE', 'the file holds more results, rules or artifacts than the limit')
}

/** `name` is the key that holds the value, for messages. */
export type Read<T> = (reading: Reading, name: string) => T | undefined
export type Shape = Readonly<Record<string, Read<unknown>>>
export type Value<S extends Shape> = { -readonly [K in keyof S]: ReturnType<S[K]> }

const nullByte = 0x6e

/** Passes a value of the wrong type, so that broken JSON is reported as that, and throws. */
function wrongType(scanner: JsonScanner, name: string, expected: string): never {
  const offset = scanner.offset
  scanner.skipValue()
  throw new SarifFault('SARIF_SHAPE', offset, `\`${name}\` is not ${expected}`)
}

/** True if the value may be read; passes `null`. */
export function starts(scanner: JsonScanner, first: number, name: string, expected: string): boolean {
  const code = scanner.peek()
  if (code === first) return true
  if (code !== nullByte) wrongType(scanner, name, expected)
  scanner.skipValue()
  return false
}

export const text: Read<string> = ({ scanner, strings }, name) =>
  starts(scanner, byte.quote, name, 'a string') ? strings.read(scanner) : undefined

const isNumber = (code: number): boolean => code === byte.minus || (code >= byte.zero && code <= byte.nine)

export const number: Read<number> = ({ scanner }, name) => {
  const code = scanner.peek()
  if (isNumber(code)) return scanner.readNumber()
  if (code !== nullByte) wrongType(scanner, name, 'a number')
  scanner.skipValue()
  return undefined
}

export const boolean: Read<boolean> = ({ scanner }, name) => {
  const code = scanner.peek()
  if (code !== 0x74 && code !== 0x66 && code !== nullByte) wrongType(scanner, name, 'true or false')
  scanner.skipValue()
  return code === nullByte ? undefined : code === 0x74
}

/** For property bags, whose values SARIF leaves free: text, a number as text, or undefined for any other type. */
export const freeText: Read<string> = ({ scanner, strings }) => {
  const code = scanner.peek()
  if (code === byte.quote) return strings.read(scanner)
  if (isNumber(code)) return String(scanner.readNumber())
  scanner.skipValue()
  return undefined
}

/** For property bags: the strings of an array, or undefined for any other type. */
export const freeTexts: Read<string[]> = (reading, name) => {
  if (reading.scanner.peek() === byte.openArray) return list(freeText)(reading, name)
  reading.scanner.skipValue()
  return undefined
}

/** True if a value is there, whatever it is; an empty array or object and `null` count as absent. */
export const present: Read<boolean> = ({ scanner }) => {
  const code = scanner.peek()
  const before = scanner.values
  scanner.skipValue()
  return code === byte.openArray || code === byte.openObject ? scanner.values > before + 1 : code !== nullByte
}

/** Elements that are `null` are left out. */
export function list<T>(element: Read<T>): Read<T[]> {
  return (reading, name) => {
    if (!starts(reading.scanner, byte.openArray, name, 'an array')) return undefined
    const values: T[] = []
    eachElement(reading.scanner, () => {
      keepOne(reading)
      const value = element(reading, name)
      if (value !== undefined) values.push(value)
    })
    return values
  }
}

/** As `list`, but a place is kept for `null`: for arrays that indices point into. */
export function indexed<T>(element: Read<T>): Read<(T | undefined)[]> {
  return (reading, name) => {
    if (!starts(reading.scanner, byte.openArray, name, 'an array')) return undefined
    const values: (T | undefined)[] = []
    eachElement(reading.scanner, () => {
      keepOne(reading)
      values.push(element(reading, name))
    })
    return values
  }
}

/** On `[`: calls `read` on each element, which must pass it. */
export function eachElement(scanner: JsonScanner, read: () => void): void {
  if (!scanner.enterArray()) return
  do read()
  while (scanner.nextElement())
}

/** An object used as a table. */
export function table<T>(value: Read<T>): Read<Map<string, T>> {
  return (reading, name) => {
    const { scanner } = reading
    if (!starts(scanner, byte.openObject, name, 'an object')) return undefined
    const values = new Map<string, T>()
    const keys = new Set<string>()
    if (scanner.enterObject()) {
      do {
        const offset = scanner.offset
        const key = scanner.readKey()
        if (keys.has(key)) throw new JsonFault('JSON_DUPLICATE_KEY', offset, `a key stands twice in \`${name}\``)
        keys.add(key)
        keepOne(reading)
        const found = value(reading, name)
        if (found !== undefined) values.set(key, found)
      } while (scanner.nextElement())
    }
    return values
  }
}

/** Reads a value into an object that exists already. */
export type Fill<T> = (reading: Reading, target: T, name: string) => void

/** Members that `fills` names, at most 31; all others are passed. A name that stands twice is a fault. */
export function members<T>(fills: Readonly<Record<string, Fill<T>>>): Fill<T> {
  const names = Object.keys(fills)
  const keys = keyTable(names)
  const each = Object.values(fills)
  return (reading, target, name) => {
    const { scanner } = reading
    if (!starts(scanner, byte.openObject, name, 'an object')) return
    let seen = 0
    let index = -1
    let more = scanner.enterObject()
    const empty = !more
    let end = scanner.offset - 1
    while (more) {
      const offset = scanner.offset
      index = scanner.findKey(keys, index)
      const fill = each[index]
      if (fill === undefined) scanner.skipValue()
      else {
        if ((seen & (1 << index)) !== 0) throw new JsonFault('JSON_DUPLICATE_KEY', offset, `the key \`${names[index]}\` stands twice`)
        seen |= 1 << index
        fill(reading, target, names[index] as string)
      }
      end = scanner.offset
      more = scanner.nextElement()
    }
    reading.lastEnd = end
    reading.lastEmpty = empty
  }
}

/** The first element of an array; the others are passed. */
export function firstInto<T>(element: Fill<T>): Fill<T> {
  return (reading, target, name) => {
    const { scanner } = reading
    if (!starts(scanner, byte.openArray, name, 'an array')) return
    let index = 0
    eachElement(scanner, () => {
      if (index++ === 0) element(reading, target, name)
      else scanner.skipValue()
    })
  }
}

/** An object of the members that the shape names. All exist from the beginning: one hidden class for all values of a shape. */
export function object<S extends Shape>(shape: S): Read<Value<S>> {
  const blank = Object.fromEntries(Object.keys(shape).map((name) => [name, undefined])) as Record<string, unknown>
  const fill = members<Record<string, unknown>>(Object.fromEntries(Object.entries(shape).map(([name, read]) =>
    [name, (reading, target) => { target[name] = read(reading, name) }])))
  return (reading, name) => {
    if (reading.scanner.peek() === nullByte) {
      reading.scanner.skipValue()
      return undefined
    }
    keepOne(reading)
    const value = { ...blank }
    fill(reading, value, name)
    return value as Value<S>
  }
}
