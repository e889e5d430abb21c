import type { CodeEntry } from '@exeat/core'

/** Why bytes are not the strict JSON of RFC 8259. Each says one thing, so that a message can name the remedy. */
export type JsonCode =
  | 'JSON_EMPTY' | 'JSON_BOM' | 'JSON_BINARY' | 'JSON_ENCODING' | 'JSON_TRUNCATED' | 'JSON_TRAILING' | 'JSON_SYNTAX'
  | 'JSON_NOT_A_NUMBER' | 'JSON_NUMBER_RANGE' | 'JSON_DUPLICATE_KEY' | 'JSON_LONE_SURROGATE' | 'JSON_TOO_DEEP' | 'JSON_TOO_LARGE'

const invalid = (summary: string): CodeEntry => ({ exit: 3, http: 422, summary })

export const jsonCodes: Readonly<Record<JsonCode, CodeEntry>> = {
  JSON_EMPTY: invalid('the input holds no JSON value'),
  JSON_BOM: invalid('the input begins with a byte order mark'),
  JSON_BINARY: invalid('the input holds bytes that no text has'),
  JSON_ENCODING: invalid('the input is not UTF-8'),
  JSON_TRUNCATED: invalid('the JSON ends in the middle of a value'),
  JSON_TRAILING: invalid('something follows the JSON value'),
  JSON_SYNTAX: invalid('the input is not JSON (RFC 8259)'),
  JSON_NOT_A_NUMBER: invalid('the input says NaN or Infinity, which JSON does not know'),
  JSON_NUMBER_RANGE: invalid('a number is too large for a 64-bit float'),
  JSON_DUPLICATE_KEY: invalid('an object names a key twice'),
  JSON_LONE_SURROGATE: invalid('a string escapes one half of a surrogate pair'),
  JSON_TOO_DEEP: invalid('arrays and objects are nested too deep'),
  JSON_TOO_LARGE: invalid('the JSON is larger than the limit'),
}
