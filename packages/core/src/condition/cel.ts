/**
 * The condition engine: CEL (cel.dev) through `@marcbachmann/cel-js`, behind an allow-list. What was refused and why is in `inspect`;
 * missing data is an error and refuses. The only module that loads the library.
 */
import { type ASTNode, Environment, EvaluationError, ParseError, type ParseResult, serialize } from '@marcbachmann/cel-js'
import type { Problem } from '../error/problem.ts'
import { canonicalInstant } from '../document/time.ts'
import type { Instant } from '../model/instant.ts'
import { compilePattern } from '../pattern/index.ts'
import type { Pattern } from '../pattern/types.ts'
import { contextOf, unknownOf } from './context.ts'
import { inspect, type Refusal } from './inspect.ts'
import { longestExpression, longestGlobText, longestList, parserLimits } from './limits.ts'
import type { Condition, ConditionAnswer, ConditionCode, ConditionEngine, Stage, StageInput } from './types.ts'
import { type Shape, variables } from './vocabulary.ts'

type CompileAnswer = ReturnType<ConditionEngine['compile']>

/** Stateless but for compiled patterns; one engine may serve any number of policy sets. */
export function celEngine(): ConditionEngine {
  const globs = new Map<string, Pattern>()
  const environments = new Map<Stage, Environment>()
  const makeTimestamp = timestampMaker()

  function environmentOf(stage: Stage): Environment {
    const known = environments.get(stage) ?? environmentFor(variables[stage], globs)
    environments.set(stage, known)
    return known
  }

  return { compile: (expression, stage) => compile(expression, stage, environmentOf(stage), globs, makeTimestamp) }
}

function compile(expression: string, stage: Stage, environment: Environment, globs: Map<string, Pattern>, makeTimestamp: (instant: Instant) => unknown): CompileAnswer {
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
  return { ok: true, condition: conditionOf(conjuncts(parsed.result.ast, environment), [...reads], makeTimestamp) }
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
function timestampMaker(): (instant: Instant) => unknown {
  const make = new Environment().registerVariable('text', 'string').parse('timestamp(text)')
  return (instant) => make({ text: canonicalInstant(instant) })
}

interface Conjunct {
  readonly text: string
  readonly evaluate: (context: object) => unknown
}

/** Operands of the top-level `&&`, each on its own, so that the answer can name the one that is false. */
function conjuncts(root: ASTNode, environment: Environment): readonly Conjunct[] {
  if (root.op === '&&') return root.args.flatMap((operand) => conjuncts(operand, environment))
  const text = serialize(root)
  return [{ text, evaluate: environment.parse(text) }]
}

function conditionOf(parts: readonly Conjunct[], reads: readonly string[], makeTimestamp: (instant: Instant) => unknown): Condition {
  return {
    readsFinding: reads.some((path) => path.startsWith('finding.')),
    evaluate: (input) => evaluate(parts, reads, input, makeTimestamp),
  }
}

function evaluate(parts: readonly Conjunct[], reads: readonly string[], input: StageInput, makeTimestamp: (instant: Instant) => unknown): ConditionAnswer {
  const made = attempt(() => contextOf(input, makeTimestamp))
  if (!made.ok) return { kind: 'error', message: made.message }
  const long = reads.find((path) => lengthAt(made.value, path) > longestList)
  if (long !== undefined) return { kind: 'error', message: `\`${long}\` has more than ${longestList} entries` }
  const answers = parts.map((part) => ({ part, answer: attempt(() => part.evaluate(made.value)) }))
  const untrue = answers.find(({ answer }) => answer.ok && answer.value === false)
  if (untrue !== undefined) return { kind: 'false', conjunct: untrue.part.text }
  const failed = answers.find(({ answer }) => !answer.ok || answer.value !== true)
  if (failed === undefined) return { kind: 'true' }
  const variable = unknownOf(reads, input)
  if (variable !== undefined) return { kind: 'unknown', variable }
  return { kind: 'error', message: failed.answer.ok ? `\`${failed.part.text}\` is neither true nor false` : failed.answer.message }
}

function attempt<T>(act: () => T): { readonly ok: true; readonly value: T } | { readonly ok: false; readonly message: string } {
  try {
    return { ok: true, value: act() }
  } catch (error) {
    return { ok: false, message: sentence(error instanceof EvaluationError ? error.summary : String(error)) }
  }
}

function lengthAt(context: unknown, path: string): number {
  const value = path.split('.').reduce<unknown>((holder, name) => (typeof holder === 'object' && holder !== null ? Reflect.get(holder, name) : undefined), context)
  return Array.isArray(value) ? value.length : 0
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
