/** Patterns as automata, to answer whether two of them share a text. */
import type { PatternKind } from './parse.ts'

/** What a transition takes: one given code point, any code point but `/`, or any at all. */
type Label = { readonly point: string } | 'segment' | 'any'

interface State {
  readonly on: { readonly label: Label; readonly to: number }[]
  readonly free: number[]
}

export interface Automaton {
  readonly states: readonly State[]
  readonly accept: number
}

/** Automaton of one alternative; state 0 is the start. */
export function automatonOf(alternative: string, kind: PatternKind): Automaton {
  const states: State[] = [{ on: [], free: [] }]
  let last = 0
  const add = (): number => states.push({ on: [], free: [] }) - 1
  const at = (index: number): State => states[index] as State
  const step = (label: Label): void => {
    const next = add()
    at(last).on.push({ label, to: next })
    last = next
  }
  const loop = (label: Label): void => {
    at(last).on.push({ label, to: last })
    const next = add()
    at(last).free.push(next)
    last = next
  }
  const wild: Label = kind === 'path' ? 'segment' : 'any'
  const segment = (text: string): void => {
    for (const point of text) {
      if (point === '*') loop(wild)
      else step(point === '?' ? wild : { point })
    }
  }
  if (kind === 'name') {
    segment(alternative)
    return { states, accept: last }
  }
  const segments = alternative.split('/')
  for (const [index, text] of segments.entries()) {
    const final = index === segments.length - 1
    if (text === '**' && final) loop('any')
    else if (text === '**') {
      // Nothing, or anything up to a slash. A state of its own, so that who takes the loop cannot skip the slash.
      const before = last
      last = add()
      at(before).free.push(last)
      loop('any')
      step({ point: '/' })
      at(before).free.push(last)
    } else {
      segment(text)
      if (!final) step({ point: '/' })
    }
  }
  return { states, accept: last }
}

/** Whether some text takes both to acceptance: a search through pairs of states. */
export function meet(a: Automaton, b: Automaton): boolean {
  const seen = new Set<number>()
  const waiting: number[] = []
  const visit = (left: number, right: number): void => {
    const pair = left * b.states.length + right
    if (seen.has(pair)) return
    seen.add(pair)
    waiting.push(pair)
  }
  visit(0, 0)
  for (let pair = waiting.pop(); pair !== undefined; pair = waiting.pop()) {
    const left = Math.floor(pair / b.states.length)
    const right = pair % b.states.length
    if (left === a.accept && right === b.accept) return true
    const from = a.states[left] as State
    const against = b.states[right] as State
    for (const to of from.free) visit(to, right)
    for (const to of against.free) visit(left, to)
    for (const x of from.on) {
      for (const y of against.on) if (overlap(x.label, y.label)) visit(x.to, y.to)
    }
  }
  return false
}

function overlap(a: Label, b: Label): boolean {
  if (typeof a === 'string' && typeof b === 'string') return true
  if (typeof a === 'object' && typeof b === 'object') return a.point === b.point
  const point = typeof a === 'object' ? a.point : (b as { point: string }).point
  return (typeof a === 'string' ? a : b) === 'any' || point !== '/'
}
