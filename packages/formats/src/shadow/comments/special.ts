/** Comments of what the table of languages cannot say: YAML, Dockerfiles, HTML and its kin, Markdown, and files of no known kind. */
import { scriptLanguage, shellLanguage, type Special } from './language.ts'
import { type Comment, scanComments } from './scan.ts'

export function specialComments(text: string, kind: Special): readonly Comment[] {
  if (kind === 'yaml') return yamlComments(text)
  if (kind === 'markup') return markupComments(text)
  if (kind === 'markdown') return markdownComments(text)
  return lineStarts(text, kind === 'docker' ? /^[ \t]*#/gm : /^[ \t]*(?:#|\/\/|;|--)/gm)
}

/** Comments of a part of the text that begins at `offset`. */
function append(comments: Comment[], part: readonly Comment[], offset: number): void {
  for (const { start, end } of part) comments.push({ start: start + offset, end: end + offset })
}

function lineStarts(text: string, pattern: RegExp): readonly Comment[] {
  return Array.from(text.matchAll(pattern), ({ 0: mark, index }) => ({ start: index + mark.length, end: endOfLine(text, index) }))
}

const endOfLine = (text: string, from: number): number => {
  const end = text.indexOf('\n', from)
  return end < 0 ? text.length : end
}

/** Keys whose block of text is a script: a comment there is one of the script. */
const scriptKeys = /^(?:run|script|before_script|after_script|bash|sh|shell|command|commands|args|inlineScript|entrypoint|cmd)$/

/**
 * YAML 1.2: `#` at the start of a line or after white space, outside quotes and outside block scalars. By lines, so that templates and
 * other files that are no YAML lose nothing.
 */
function yamlComments(text: string): readonly Comment[] {
  const comments: Comment[] = []
  let quote = ''
  for (let at = 0; at < text.length;) {
    const end = endOfLine(text, at)
    const line = text.slice(at, end)
    const read = readLine(line, quote)
    quote = read.quote
    if (read.comment !== undefined) comments.push({ start: at + read.comment + 1, end })
    const header = quote === '' ? blockHeader(line.slice(0, read.comment ?? line.length)) : undefined
    at = end + 1
    if (header === undefined) continue
    const close = blockScalarEnd(text, at, header.indent)
    if (header.script) append(comments, scanComments(text.slice(at, close), shellLanguage), at)
    at = close
  }
  return comments
}

/** Where a comment begins in a line, and which quote is left open by its end. */
function readLine(line: string, open: string): { readonly quote: string; readonly comment?: number } {
  let quote = open
  for (let at = 0; at < line.length; at += 1) {
    const character = line.charAt(at)
    if (quote !== '') {
      if (quote === '"' && character === '\\') at += 1
      else if (character === quote && line.charAt(at + 1) === quote && quote === "'") at += 1
      else if (character === quote) quote = ''
    } else if (character === '#' && (at === 0 || /\s/.test(line.charAt(at - 1)))) return { quote, comment: at }
    else if ((character === '"' || character === "'") && /(?:^|[[{,:(-]|[?!&]\S*)\s*$/.test(line.slice(Math.max(0, at - 60), at))) quote = character
  }
  // A quote that a line leaves open is one only where the next lines are indented; a template or an apostrophe is likelier than a long string.
  return { quote: quote !== '' && open === '' && !/[:[{,-]\s*["'][^"']*$/.test(line) ? '' : quote }
}

function blockHeader(line: string): { readonly indent: number; readonly script: boolean } | undefined {
  const match = /^([ \t]*(?:- +)*)(?:(["']?)([\w.-]+)\2[ \t]*:)?[ \t]*(?:![^\s]+[ \t]+)?[|>][-+\d]*[ \t]*\r?$/.exec(line)
  if (match === null) return undefined
  const [, lead = '', , key] = match
  const list = key === undefined && /- +$/.test(lead)
  // Under a key its indentation counts, in a list that of its dash.
  const indent = key === undefined ? lead.replace(/- +$/, '').length : lead.length
  return key === undefined && !list ? undefined : { indent, script: key === undefined || scriptKeys.test(key) }
}

/** First line that is indented no further than the key: the text has ended. */
function blockScalarEnd(text: string, from: number, indent: number): number {
  let at = from
  while (at < text.length) {
    const end = endOfLine(text, at)
    const line = text.slice(at, end)
    if (line.trim() !== '' && line.length - line.trimStart().length <= indent) return at
    at = end + 1
  }
  return text.length
}

/** `<!-- -->`, and the scripts and styles between. */
function markupComments(text: string): readonly Comment[] {
  const comments: Comment[] = []
  const pattern = /<!--|<(script|style)\b[^>]*>|<%#|\{\{?#|\{\{!(?:--)?|<%--/gi
  for (let match = pattern.exec(text); match !== null; match = pattern.exec(text)) {
    const start = match.index + match[0].length
    const element = match[1]
    const end = element === undefined ? find(text, closing(match[0]), start) : findElementEnd(text, element, start)
    if (element === undefined) comments.push({ start, end })
    else append(comments, scanComments(text.slice(start, end), scriptLanguage), start)
    pattern.lastIndex = end
  }
  return comments
}

const find = (text: string, close: string, from: number): number => {
  const end = text.indexOf(close, from)
  return end < 0 ? text.length : end
}

function findElementEnd(text: string, element: string, from: number): number {
  const close = new RegExp(`</${element}`, 'gi')
  close.lastIndex = from
  return close.exec(text)?.index ?? text.length
}

const closing = (open: string): string => (open === '<!--' ? '-->' : open === '<%--' ? '--%>' : open.startsWith('<%') ? '%>' : open.startsWith('{#') ? '#}' : '}}')

/** HTML comments outside fenced code: what stands in a fence is an example. */
function markdownComments(text: string): readonly Comment[] {
  const fences = Array.from(text.matchAll(/^ {0,3}(?:`{3,}|~{3,})/gm), ({ index }) => index)
  let passed = 0
  return markupComments(text).filter(({ start }) => {
    while ((fences[passed] ?? Infinity) <= start) passed += 1
    return passed % 2 === 0
  })
}
