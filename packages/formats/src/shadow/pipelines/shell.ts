/** Scanner commands of a shell script that cannot fail it: `|| true`, `set +e`, options. POSIX quoting; no expansion. */
import type { Found } from '../types.ts'
import { found } from '../files/found.ts'
import { scannerOfCommand, softOptions } from './scanners.ts'

interface Word {
  readonly text: string
  readonly offset: number
}

export interface Command {
  readonly words: readonly Word[]
  /** What stands between it and the next one. */
  readonly operator: string
}

const longestScript = 200_000

/** Simple commands in order. Here-documents are read as commands, which does no harm: they run no scanner, or one. */
export function commandsOf(script: string): readonly Command[] {
  const commands: Command[] = []
  let words: Word[] = []
  const text = script.slice(0, longestScript)
  for (let at = 0; at < text.length;) {
    const operator = /(?:\|\||&&|;;|[|&;(){}\n])/y
    operator.lastIndex = at
    const found = operator.exec(text)
    if (found !== null && !(found[0] === '{' && text.charAt(at - 1) === '$')) {
      if (words.length > 0 || found[0] !== '\n') commands.push({ words, operator: found[0] })
      words = []
      at += found[0].length
    } else if (/[ \t\r]/.test(text.charAt(at))) at += 1
    else if (text.startsWith('\\\n', at) || text.startsWith('\\\r\n', at)) at = text.indexOf('\n', at) + 1
    else if (text.charAt(at) === '#') at = lineEnd(text, at)
    else {
      const word = wordAt(text, at)
      words.push({ text: word.text, offset: at })
      at = word.end
    }
  }
  if (words.length > 0) commands.push({ words, operator: '' })
  return commands
}

const lineEnd = (text: string, from: number): number => {
  const end = text.indexOf('\n', from)
  return end < 0 ? text.length : end
}

/** A word without its quotes, and where it ends. */
function wordAt(text: string, from: number): { readonly text: string; readonly end: number } {
  let said = ''
  let at = from
  while (at < text.length) {
    const character = text.charAt(at)
    if (character === "'" || character === '"') {
      const end = quoteEnd(text, at + 1, character)
      said += text.slice(at + 1, end)
      at = end + 1
    } else if (character === '\\') {
      if (/\r?\n/y.test(text.slice(at + 1, at + 3))) break
      said += text.charAt(at + 1)
      at += 2
    } else if (text.startsWith('${', at) || text.startsWith('$(', at)) {
      const close = text.indexOf(text.charAt(at + 1) === '{' ? '}' : ')', at)
      const end = close < 0 || close - at > 500 ? at + 2 : close + 1
      said += text.slice(at, end)
      at = end
    } else if (/[\s|&;(){}]/.test(character)) break
    else {
      said += character
      at += 1
    }
  }
  return { text: said, end: Math.max(at, from + 1) }
}

function quoteEnd(text: string, from: number, quote: string): number {
  for (let at = from; at < text.length; at += 1) {
    if (quote === '"' && text.charAt(at) === '\\') at += 1
    else if (text.charAt(at) === quote) return at
  }
  return text.length
}

/** A command that succeeds, whatever went before. */
const succeeds = (words: readonly Word[]): boolean => {
  const [first = '', second = ''] = words.map(({ text }) => text)
  return ['true', '/bin/true', ':', 'echo', 'printf', '>&2'].includes(first) || ((first === 'exit' || first === 'return') && second === '0')
}

/** Whether a script hands reports to `exeat gate`, which then decides: a scanner before it must not fail by itself. */
export const runsGate = (commands: readonly Command[]): boolean => commands.some(({ words }) => {
  const at = words.findIndex(({ text }) => /^exeat(?:@[\w.-]+)?$/.test(text.slice(text.lastIndexOf('/') + 1)))
  return at >= 0 && words[at + 1]?.text === 'gate'
})

/** Marks under which a scanner does not run at all, so that a gate has nothing to decide on. */
const skips = /^(?:if: false|skip label|when: never|when false|enabled: false|condition: false|\w+_DISABLED)$/

/** What is left where a gate decides: rules that are silenced, and scanners that do not run. */
export const besideGate = (found: readonly Found[]): readonly Found[] => found.filter(({ rule, mark }) => rule !== '*' || skips.test(mark))

export interface ShellContext {
  /** Offset of the script in its file. */
  readonly offset: number
  /** Of a makefile: `-` before a command ignores its failure. */
  readonly make?: true
}

export function shellSuppressions(script: string, { offset, make }: ShellContext): readonly Found[] {
  const commands = commandsOf(script)
  const result: Found[] = []
  let lenient = false
  for (const [index, { words: raw, operator }] of commands.entries()) {
    const words = make === true ? raw.map((word, at) => (at === 0 ? { ...word, text: word.text.replace(/^[@+-]+/, '') } : word)) : raw
    const texts = words.map(({ text }) => text)
    if (texts[0] === 'set') lenient = /^\+(?:e|eu\w*)$/.test(texts[1] ?? '') || (lenient && !/^-\w*e/.test(texts[1] ?? ''))
    const scanner = scannerOfCommand(texts)
    const place = words[0]
    if (scanner === undefined || place === undefined) continue
    const { tool, from } = scanner
    const tell = (mark: string, rule: string, at: number): void => { result.push(found({ tool, kind: 'pipeline', mark }, rule, offset + at)) }
    const next = operator === '||' ? swallowedBy(commands, index + 1) : undefined
    if (next !== undefined) tell(`|| ${next.map(({ text }) => text).join(' ').slice(0, 20)}`, '*', place.offset)
    else if (lenient && !script.includes('$?')) tell('set +e', '*', place.offset)
    else if (make === true && /^@?-/.test(raw[0]?.text ?? '')) tell('-', '*', place.offset)
    for (const { mark, rules, at } of softOptions(tool, texts.slice(from))) for (const rule of rules) tell(mark, rule, words[from + at]?.offset ?? place.offset)
  }
  return runsGate(commands) ? besideGate(result) : result
}

/** What runs after `||`, where all of it succeeds: one command, those joined to it by `&&`, or a group in brackets. Undefined: something fails. */
function swallowedBy(commands: readonly Command[], index: number): readonly Word[] | undefined {
  const first = commands[index]
  if (first === undefined) return undefined
  const group = first.words.length === 0 && (first.operator === '(' || first.operator === '{')
  const from = group ? index + 1 : index
  for (let at = from; at < Math.min(commands.length, from + 20); at += 1) {
    const { words, operator } = commands[at] ?? first
    if (words.length > 0 && !succeeds(words)) return undefined
    if (group ? operator === ')' || operator === '}' : operator !== '&&') return commands[from]?.words
  }
  return undefined
}
