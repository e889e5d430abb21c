/** Scripts inside YAML: their text as it stands in the file, so that offsets hold. */
import { isScalar } from 'yaml'
import type { Branch } from '../tree.ts'
import { textOf } from '../tree.ts'

export interface Script {
  readonly text: string
  readonly offset: number
}

/** Undefined where there is no text. Lines that YAML folds into one are made one, each character staying where it is. */
export function scriptOf(branch: Branch | undefined, file: string): Script | undefined {
  if (branch === undefined || textOf(branch) === undefined || !isScalar(branch.node)) return undefined
  const [start, end] = branch.node.range
  const source = file.slice(start, end)
  const type = branch.node.type
  if (type === 'BLOCK_LITERAL' || type === 'BLOCK_FOLDED') {
    const from = source.indexOf('\n') + 1
    const lines = source.slice(from)
    return { text: type === 'BLOCK_FOLDED' ? folded(lines) : lines, offset: start + from }
  }
  const quoted = type === 'QUOTE_DOUBLE' || type === 'QUOTE_SINGLE'
  return { text: folded(quoted ? source.slice(1, -1) : source), offset: start + (quoted ? 1 : 0) }
}

const folded = (text: string): string => text.replaceAll(/\n(?=[^\n])/g, ' ')
