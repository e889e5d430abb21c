/** Few path patterns against one path: tried one by one, which costs less than a trie would to build. */
import { isLiteral } from '../pattern/index.ts'
import { matchesPath } from '../pattern/path.ts'
import type { PathTrie } from './trie.ts'

interface Item<T> {
  /** What a path must begin and end with: most that do not match show it there. */
  readonly head: string
  readonly tail: string
  /** Undefined: the head is all of it. */
  readonly segments: readonly string[] | undefined
  readonly value: T
}

export function pathList<T>(): PathTrie<T> {
  const items: Item<T>[] = []
  return {
    add: (alternative, value) => { items.push(itemOf(alternative, value)) },
    match: (path, each) => {
      const { whole } = path
      for (const { head, tail, segments, value } of items) {
        const fits = segments === undefined ? whole === head : whole.startsWith(head) && whole.endsWith(tail) && matchesPath(segments, path.segments)
        if (fits) each(value)
      }
    },
  }
}

/** The tail stays inside the last segment: `**` before it may take none. */
function itemOf<T>(alternative: string, value: T): Item<T> {
  if (isLiteral(alternative)) return { head: alternative, tail: '', segments: undefined, value }
  const segments = alternative.split('/')
  return { head: alternative.slice(0, alternative.search(/[*?]/)), tail: segments.at(-1)?.replace(/^.*[*?]/su, '') ?? '', segments, value }
}
