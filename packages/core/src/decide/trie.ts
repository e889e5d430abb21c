/**
 * Many path patterns against one path at once: a trie of segments, walked by all matching branches together. Whole paths and extensions
 * (`**` + `/*.ts`), the most frequent patterns that a walk would have to try everywhere, are looked up instead.
 */
import { isLiteral } from '../pattern/index.ts'
import { matchesWildcard } from '../pattern/wildcard.ts'

/** What most nodes lack is left out: a large set has many nodes. */
interface Node<T> {
  literal: Map<string, Node<T>> | undefined
  /** By the segment's pattern, so that patterns which share a segment share the work; the list is what a walk goes through. */
  wild: Map<string, Node<T>> | undefined
  wildList: { readonly pattern: string; readonly to: Node<T> }[] | undefined
  /** Where `**` leads: a node that also stays itself, whatever the segment. */
  deep: Node<T> | undefined
  readonly stays: boolean
  /** Patterns that end here. */
  ends: T[] | undefined
  /** Patterns whose last segment is `**`: they take all that lies below. */
  below: T[] | undefined
  /** The last step of a walk that reached it: a node that stays can be reached in two ways at once. */
  reached: number
}

const node = <T>(stays = false): Node<T> => ({ literal: undefined, wild: undefined, wildList: undefined, deep: undefined, stays, ends: undefined, below: undefined, reached: 0 })

export interface PathTrie<T> {
  /** `alternative`: a pattern without braces (see `pattern/`). */
  add(alternative: string, value: T): void
  /** Calls `each` with the value of every pattern that matches; one that matches in several ways comes several times. */
  match(path: ParsedPath, each: (value: T) => void): void
}

/** Taken apart once for all the tries that it is held against. */
export interface ParsedPath {
  readonly whole: string
  readonly segments: readonly string[]
  /** From the last dot on; one in a folder's name gives what is no extension of any pattern, for it holds a slash. */
  readonly extension: string
}

export const parsePath = (path: string): ParsedPath =>
  ({ whole: path, segments: path.split('/'), extension: path.slice(Math.max(path.lastIndexOf('.'), 0)) })

export function pathTrie<T>(): PathTrie<T> {
  const root = node<T>()
  const whole = new Map<string, T[]>()
  const extensions = new Map<string, T[]>()
  let walked = false
  let steps = 0
  return {
    add: (alternative, value) => {
      const extension = /^\*\*\/\*(\.[^*?./]+)$/u.exec(alternative)?.[1]
      if (isLiteral(alternative)) file(whole, alternative, value)
      else if (extension !== undefined) file(extensions, extension, value)
      else {
        insert(root, alternative.split('/'), value)
        walked = true
      }
    },
    match: (path, each) => {
      callAll(whole.get(path.whole), each)
      callAll(extensions.get(path.extension), each)
      if (walked) steps = walk(root, path.segments, steps, each)
    },
  }
}

function callAll<T>(values: readonly T[] | undefined, each: (value: T) => void): void {
  if (values !== undefined) for (const value of values) each(value)
}

function file<T>(table: Map<string, T[]>, key: string, value: T): void {
  const values = table.get(key)
  if (values === undefined) table.set(key, [value])
  else values.push(value)
}

function insert<T>(root: Node<T>, segments: readonly string[], value: T): void {
  let at = root
  for (const [index, segment] of segments.entries()) {
    if (segment === '**' && index === segments.length - 1) {
      (at.below ??= []).push(value)
      return
    }
    if (segment === '**') at = at.deep ??= node<T>(true)
    else if (/[*?]/.test(segment)) at = wildChild(at, segment)
    else at = child(at.literal ??= new Map(), segment)
  }
  (at.ends ??= []).push(value)
}

function child<T>(children: Map<string, Node<T>>, segment: string): Node<T> {
  let next = children.get(segment)
  if (next === undefined) children.set(segment, next = node<T>())
  return next
}

function wildChild<T>(at: Node<T>, pattern: string): Node<T> {
  const known = at.wild?.get(pattern)
  if (known !== undefined) return known
  const to = child<T>(at.wild ??= new Map<string, Node<T>>(), pattern);
  (at.wildList ??= []).push({ pattern, to })
  return to
}

/** `steps`: of all walks so far; answers with those of this one added. */
function walk<T>(root: Node<T>, segments: readonly string[], steps: number, each: (value: T) => void): number {
  let step = steps + 1
  let here: Node<T>[] = []
  let next: Node<T>[] = []
  enter(here, root, step)
  for (const segment of segments) {
    step++
    for (const at of here) {
      callAll(at.below, each)
      const literal = at.literal?.get(segment)
      if (literal !== undefined) enter(next, literal, step)
      if (at.wildList !== undefined) {
        for (const { pattern, to } of at.wildList) if (pattern === '*' || matchesWildcard(pattern, segment)) enter(next, to, step)
      }
      if (at.stays) include(next, at, step)
    }
    const before = here
    here = next
    next = before
    next.length = 0
    if (here.length === 0) return step
  }
  for (const at of here) callAll(at.ends, each)
  return step
}

/** A node, and what `**` makes reachable from it without a segment. */
function enter<T>(nodes: Node<T>[], at: Node<T>, step: number): void {
  for (let each: Node<T> | undefined = at; each !== undefined; each = each.deep) include(nodes, each, step)
}

function include<T>(nodes: Node<T>[], at: Node<T>, step: number): void {
  if (at.reached === step) return
  at.reached = step
  nodes.push(at)
}
