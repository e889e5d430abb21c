/** The allow-list over a condition's syntax tree, the bound of its cost, and what it reads. */
import type { ASTNode } from '@marcbachmann/cel-js'
import { parseInstant } from '../document/time.ts'
import { nearest } from '../text/nearest.ts'
import { longestList, mostSteps, weights } from './limits.ts'
import type { ConditionCode, Stage } from './types.ts'
import { always, functions, type Kind, macros, methods, type Shape, variables } from './vocabulary.ts'

export interface Refusal {
  readonly code: ConditionCode
  readonly message: string
  /** Offset in the expression. */
  readonly at: number
  readonly hint?: string
}

export interface Inspection {
  readonly refusals: readonly Refusal[]
  /** Dotted paths from the stage's variables: `optOut.targets.paths`. */
  readonly reads: ReadonlySet<string>
  /** Patterns given to `glob`, and the offset of each. */
  readonly globs: ReadonlyMap<string, number>
}

interface Walk {
  readonly shape: Shape
  readonly refusals: Refusal[]
  readonly reads: Set<string>
  readonly globs: Map<string, number>
}

/** Names that a macro binds, and how often what it holds is evaluated. */
interface Scope {
  readonly bound: ReadonlySet<string>
  readonly times: number
}

export function inspect(root: ASTNode, stage: Stage): Inspection {
  const walk: Walk = { shape: variables[stage], refusals: [], reads: new Set(), globs: new Map() }
  const steps = cost(root, walk, { bound: new Set(), times: 1 })
  if (!(steps <= mostSteps)) {
    refuse(walk, root, 'CONDITION_TOO_COSTLY', `the condition could take ${steps} steps, and ${mostSteps} are allowed`, 'split it, or read fewer lists')
  }
  return { refusals: walk.refusals, reads: walk.reads, globs: walk.globs }
}

/** Zero steps, so that a caller may return it. A member's mark stands at its name. */
function refuse(walk: Walk, node: ASTNode, code: ConditionCode, message: string, hint?: string): number {
  const at = node.op === '.' ? node.range.end - node.args[1].length : node.range.start
  walk.refusals.push({ code, message, at, ...(hint === undefined ? {} : { hint }) })
  return 0
}

const meant = (word: string, candidates: Iterable<string>): string | undefined => {
  const candidate = nearest(word, candidates)
  return candidate === undefined ? undefined : `did you mean \`${candidate}\`?`
}

/** Steps of the node in its scope; notes what is refused and read on the way. */
function cost(node: ASTNode, walk: Walk, scope: Scope): number {
  const of = (...nodes: readonly ASTNode[]): number => nodes.reduce((sum, child) => sum + cost(child, walk, scope), 0)
  switch (node.op) {
    case 'value': return literal(node, walk) * scope.times
    case 'id': return root(node, node.args, walk, scope) * scope.times
    case '.': return member(node, walk, scope)
    case '[]': return weights.failing * scope.times + indexed(node, walk) + of(node.args[0])
    case 'call': return call(node, node.args, walk, scope)
    case 'rcall': return receiverCall(node, node.args, walk, scope)
    case 'list': return node.args.length * scope.times + of(...node.args)
    case '?:': return scope.times + of(...node.args)
    case '!_': case '-_': return scope.times + of(node.args)
    case 'in': return inList(node, node.args[1], walk) + weights.inList * scope.times + of(...node.args)
    case '==': case '!=': case '<': case '<=': case '>': case '>=': return weights.compare * scope.times + of(...node.args)
    case '+': case '-': case '*': case '/': case '%': return weights.failing * scope.times + of(...node.args)
    case '&&': case '||': return scope.times + of(...node.args)
    case 'map': case '.?': case '[?]': return refuse(walk, node, 'CONDITION_NOT_ALLOWED', `\`${node.op === 'map' ? '{…}' : node.op}\` is left out of conditions`)
  }
}

function literal(node: ASTNode & { readonly op: 'value' }, walk: Walk): number {
  if (['string', 'boolean', 'bigint'].includes(typeof node.args)) return 1
  return refuse(walk, node, 'CONDITION_NOT_ALLOWED', 'literals are texts, integers, `true` and `false`')
}

