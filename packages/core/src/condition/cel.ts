/**
 * The condition engine: CEL (cel.dev) through `@marcbachmann/cel-js`, behind an allow-list. What was refused and why is in `inspect`;
 * missing data is an error and refuses. The only module that loads the library.
 */
import { type ASTNode, Environment, EvaluationError, ParseError, type ParseResult, serialize } from '@marcbachmann/cel-js'
import type { Problem } from '../error/problem.ts'
import { canonicalInstant } from '../document/time.ts'
import { compilePattern } from '../pattern/index.ts'
import type { Pattern } from '../pattern/types.ts'
import { type Context, contextMaker, type MakeTimestamp, unknownOf } from './context.ts'
import { inspect, type Refusal } from './inspect.ts'
import { longestExpression, longestGlobText, longestList, longestText, parserLimits } from './limits.ts'
import type { ConditionAnswer, ConditionCode, ConditionEngine, Stage, StageInput } from './types.ts'
import { type Shape, variables } from './vocabulary.ts'

type MakeContext = (input: StageInput) => Context
type CompileAnswer = ReturnType<ConditionEngine['compile']>

/** Stateless but for compiled patterns; one engine may serve any number of policy sets. */
export function celEngine(): ConditionEngine {
  const globs = new Map<string, Pattern>()
  const environments = new Map<Stage, Environment>()
  const contextOf = contextMaker(timestampMaker())

  function environmentOf(stage: Stage): Environment {
    const known = environments.get(stage) ?? environmentFor(variables[stage], globs)
    environments.set(stage, known)
    return known
  }

  return { compile: (expression, stage) => compile(expression, stage, environmentOf(stage), globs, contextOf) }
}

function compile(expression: string, stage: Stage, environment: Environment, globs: Map<string, Pattern>, contextOf: MakeContext): CompileAnswer {
  if (expression.length > longestExpression) {
    return refused(expression, [{ code: 'CONDITION_TOO_COSTLY', message: `the condition has ${expression.length} characters, and ${longestExpression} are allowed`, at: 0 }])
  }
  const parsed = parse(expression, environment)
  if (!parsed.ok) return refused(expression, [parsed.refusal])
  const { refusals, reads, globs: patterns } = inspect(parsed.result.ast, stage)
  const slips = [...refusals, ...compileGlobs(patterns, globs)]
  if (slips.length > 0) return refused(expression, slips)
  const mistyped = typeSlip(parsed.result)
  if (mistyped !== undefined) return refused(expression, [mistyped])
  const compiled: Compiled = { expression, evaluate: parsed.result, conjuncts: conjuncts(parsed.result.ast, expression, environment), reads: [...reads], paths: [...reads].map((path) => path.split('.')), contextOf }
  return { ok: true, condition: { readsFinding: compiled.reads.some((path) => path.startsWith('finding.')), evaluate: (input) => evaluate(compiled, input) } }
}

type Parsed = { readonly ok: true; readonly result: ParseResult } | { readonly ok: false; readonly refusal: Refusal }

function parse(expression: string, environment: Environment): Parsed {
  try {
    return { ok: true, result: environment.parse(expression) }
  } catch (error) {
    if (!(error instanceof ParseError)) return { ok: false, refusal: { code: 'CONDITION_SYNTAX', message: sentence(String(error)), at: 0 } }
    const tooLarge = /^(?:Exceeded|Maximum|Max)|limit|depth/i.test(error.summary)
    return { ok: false, refusal: { code: tooLarge ? 'CONDITION_TOO_COSTLY' : 'CONDITION_SYNTAX', message: sentence(error.summary), at: error.range?.start ?? 0 } }
  }
}

function typeSlip(result: ParseResult): Refusal | undefined {
  const { valid, type, error } = result.check()
  if (!valid) return { code: 'CONDITION_TYPE', message: sentence(error?.summary ?? 'the condition does not type-check'), at: error?.range?.start ?? 0 }
  return type === 'bool' ? undefined : { code: 'CONDITION_TYPE', message: `a condition is true or false, and this is of type \`${type}\``, at: 0 }
}

function compileGlobs(patterns: ReadonlyMap<string, number>, globs: Map<string, Pattern>): Refusal[] {
  return [...patterns].flatMap(([source, at]): Refusal[] => {
    const compiled = compilePattern(source, 'path')
    if (compiled.ok) globs.set(source, compiled.pattern)
    return compiled.ok ? [] : [{ code: 'CONDITION_SYNTAX', message: `\`${source}\` is no pattern: ${compiled.problem.message}`, at }]
  })
}

function environmentFor(shape: Shape, globs: ReadonlyMap<string, Pattern>): Environment {
  const environment = new Environment({ unlistedVariablesAreDyn: false, limits: parserLimits })
  for (const [name, kind] of Object.entries(shape)) {
    environment.registerVariable(name, typeof kind === 'string' ? { type: celTypes[kind] } : { schema: celSchema(kind) })
  }
  environment.registerFunction('glob(string, string): bool', (text: string, source: string) => {
    if (text.length > longestGlobText) throw new EvaluationError(`a text of ${text.length} characters is too long for \`glob\`, which takes ${longestGlobText}`)
    const pattern = globs.get(source)
    if (pattern === undefined) throw new EvaluationError('the pattern of `glob` was not compiled')
    return pattern.matches(text)
  })
  return environment
}

const celTypes = { string: 'string', int: 'int', timestamp: 'google.protobuf.Timestamp', strings: 'list<string>' } as const

