/** One measurement in a process of its own, so that its peak memory is its own: `node bench/sarif-child.ts HOW FILE`. */
import { closeSync, fstatSync, openSync, readFileSync, readSync } from 'node:fs'
import { parseStrictJson } from '../packages/formats/src/json/index.ts'
import type { Report } from '../packages/core/src/model/finding.ts'
import type { ByteSource } from '../packages/formats/src/findings/types.ts'
import type { SarifPositions } from '../packages/formats/src/findings/sarif/index.ts'
import { readSarif } from '../packages/formats/src/findings/sarif/index.ts'
import { spliceSuppressions } from '../packages/formats/src/sarif/splice.ts'
import type { SarifSuppression } from '../packages/formats/src/sarif/suppression.ts'

export interface Measured {
  readonly milliseconds: number
  /** Peak resident memory of the process. */
  readonly megabytes: number
  readonly count: number
}

const suppression: SarifSuppression = {
  kind: 'external',
  status: 'accepted',
  justification: 'measured',
  properties: { exeat: { optOut: 'bench', uid: '0'.repeat(64), until: '2026-11-24T10:00:00Z', category: 'waiver', owner: 'bench', evidence: 'none', origin: 'bench:1' } },
}

const ways: Readonly<Record<string, (source: ByteSource, file: string) => number>> = {
  'empty': () => 0,
  'JSON.parse': (_, file) => Object.keys(JSON.parse(readFileSync(file, 'utf8')) as object).length,
  'parseStrictJson': (_, file) => {
    const answer = parseStrictJson(readFileSync(file), file, { maxBytes: 2 ** 29, maxValues: 1e9 })
    if (!answer.ok) throw new Error(answer.problem.message)
    return 1
  },
  'readSarif': (source) => found(source).reports.reduce((sum, { findings }) => sum + findings.length, 0),
  'readSarif and splice': (source) => {
    const { reports, positions } = found(source)
    const excused = reports.map(({ findings }) => new Map(findings.flatMap((_, index) => (index % 10 === 0 ? [[index, suppression] as const] : []))))
    const answer = spliceSuppressions(source, positions, excused, () => undefined)
    if (!answer.ok) throw new Error(answer.problem.message)
    return answer.added
  },
}

function found(source: ByteSource): { readonly reports: readonly Report[]; readonly positions: SarifPositions } {
  const answer = readSarif(source)
  if (!answer.ok) throw new Error(answer.problems[0].message)
  return answer
}

const [how, file] = process.argv.slice(2)
const way = ways[how ?? '']
if (way === undefined || file === undefined) throw new Error(`usage: sarif-child.ts ${Object.keys(ways).join('|')} FILE`)
const descriptor = openSync(file, 'r')
const source: ByteSource = { name: file, size: fstatSync(descriptor).size, read: (into, position) => readSync(descriptor, into, 0, into.length, position) }
const start = performance.now()
const count = way(source, file)
const milliseconds = performance.now() - start
closeSync(descriptor)
const measured: Measured = { milliseconds, megabytes: process.resourceUsage().maxRSS / 1024, count }
console.log(JSON.stringify(measured))
