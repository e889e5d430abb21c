/** Patterns and controls as documents write them. */
import { canonicalTool, toolNames } from '../control/tools.ts'
import { compilePattern, hasLiteral } from '../pattern/index.ts'
import type { PatternKind } from '../pattern/index.ts'
import { nearest } from '../text/nearest.ts'
import type { Fault, Rule } from './fault.ts'
import { quoted, scalar } from './fault.ts'
import { lineRule } from './text.ts'

const wildcard = /[*?{}]/
const oneLine = lineRule(512)

function dialectFault(source: string, kind: PatternKind): Fault | undefined {
  const compiled = compilePattern(source, kind)
  if (compiled.ok) return undefined
  return { code: 'PATTERN_INVALID', message: `is no pattern: ${compiled.problem.message}`, hint: compiled.problem.hint }
}

/** Rule 9: however it is spelled, a pattern that names nothing is refused. Separators are no literal. */
function literalFault(source: string): Fault | undefined {
  if (hasLiteral(source)) return undefined
  return { code: 'PATTERN_NO_LITERAL', message: `matches anything: ${quoted(source)} has no literal character`, hint: 'name what it is about, or leave the key out to mean any' }
}

const patternRule = (kind: PatternKind): Rule => (source) =>
  oneLine(source) ?? dialectFault(source, kind) ?? literalFault(source)

/** `tool/rule`, split at the first slash: a rule may hold more of them. */
function split(source: string): readonly [string, string] | undefined {
  const slash = source.indexOf('/')
  return slash <= 0 || slash === source.length - 1 ? undefined : [source.slice(0, slash), source.slice(slash + 1)]
}

function shapeFault(source: string): Fault {
  const tool = canonicalTool(source)
  const hint = tool === undefined ? 'write `tool/rule`, such as `trivy/CVE-2021-44228`' : `name a rule of it: \`${tool}/…\``
  return { code: 'CONTROL_SHAPE', message: `wants a control written \`tool/rule\`, got ${quoted(source)}`, hint }
}

function toolFault(tool: string): Fault | undefined {
  if (canonicalTool(tool) !== undefined) return undefined
  if (wildcard.test(tool)) {
    return { code: 'CONTROL_TOOL_UNKNOWN', message: `wants one tool before the slash, got the pattern ${quoted(tool)}`, hint: 'write one control for each tool' }
  }
  const meant = nearest(tool, toolNames)
  return {
    code: 'CONTROL_TOOL_UNKNOWN', message: `names ${quoted(tool)}, which is no tool that Exeat knows`,
    hint: meant === undefined ? `the tools are ${[...toolNames].sort().join(', ')}` : `did you mean \`${meant}\`?`,
  }
}

/** What an opt-out is about: one tool of the closed table, and a rule or a pattern of rules. */
const optOutControlRule: Rule = (source) => {
  const fault = oneLine(source) ?? dialectFault(source, 'name')
  if (fault !== undefined) return fault
  const parts = split(source)
  if (parts === undefined) return wildcard.test(source) ? literalFault(source) ?? shapeFault(source) : shapeFault(source)
  return (wildcard.test(parts[0]) ? literalFault(source) : undefined) ?? toolFault(parts[0])
}

/** What a permit covers: it must name something. Its tools are checked where policies are compiled. */
const permitControlRule: Rule = (source) => oneLine(source) ?? dialectFault(source, 'name') ?? literalFault(source)
/** What a forbid covers: `*` forbids everything, which is safe. */
const forbidControlRule: Rule = (source) => oneLine(source) ?? dialectFault(source, 'name')

/** A control written out in full, without a pattern. */
const exactControlRule: Rule = (source) => {
  const parts = split(source)
  return oneLine(source) ?? (parts === undefined ? shapeFault(source) : toolFault(parts[0]))
}

/** As a finding names it: the tool may be one that Exeat does not know. */
const anyControlRule: Rule = (source) => oneLine(source) ?? (split(source) === undefined ? shapeFault(source) : undefined)

const bounds = { minLength: 1, maxLength: 512 }
export const pathPattern = scalar(patternRule('path')).meta(bounds)
export const resourcePattern = scalar(patternRule('name')).meta(bounds)
export const optOutControl = scalar(optOutControlRule).meta({ ...bounds, pattern: '^[^/*?{}]+/.+$' })
export const permitControl = scalar(permitControlRule).meta(bounds)
export const forbidControl = scalar(forbidControlRule).meta(bounds)
export const anyControl = scalar(anyControlRule).meta({ ...bounds, pattern: '^[^/]+/.+$' })
export const exactControl = scalar(exactControlRule).meta({ ...bounds, pattern: '^[^/]+/.+$' })
