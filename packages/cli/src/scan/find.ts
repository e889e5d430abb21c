/** Every suppression of a tree, with the line that it concerns: what `--diff` tells an old one by. */
import { findSuppressions, mayHoldSuppressions, type Suppression } from '@exeat/formats/shadow'
import { type Counts, readTree, type Tree } from './files.ts'

export interface Hit extends Suppression {
  readonly path: string
  /** The line that it stands on and, where that holds nothing else, the next: without white space, for comparison alone. */
  readonly concerns: string
}

const decoder = new TextDecoder('utf-8')

/** Exeat's own folder declares opt-outs: what it names is no suppression. */
const declares = (path: string): boolean => path.startsWith('.exeat/') || path.includes('/.exeat/')

export function findInTree(tree: Tree, withVendored: boolean, progress: (done: number, all: number) => void): { readonly hits: readonly Hit[]; readonly counts: Counts } {
  const hits: Hit[] = []
  const counts = readTree(tree, withVendored, (path, bytes) => {
    for (const hit of findInFile(path, bytes)) hits.push(hit)
  }, progress)
  return { hits, counts }
}

export function findInFile(path: string, bytes: Uint8Array): readonly Hit[] {
  if (declares(path) || !mayHoldSuppressions(path, Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1'))) return []
  const text = decoder.decode(bytes)
  const found = findSuppressions(path, text)
  if (found.length === 0) return []
  const lines = text.split('\n')
  return found.map((suppression) => ({ ...suppression, path, concerns: concerned(lines, suppression.line) }))
}

const longest = 1000

function concerned(lines: readonly string[], line: number): string {
  const own = (lines[line - 1] ?? '').trim()
  const next = /^(?:#|\/\/|\/\*|\*|--|;|<!--|\{\/\*)/.test(own) ? lines.slice(line, line + 20).find((each) => each.trim() !== '') ?? '' : ''
  return `${own.slice(0, longest)}\n${next.slice(0, longest)}`.replaceAll(/[ \t\r]+/g, '')
}
