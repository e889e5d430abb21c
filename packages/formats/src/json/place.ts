import type { Place, Problem } from '@exeat/core'
import type { ByteSource } from '../findings/types.ts'
import type { JsonCode } from './codes.ts'
import { byte } from './bytes.ts'
import { jsonHints } from './fault.ts'
import type { JsonFault } from './fault.ts'

/** Bytes in memory as a source. */
export function bytesSource(name: string, bytes: Uint8Array): ByteSource {
  return {
    name,
    size: bytes.length,
    read(into, position) {
      const part = bytes.subarray(position, position + into.length)
      into.set(part)
      return part.length
    },
  }
}

/** Line and column, in characters, of a byte offset. Reads the input again: only failures pay for it. */
export function placeOf(source: ByteSource, offset: number): Place {
  const window = new Uint8Array(64 * 1024)
  let line = 1
  let column = 1
  for (let position = 0; position < offset;) {
    const count = source.read(window, position)
    if (count === 0) break
    const end = Math.min(count, offset - position)
    for (let at = 0; at < end; at++) {
      const code = window[at] as number
      if (code === byte.lineFeed) {
        line++
        column = 1
      } else if ((code & 0xc0) !== 0x80) column++
    }
    position += end
  }
  return { file: source.name, line, column }
}

export function jsonProblem(fault: JsonFault, source: ByteSource): Problem<JsonCode> {
  const hint = jsonHints[fault.code]
  return { code: fault.code, message: fault.message, ...(hint === undefined ? {} : { hint }), at: placeOf(source, fault.offset) }
}
