import type { JsonCode } from './codes.ts'

/** Thrown inside the JSON engine alone; every exported function of this folder turns it into a `Problem`. */
export class JsonFault extends Error {
  override readonly name = 'JsonFault'
  readonly code: JsonCode
  /** Byte offset in the input. */
  readonly offset: number

  constructor(code: JsonCode, offset: number, message: string) {
    super(message)
    this.code = code
    this.offset = offset
  }
}

/** Remedies; a code without one has its remedy in the message. */
export const jsonHints: Readonly<Partial<Record<JsonCode, string>>> = {
  JSON_EMPTY: 'the tool may not have run: look at its exit code and its log',
  JSON_BOM: 'write the file as UTF-8 without a byte order mark',
  JSON_BINARY: 'give the report itself, not an archive or an image of it',
  JSON_ENCODING: 'write the file as UTF-8; PowerShell redirects as UTF-16 unless told otherwise',
  JSON_TRUNCATED: 'the tool may have been killed or the disk may have been full: run it again',
  JSON_TRAILING: 'give each report in a file of its own, without log lines after it',
  JSON_SYNTAX: 'give the JSON output of the tool, without log lines or comments in it',
}

/** Input as a message may quote it: on one line, no control characters, 80 characters at most. */
export function shown(text: string): string {
  const cut = text.length > 80 ? `${text.slice(0, 79)}…` : text
  // Control characters, bidirectional overrides and line separators would let input rewrite the terminal.
  return cut.toWellFormed().replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}`]/gu, (found) => `\\u{${(found.codePointAt(0) ?? 0).toString(16)}}`)
}