interface CelSchema {
  [member: string]: string | CelSchema
}

const celSchema = (shape: Shape): CelSchema =>
  Object.fromEntries(Object.entries(shape).map(([name, kind]) => [name, typeof kind === 'string' ? celTypes[kind] : celSchema(kind)]))

/** The library's timestamps are the host's date objects, which core does not make: the library does. */
function timestampMaker(): MakeTimestamp {
  const make = new Environment().registerVariable('text', 'string').parse('timestamp(text)')
  return (instant) => make({ text: canonicalInstant(instant) })
}

interface Conjunct {
  readonly text: string
  readonly evaluate: (context: object) => unknown
}

interface Compiled {
  readonly expression: string
  readonly evaluate: (context: object) => unknown
  readonly conjuncts: readonly Conjunct[]
  readonly reads: readonly string[]
  /** `reads`, taken apart. */
  readonly paths: readonly (readonly string[])[]
  readonly contextOf: MakeContext
}

/**
 * Operands of the top-level `&&`, as written, for the answer to name the one that is false. None where the text does not come apart
 * into just the operands of the tree.
 */
function conjuncts(root: ASTNode, expression: string, environment: Environment): readonly Conjunct[] {
  const parts = splitConjuncts(expression).map((text) => ({ text, parsed: parse(text, environment) }))
  const operands = parts.flatMap(({ parsed }) => (parsed.ok ? operandsOf(parsed.result.ast) : []))
  if (operands.join('\n') !== operandsOf(root).join('\n')) return []
  return parts.flatMap(({ text, parsed }) => (parsed.ok ? [{ text, evaluate: parsed.result }] : []))
}

const operandsOf = (node: ASTNode): readonly string[] => (node.op === '&&' ? node.args.flatMap(operandsOf) : [serialize(node)])

/** Cuts at each `&&` outside texts and brackets. */
function splitConjuncts(expression: string): readonly string[] {
  const tokens = expression.match(/[rR]?(?:"""[^]*?"""|'''[^]*?'''|"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*')|&&|[^]/g) ?? []
  const parts = ['']
  let depth = 0
  for (const token of tokens) {
    if (token === '&&' && depth === 0) parts.push('')
    else parts.push((parts.pop() ?? '') + token)
    depth += Number('([{'.includes(token)) - Number(')]}'.includes(token))
  }
  return parts.map((part) => part.trim())
}

function evaluate(compiled: Compiled, input: StageInput): ConditionAnswer {
  const { expression, reads } = compiled
  const context = attempt(() => compiled.contextOf(input))
  if (!context.ok) return { kind: 'error', message: context.message }
  const tooLong = excess(context.value, compiled.paths)
  if (tooLong !== undefined) return { kind: 'error', message: tooLong }
  const answer = attempt(() => compiled.evaluate(context.value))
  if (answer.ok && answer.value === true) return { kind: 'true' }
  if (answer.ok && answer.value === false) return { kind: 'false', conjunct: falseConjunct(compiled.conjuncts, context.value) ?? expression }
  const variable = unknownOf(reads, input)
  if (variable !== undefined) return { kind: 'unknown', variable }
  return { kind: 'error', message: answer.ok ? `\`${expression}\` is neither true nor false` : answer.message }
}

function falseConjunct(parts: readonly Conjunct[], context: object): string | undefined {
  return parts.find((part) => {
    const answer = attempt(() => part.evaluate(context))
    return answer.ok && answer.value === false
  })?.text
}

function attempt<T>(act: () => T): { readonly ok: true; readonly value: T } | { readonly ok: false; readonly message: string } {
  try {
    return { ok: true, value: act() }
  } catch (error) {
    return { ok: false, message: sentence(error instanceof EvaluationError ? error.summary : String(error)) }
  }
}

/** What is read and is longer than conditions may read. */
function excess(context: object, paths: readonly (readonly string[])[]): string | undefined {
  for (const path of paths) {
    let value: unknown = context
    for (const name of path) value = typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined
    if (Array.isArray(value) && value.length > longestList) return `\`${path.join('.')}\` has ${value.length} entries, and conditions read ${longestList}`
    if (typeof value === 'string' && value.length > longestText) return `\`${path.join('.')}\` has ${value.length} characters, and conditions read ${longestText}`
  }
  return undefined
}

/** As our messages are written: lower case, no full stop. */
const sentence = (text: string): string => `${text.charAt(0).toLowerCase()}${text.slice(1)}`.replace(/\.$/, '')

/** A line longer than this is not drawn. */
const longestDrawn = 160

/** The place inside the expression is told in words and drawn, since the document's place is that of the whole expression. */
function refused(expression: string, refusals: readonly Refusal[]): CompileAnswer {
  const problems = refusals.map(({ code, message, at, hint }): Problem<ConditionCode> => {
    const before = expression.slice(0, at)
    const line = before.split('\n').length
    const column = at - before.lastIndexOf('\n')
    const text = expression.split('\n')[line - 1] ?? ''
    const drawn = text.length <= longestDrawn ? [`${text}\n${' '.repeat(column - 1)}^`] : []
    const hints = [...(hint === undefined ? [] : [hint]), ...drawn]
    return { code, message: `${message} (line ${line}, column ${column} of the condition)`, ...(hints.length === 0 ? {} : { hint: hints.join('\n') }) }
  })
  const [first, ...rest] = problems
  return first === undefined ? { ok: false, problems: [{ code: 'CONDITION_SYNTAX', message: 'the condition was refused' }] } : { ok: false, problems: [first, ...rest] }
}
