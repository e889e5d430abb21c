import type { Problem } from '@exeat/core'
import type { SarifCode } from '../findings/sarif/codes.ts'
import { sarifHints } from '../findings/sarif/codes.ts'
import { spliceKind } from '../findings/sarif/positions.ts'
import type { RunPositions, SarifPositions } from '../findings/sarif/positions.ts'
import type { ByteSource } from '../findings/types.ts'
import type { SarifSuppression } from './suppression.ts'

declare const TextEncoder: new () => { encode(text: string): Uint8Array }

/** Takes the output piece by piece. A piece is valid only during the call. */
export type ByteSink = (bytes: Uint8Array) => void

/** For each report of the answer, in its order: the suppression of each excused finding, by the finding's index in the report. */
export type ExcusedFindings = readonly ReadonlyMap<number, SarifSuppression>[]

export type SpliceAnswer = { readonly ok: true; readonly added: number } | { readonly ok: false; readonly problem: Problem<SarifCode> }

const window = 512 * 1024

/**
 * Writes a SARIF file again, byte for byte, with a suppression added to each excused result. The file is read a second time: one that
 * changed since `readSarif` is refused, and what the sink has taken until then is not to be used.
 */
export function spliceSuppressions(source: ByteSource, positions: SarifPositions, excused: ExcusedFindings, sink: ByteSink): SpliceAnswer {
  const changed = (message: string): SpliceAnswer => ({ ok: false, problem: { code: 'SARIF_CHANGED', message, ...(sarifHints.SARIF_CHANGED === undefined ? {} : { hint: sarifHints.SARIF_CHANGED }), at: { file: source.name, line: 1, column: 1 } } })
  if (source.size !== positions.size) return changed(`the file has ${source.size} bytes, it had ${positions.size} when it was read`)
  const encoder = new TextEncoder()
  const bytes = copier(source, sink)
  let added = 0
  for (const { offset, kind, suppression } of splices(positions, excused)) {
    if (!bytes.copyTo(offset) || !bytes.expects(kind)) return changed(`the file is another at byte ${offset} than when it was read`)
    sink(encoder.encode(inserted(kind, JSON.stringify(suppression))))
    if (kind === spliceKind.replaceNull) bytes.skip(4)
    added++
  }
  return bytes.copyTo(positions.size) && bytes.ended() ? { ok: true, added } : changed('the file has another size than when it was read')
}

function* splices(positions: SarifPositions, excused: ExcusedFindings): Generator<{ offset: number; kind: number; suppression: SarifSuppression }> {
  for (const [index, run] of positions.runs.entries()) {
    const ofRun = excused[index]
    if (ofRun === undefined || ofRun.size === 0) continue
    yield* splicesOfRun(run, ofRun)
  }
}

function* splicesOfRun({ results, offsets, kinds }: RunPositions, excused: ReadonlyMap<number, SarifSuppression>): Generator<{ offset: number; kind: number; suppression: SarifSuppression }> {
  for (const [finding, result] of results.entries()) {
    const suppression = excused.get(finding)
    if (suppression !== undefined) yield { offset: offsets[result] as number, kind: kinds[result] as number, suppression }
  }
}

function inserted(kind: number, suppression: string): string {
  switch (kind) {
    case spliceKind.member: return `,"suppressions":[${suppression}]`
    case spliceKind.onlyMember: return `"suppressions":[${suppression}]`
    case spliceKind.append: return `,${suppression}`
    case spliceKind.onlyElement: return suppression
    default: return `[${suppression}]`
  }
}

/** The byte after white space that each place was found before. */
const followed: Readonly<Record<number, readonly number[]>> = {
  [spliceKind.member]: [0x7d],
  [spliceKind.onlyMember]: [0x7d],
  [spliceKind.append]: [0x2c, 0x5d],
  [spliceKind.onlyElement]: [0x5d],
  [spliceKind.replaceNull]: [0x6e],
}

interface Copier {
  /** Gives the sink everything before an offset; false at an early end. */
  copyTo(offset: number): boolean
  skip(count: number): void
  /** True if what stands at the cursor is what a place of this kind stood before. */
  expects(kind: number): boolean
  ended(): boolean
}

function copier(source: ByteSource, sink: ByteSink): Copier {
  const buffer = new Uint8Array(window)
  let start = 0
  let length = 0
  let at = 0

  const available = (position: number): boolean => {
    if (position < start || position >= start + length) {
      start = position
      length = source.read(buffer, position)
    }
    return length > 0
  }
  return {
    copyTo(offset) {
      while (at < offset) {
        if (!available(at)) return false
        const end = Math.min(offset, start + length)
        sink(buffer.subarray(at - start, end - start))
        at = end
      }
      return true
    },
    skip(count) { at += count },
    expects(kind) {
      for (let position = at; available(position); position++) {
        const code = buffer[position - start] as number
        if (code !== 0x20 && code !== 0x09 && code !== 0x0a && code !== 0x0d) return followed[kind]?.includes(code) ?? false
      }
      return false
    },
    ended: () => !available(at),
  }
}