function root(node: ASTNode, name: string, walk: Walk, scope: Scope): number {
  if (scope.bound.has(name)) return 1
  const shape = own(walk.shape, name)
  if (shape === undefined) {
    const known = [...Object.keys(walk.shape), ...scope.bound]
    return refuse(walk, node, 'CONDITION_TYPE', `there is no \`${name}\` at this stage`, meant(name, known) ?? `there is ${known.map((item) => `\`${item}\``).join(', ')}`)
  }
  return typeof shape === 'string' ? read(walk, name) : refuse(walk, node, 'CONDITION_TYPE', `\`${name}\` has members and no value of its own`, `read one of ${Object.keys(shape).map((key) => `\`${name}.${key}\``).join(', ')}`)
}

/** Notes what is read. */
function read(walk: Walk, path: string): number {
  walk.reads.add(path)
  return always.has(path) ? 1 : weights.failing
}

const own = (shape: Shape, name: string): Kind | Shape | undefined => (Object.hasOwn(shape, name) ? shape[name] : undefined)

/** `optOut.targets.paths`: every step is looked up, so that a slip is told with what was meant. */
function member(node: ASTNode & { readonly op: '.' }, walk: Walk, scope: Scope): number {
  const path = dotted(node)
  const [first, ...rest] = path ?? []
  if (first === undefined || scope.bound.has(first)) return refuse(walk, node, 'CONDITION_TYPE', `\`.${node.args[1]}\` is a member of no variable`)
  let shape: Kind | Shape | undefined = own(walk.shape, first)
  if (shape === undefined) return root(node, first, walk, scope)
  for (const [index, name] of rest.entries()) {
    const parent: Kind | Shape = shape
    const before = [first, ...rest.slice(0, index)].join('.')
    if (typeof parent === 'string') return refuse(walk, node, 'CONDITION_TYPE', `\`${before}\` has no members`)
    shape = own(parent, name)
    if (shape === undefined) {
      const known = Object.keys(parent)
      return refuse(walk, node, 'CONDITION_TYPE', `\`${before}\` has no \`${name}\``, meant(name, known) ?? `it has ${known.map((item) => `\`${item}\``).join(', ')}`)
    }
  }
  if (typeof shape !== 'string') return refuse(walk, node, 'CONDITION_TYPE', `\`${[first, ...rest].join('.')}\` has members and no value of its own`)
  return read(walk, [first, ...rest].join('.')) * scope.times
}

function dotted(node: ASTNode): readonly string[] | undefined {
  if (node.op === 'id') return [node.args]
  if (node.op !== '.') return undefined
  const before = dotted(node.args[0])
  return before === undefined ? undefined : [...before, node.args[1]]
}

function indexed(node: ASTNode & { readonly op: '[]' }, walk: Walk): number {
  const [list, index] = node.args
  if (index.op === 'value' && typeof index.args === 'bigint' && isList(list, walk)) return 1
  return refuse(walk, node, 'CONDITION_NOT_ALLOWED', 'an index is a whole number, of a list')
}

/** A list whose length is capped: a variable's, one written out, or a part of such a one. */
function isList(node: ASTNode, walk: Walk): boolean {
  if (node.op === 'list') return true
  if (node.op === 'rcall') return node.args[0] === 'filter' && isList(node.args[1], walk)
  return kindAt(walk.shape, dotted(node) ?? []) === 'strings'
}

function kindAt(shape: Shape, path: readonly string[]): Kind | Shape | undefined {
  return path.reduce<Kind | Shape | undefined>((inner, name) => (inner === undefined || typeof inner === 'string' ? undefined : own(inner, name)), shape)
}

function inList(node: ASTNode, list: ASTNode, walk: Walk): number {
  return isList(list, walk) ? 0 : refuse(walk, node, 'CONDITION_NOT_ALLOWED', '`in` looks into a list of a variable, or one that is written out')
}

