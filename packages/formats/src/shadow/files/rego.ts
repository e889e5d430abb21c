/** Exceptions of Conftest ("Exceptions"): rules named `exception` in Rego, each naming the rules that it silences. */
import { languageOf } from '../comments/language.ts'
import { scanComments } from '../comments/scan.ts'
import { found } from './found.ts'
import type { FileReader } from './index.ts'

export const regoHints = /(?:^|\n)\s*exception\b/

export const regoExceptions: FileReader = (text, path) => {
  const language = languageOf(path, '')
  const comments = language === undefined || typeof language === 'string' ? [] : scanComments(text, language)
  // Blanked, not cut, so that offsets hold.
  let code = ''
  let at = 0
  for (const { start, end } of comments) {
    code += text.slice(at, start) + ' '.repeat(end - start)
    at = end
  }
  code += text.slice(at)
  return Array.from(code.matchAll(/^[ \t]*exception(?:[ \t]*\[[^\]\n]*\]|[ \t]+contains\b[^\n{]*)/gm)).flatMap((match) => {
    const body = code.slice(match.index, match.index + 5000).split(/\n\}/)[0] ?? ''
    const rules = /\brules?[ \t]*:?=[ \t]*\[([^\]]*)\]/.exec(body)?.[1] ?? ''
    const named = Array.from(rules.matchAll(/"([^"\n]*)"/g), ([, rule = '']) => (rule === '' ? '*' : rule))
    return (named.length === 0 ? ['*'] : named).map((rule) => found({ tool: 'conftest', kind: 'exemption', mark: 'exception' }, rule, match.index))
  })
}
