import type { Problem, Report } from '@exeat/core'
import type { SarifPositions } from './sarif/positions.ts'

/** Bytes at rest, read in pieces so that memory stays flat. Synchronous: the edge passes `fs.readSync`, tests pass an array. */
export interface ByteSource {
  /** File name as given, `-` for standard input. */
  readonly name: string
  /** In bytes. */
  readonly size: number
  /** Fills `into` from `position` and returns how many bytes were read; 0 only at the end. */
  read(into: Uint8Array, position: number): number
}

/**
 * A reader's answer: what the file says, or why nothing in it can be believed. Never "no findings" for a doubt (design §4).
 * `positions`: SARIF alone, for `spliceSuppressions`.
 */
export type ReadAnswer =
  | { readonly ok: true; readonly reports: readonly Report[]; readonly positions?: SarifPositions }
  | { readonly ok: false; readonly problems: readonly [Problem, ...Problem[]] }

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json }

/** One native JSON format of one tool: a folder each under `findings/`, listed in the registry. */
export interface NativeReader {
  /** What `--input-format` calls it. */
  readonly format: string
  /** True only for a shape that no other reader's tool writes. Ambiguous shapes (`null`, `[]`, `{}`) are nobody's. */
  detect(value: Json): boolean
  /** True for what the tool writes for "nothing found" and another tool may mean otherwise: taken only with `--input-format`. */
  doubtful(value: Json): boolean
  /**
   * Reads a value that was detected or forced by `--input-format`. A value of another shape is a problem, never an empty report.
   * `root`: absolute folder that the tool ran in; paths under it become relative, other absolute ones stay unknown.
   */
  read(value: Json, input: string, root?: string): ReadAnswer
}
