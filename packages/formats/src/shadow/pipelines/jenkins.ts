/** Pipelines of Jenkins ("Pipeline syntax"): scanners in `sh` steps that cannot fail, and stages that never run or whose failure is caught. */
import { groovyLanguage } from '../comments/language.ts'
import { scanComments } from '../comments/scan.ts'
import { found } from '../files/found.ts'
import type { Found } from '../types.ts'
import { scannersIn } from './github.ts'
import { shellSuppressions } from './shell.ts'

interface Step {
  readonly script: string
  readonly offset: number
  /** Where the step itself begins. */
  readonly at: number
  readonly head: string
}

export function jenkinsSuppressions(text: string): readonly Found[] {
  const code = withoutComments(text)
  const steps = stepsOf(code)
  return [...steps.flatMap((step) => [...shellSuppressions(step.script, step), ...unchecked(step, code)]), ...blocks(code, steps)]
}

function withoutComments(text: string): string {
  let code = ''
  let at = 0
  for (const { start, end } of scanComments(text, groovyLanguage)) {
    code += text.slice(at, start) + text.slice(start, end).replaceAll(/[^\n]/g, ' ')
    at = end
  }
  return code + text.slice(at)
}

function stepsOf(code: string): readonly Step[] {
  return Array.from(code.matchAll(/\b(?:sh|bat|powershell|pwsh)\b[ \t]*(\(?[^'"\n;]{0,120})('''|"""|'|")/g)).flatMap((match): readonly Step[] => {
    const [whole, head = '', quote = ''] = match
    const offset = match.index + whole.length
    const end = code.indexOf(quote, offset)
    return end < 0 || end - offset > 100_000 ? [] : [{ script: code.slice(offset, end), offset, at: match.index, head: head + code.slice(end + quote.length, code.indexOf('\n', end) < 0 ? code.length : code.indexOf('\n', end)).slice(0, 200) }]
  })
}

/** `returnStatus: true` keeps the step from failing; where nothing takes the status, nobody looks at it. */
function unchecked({ script, at, head }: Step, code: string): readonly Found[] {
  if (!/returnStatus:\s*true/.test(head) || /(?:[=(!&|]|return|\bif\b)\s*$/.test(code.slice(Math.max(0, at - 40), at))) return []
  return scannersIn(script).map((tool) => found({ tool, kind: 'pipeline', mark: 'returnStatus: true' }, '*', at))
}

const openings = /\b(catchError|warnError)\b[^{\n]*\{|\bwhen\s*\{\s*(?:expression\s*\{\s*)?(?:return\s+)?(false)\b/g

function blocks(code: string, steps: readonly Step[]): readonly Found[] {
  return Array.from(code.matchAll(openings)).flatMap((match): readonly Found[] => {
    const skipped = match[2] !== undefined
    // A condition speaks of the stage around it, which ends where the brace before it closes.
    const from = skipped ? stageStart(code, match.index) : match.index + match[0].length
    const end = blockEnd(code, from)
    const tools = new Set(steps.filter(({ at }) => at >= from && at < end).flatMap(({ script }) => scannersIn(script)))
    const lenient = skipped || match[1] === 'warnError' || /buildResult:\s*['"]?(?:SUCCESS|UNSTABLE|null)/.test(match[0])
    return lenient ? [...tools].map((tool) => found({ tool, kind: 'pipeline', mark: skipped ? 'when false' : match[1] ?? '' }, '*', match.index)) : []
  })
}

function stageStart(code: string, at: number): number {
  const brace = code.lastIndexOf('{', at - 1)
  return brace < 0 ? 0 : brace + 1
}

/** The brace that closes a block which began just before; strings in it that hold single braces are rare and cost no more than a wrong end. */
function blockEnd(code: string, from: number): number {
  const braces = /[{}]/g
  braces.lastIndex = from
  let depth = 1
  for (let match = braces.exec(code); match !== null && match.index - from < 200_000; match = braces.exec(code)) {
    depth += match[0] === '{' ? 1 : -1
    if (depth === 0) return match.index
  }
  return code.length
}
