/** Regular expressions with RE2 semantics: linear in the text, no look-around, no back-references. The only module that loads the library. */
import { RE2JS } from 're2js'
import type { RegexEngine } from './types.ts'

/** A pattern anchors itself: `^…$` for the whole text. */
export const re2Engine: RegexEngine = {
  compile(pattern) {
    try {
      const compiled = RE2JS.compile(pattern)
      return { ok: true, matches: (text) => compiled.matcher(text).find() }
    } catch (error) {
      return { ok: false, message: error instanceof Error ? error.message : String(error) }
    }
  },
}
