import type { Place, Problem } from '@exeat/core'
import type { ByteSource, Json } from '../findings/types.ts'
import type { JsonCode } from './codes.ts'
import { JsonFault, shown } from './fault.ts'
import { bytesSource, jsonProblem, placeOf } from './place.ts'
import { JsonScanner, defaultMaxDepth } from './scanner.ts'

declare const TextDecoder: new (label: string, options: { ignoreBOM: boolean }) => { decode(bytes: Uint8Array): string }

export interface StrictJsonLimits {
  /** Arrays and objects within each other; 256 unless told. */
  readonly maxDepth?: number
  /** 256 MiB unless told. V8 cannot hold a text of more than 512 Mi characters. */
  readonly maxBytes?: number
  /** Values of any kind; 10 million unless told, so that a few bytes a value cannot fill the memory. */
  readonly maxValues?: number
}

export type StrictJson =
  | { readonly ok: true; readonly value: Json }
  | { readonly ok: false; readonly problem: Problem<JsonCode> }

/**
 * The value of a JSON text, or the first thing that is wrong with it, with line and column. Stricter than `JSON.parse`: RFC 8259 and
 * what I-JSON (RFC 7493) adds to it: UTF-8 without a byte order mark, no key twice, no lone surrogate, no number beyond a 64-bit
 * float. Objects of the value have no prototype, so `__proto__`, `constructor` and the like are keys as any other.
 * `file` is the name that places carry.
 */
export function parseStrictJson(bytes: Uint8Array, file: string, limits: StrictJsonLimits = {}): StrictJson {
  const source = bytesSource(file, bytes)
  try {
    return { ok: true, value: parse(bytes, source, limits) }
  } catch (error) {
    if (error instanceof JsonFault) return { ok: false, problem: jsonProblem(error, source) }
    throw error
  }
}

function parse(bytes: Uint8Array, source: ByteSource, limits: StrictJsonLimits): Json {
  const maxBytes = limits.maxBytes ?? 256 * 1024 * 1024
  const maxDepth = limits.maxDepth ?? defaultMaxDepth
  const maxValues = limits.maxValues ?? 10_000_000
  if (bytes.length > maxBytes) throw new JsonFault('JSON_TOO_LARGE', 0, `the input has ${bytes.length} bytes, the limit is ${maxBytes}`)
  const passed = validate(bytes, maxDepth)
  if (passed.values > maxValues) throw new JsonFault('JSON_TOO_LARGE', 0, `the input holds ${passed.values} values, the limit is ${maxValues}`)
  const value = JSON.parse(new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes)) as Json
  const kept = settle(value)
  // `JSON.parse` keeps the last of equal keys: fewer members kept than passed means that some key stands twice.
  if (kept.members !== passed.members || !kept.finite) locate(bytes, source, maxDepth)
  return value
}

function validate(bytes: Uint8Array, maxDepth: number): { readonly members: number; readonly values: number } {
  const scanner = new JsonScanner(bytes, { maxDepth })
  begin(scanner)
  scanner.skipValue()
  finish(scanner)
  return scanner
}

/** Refuses what stands before a value. */
function begin(scanner: JsonScanner): void {
  if (scanner.skipByteOrderMark()) throw new JsonFault('JSON_BOM', 0, 'the input begins with a byte order mark')
  if (scanner.peek() < 0) scanner.fail('JSON_EMPTY', 'the input is empty')
}

/** Refuses what stands behind the value. */
export function finish(scanner: JsonScanner): void {
  if (scanner.peek() >= 0) scanner.fail('JSON_TRAILING', 'something follows the JSON value')
}

/** Takes the prototype from every object, and counts members. A loop, as input decides the depth. */
function settle(root: Json): { readonly members: number; readonly finite: boolean } {
  const open: Json[] = [root]
  let members = 0
  let finite = true
  for (let value = open.pop(); value !== undefined; value = open.pop()) {
    if (typeof value === 'number') finite &&= Number.isFinite(value)
    else if (typeof value === 'object' && value !== null) {
      if (!Array.isArray(value)) {
        Object.setPrototypeOf(value, null)
        members += Object.keys(value).length
      }
      for (const inner of Object.values(value)) if (typeof inner === 'object' || typeof inner === 'number') open.push(inner)
    }
  }
  return { members, finite }
}

/** Names the duplicate key or the number out of range that `parse` has noticed. */
function locate(bytes: Uint8Array, source: ByteSource, maxDepth: number): void {
  const seen: Map<string, number>[] = []
  const scanner = new JsonScanner(bytes, {
    maxDepth,
    watcher: {
      object: (depth) => { seen[depth] = new Map() },
      key: (key, depth, offset) => {
        const first = seen[depth]?.get(key)
        if (first !== undefined) throw duplicateKey(key, offset, placeOf(source, first))
        seen[depth]?.set(key, offset)
      },
      number: (value, offset) => {
        if (!Number.isFinite(value)) throw new JsonFault('JSON_NUMBER_RANGE', offset, 'a number is too large for a 64-bit float')
      },
    },
  })
  scanner.skipValue()
}

const duplicateKey = (key: string, offset: number, first: Place): JsonFault =>
  new JsonFault('JSON_DUPLICATE_KEY', offset, `the key \`${shown(key)}\` stands twice, first at line ${first.line}, column ${first.column}`)
