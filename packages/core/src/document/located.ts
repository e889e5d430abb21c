import type { Place } from '../error/problem.ts'

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json }

/** From the root of a document: `['spec', 'targets', 'paths', 0]`. */
export type DocumentPath = readonly (string | number)[]

/** Plain data of one document, and where its parts stand. Positions are worked out only when asked for. */
export interface Located {
  readonly value: Json
  readonly file: string
  /**
   * Place of the value at the path, or of its key. Where the path does not exist, that of its nearest existing ancestor's key;
   * of the document where there is none.
   */
  at(path: DocumentPath, part?: 'key' | 'value'): Place
}

/** For data without positions (an API's body, a test): all of it stands at line 1, column 1. */
export function unlocated(value: Json, file: string): Located {
  return { value, file, at: () => ({ file, line: 1, column: 1 }) }
}