function call(node: ASTNode, [name, args]: [string, ASTNode[]], walk: Walk, scope: Scope): number {
  if (!functions.has(name)) return refuse(walk, node, 'CONDITION_NOT_ALLOWED', `there is no function \`${name}\` in conditions`, meant(name, functions) ?? `there is ${[...functions].map((item) => `\`${item}\``).join(', ')}`)
  const written = args.at(-1)
  const text = written?.op === 'value' && typeof written.args === 'string' ? written.args : undefined
  if (name === 'has' && !['optOut', 'finding'].includes(args[0] === undefined ? '' : dotted(args[0])?.[0] ?? '')) {
    return refuse(walk, node, 'CONDITION_NOT_ALLOWED', '`has` asks what the opt-out or the finding states; what is unknown of a run or a person always refuses', 'write `has(optOut.ticket)`')
  }
  if (name === 'timestamp' && (text === undefined || parseInstant(text) === undefined)) {
    return refuse(walk, node, 'CONDITION_TYPE', '`timestamp` takes an RFC 3339 instant with an offset, written out', 'write `timestamp("2026-11-24T10:00:00Z")`')
  }
  if (name === 'duration' && (text === undefined || !/^(?:\d{1,6}[hms])+$/.test(text))) {
    return refuse(walk, node, 'CONDITION_TYPE', '`duration` takes hours, minutes and seconds, written out', 'write `duration("36h")` or `duration("1h30m")`')
  }
  if (name === 'glob') {
    if (text === undefined) return refuse(walk, node, 'CONDITION_NOT_ALLOWED', '`glob` takes a text and a pattern that is written out', 'write `glob(finding.path, "test/**")`')
    walk.globs.set(text, written?.range.start ?? 0)
  }
  return (name === 'size' ? weights.textSize : weights.call) * scope.times + args.reduce((sum, child) => sum + cost(child, walk, scope), 0)
}

function receiverCall(node: ASTNode, [name, receiver, args]: [string, ASTNode, ASTNode[]], walk: Walk, scope: Scope): number {
  if (macros.has(name)) return macro(node, name, receiver, args, walk, scope)
  if (!methods.has(name)) {
    const hint = name === 'matches' ? 'use `glob(text, "pattern")`, `startsWith`, `endsWith` or `contains`' : meant(name, [...methods, ...macros])
    return refuse(walk, node, 'CONDITION_NOT_ALLOWED', `there is no \`.${name}()\` in conditions`, hint)
  }
  if (name.startsWith('get') && args.length > 0) return refuse(walk, node, 'CONDITION_NOT_ALLOWED', `\`.${name}()\` is in UTC and takes no time zone`, 'add the offset to the instant: `(now + duration("2h")).getHours()`')
  const ofText = name === 'size' && !isList(receiver, walk) && !(receiver.op === 'id' && scope.bound.has(receiver.args))
  return (ofText ? weights.textSize : weights.method) * scope.times + cost(receiver, walk, scope) + args.reduce((sum, child) => sum + cost(child, walk, scope), 0)
}

function macro(node: ASTNode, name: string, receiver: ASTNode, args: readonly ASTNode[], walk: Walk, scope: Scope): number {
  const [variable, predicate] = args
  if (scope.times > 1) return refuse(walk, node, 'CONDITION_TOO_COSTLY', `\`.${name}()\` stands inside another such call`, 'go through one list at a time')
  if (!isList(receiver, walk)) return refuse(walk, node, 'CONDITION_NOT_ALLOWED', `\`.${name}()\` goes through a list of a variable, or one that is written out`)
  if (args.length !== 2 || predicate === undefined || variable?.op !== 'id') return refuse(walk, node, 'CONDITION_TYPE', `\`.${name}()\` takes a name and a condition: \`.${name}(item, item == "x")\``)
  if (Object.hasOwn(walk.shape, variable.args)) return refuse(walk, variable, 'CONDITION_NOT_ALLOWED', `\`${variable.args}\` already means something else`, 'choose another name')
  return scope.times + cost(receiver, walk, scope) + cost(predicate, walk, { bound: new Set([variable.args]), times: longestList })
}
