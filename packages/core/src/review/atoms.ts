/** Every way in which patterns can match one control together, each with such a control: what has to be looked at so that nothing is left out. */
import { automatonOf } from '../pattern/automaton.ts'
import type { Pattern } from '../pattern/index.ts'

/** Patterns under one name: what one policy covers. */
export interface PatternGroup {
  readonly name: string
  readonly patterns: readonly Pattern[]
}

export interface Atom {
  /** Groups that match the control; all others do not. */
  readonly groups: readonly string[]
  /** A control that they match: the shortest, and any character stands where a wildcard does. */
  readonly control: string
}

interface Step {
  /** Undefined: any code point. */
  readonly point: string | undefined
  readonly to: number
}

interface Machine {
  readonly steps: readonly (readonly Step[])[]
  /** Where each state leads without taking anything, itself included. */
  readonly closures: readonly (readonly number[])[]
  readonly starts: readonly number[]
  /** Group that accepts at a state. */
  readonly accepts: ReadonlyMap<number, string>
  /** States of groups that are asked about. */
  readonly wanted: ReadonlySet<number>
}

/** What every control is: a tool, a slash and a rule. */
const shape = { name: '', patterns: [{ source: '*/?*', kind: 'name', alternatives: ['*/?*'], matches: () => true }] } as const satisfies PatternGroup

/**
 * The atoms that at least one of `among` matches, by a search through the sets of states that the patterns' automata can be in together: exact on this dialect, where
 * no more than `most` such sets come up. Undefined beyond that: nothing was shown.
 */
export function atomsOf(groups: readonly PatternGroup[], among: ReadonlySet<string>, most = 50_000): readonly Atom[] | undefined {
  const machine = machineOf([shape, ...groups], among)
  const other = otherPoint(machine)
  const atoms = new Map<string, Atom>()
  const first = close(machine.starts, machine)
  const seen = new Set([first.join(' ')])
  const waiting: { readonly states: readonly number[]; readonly text: string }[] = [{ states: first, text: '' }]
  for (const { states, text } of waiting) {
    note(atoms, machine, states, text)
    for (const point of pointsFrom(states, machine, other)) {
      const next = close(states.flatMap((state) => (machine.steps[state] ?? []).flatMap((step) => (step.point === undefined || step.point === point ? [step.to] : []))), machine)
      const key = next.join(' ')
      if (seen.has(key) || !next.some((state) => machine.wanted.has(state))) continue
      if (seen.size >= most) return undefined
      seen.add(key)
      waiting.push({ states: next, text: text + point })
    }
  }
  return [...atoms.values()]
}

function machineOf(groups: readonly PatternGroup[], among: ReadonlySet<string>): Machine {
  const steps: Step[][] = []
  const free: number[][] = []
  const starts: number[] = []
  const accepts = new Map<number, string>()
  const wanted = new Set<number>()
  for (const { name, patterns } of groups) {
    for (const alternative of new Set(patterns.flatMap(({ alternatives }) => alternatives))) {
      const { states, accept } = automatonOf(alternative, 'name')
      const offset = steps.length
      starts.push(offset)
      accepts.set(offset + accept, name)
      for (const [index, state] of states.entries()) {
        steps.push(state.on.map(({ label, to }) => ({ point: typeof label === 'object' ? label.point : undefined, to: offset + to })))
        free.push(state.free.map((to) => offset + to))
        if (among.has(name)) wanted.add(offset + index)
      }
    }
  }
  return { steps, closures: free.map((_, state) => reached(state, free)), starts, accepts, wanted }
}

function reached(from: number, free: readonly (readonly number[])[]): readonly number[] {
  const found = new Set([from])
  for (const state of found) for (const to of free[state] ?? []) found.add(to)
  return [...found]
}

const close = (states: readonly number[], { closures }: Machine): readonly number[] => [...new Set(states.flatMap((state) => closures[state] ?? []))].sort((a, b) => a - b)

/** Stands for every code point that no pattern names. */
function otherPoint({ steps }: Machine): string {
  const named = new Set(steps.flatMap((each) => each.flatMap(({ point }) => point ?? [])))
  const readable = [...'xzqwkjyv0123456789abcdefghilmnoprstu'].find((point) => !named.has(point))
  if (readable !== undefined) return readable
  let code = 0xe000
  while (named.has(String.fromCodePoint(code))) code += 1
  return String.fromCodePoint(code)
}

function pointsFrom(states: readonly number[], { steps }: Machine, other: string): readonly string[] {
  const points = new Set(states.flatMap((state) => (steps[state] ?? []).map(({ point }) => point ?? other)))
  // The readable one first: of two controls that tell the same, people see that one.
  return [...points.delete(other) ? [other] : [], ...[...points].sort()]
}

function note(atoms: Map<string, Atom>, { accepts }: Machine, states: readonly number[], control: string): void {
  const names = new Set(states.flatMap((state) => accepts.get(state) ?? []))
  if (!names.delete(shape.name) || names.size === 0) return
  const groups = [...names].sort()
  const key = JSON.stringify(groups)
  if (!atoms.has(key)) atoms.set(key, { groups, control })
}
