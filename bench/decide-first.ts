/** A first pass over a workload in a process that did nothing else: `node --expose-gc bench/decide-first.ts REPOSITORIES [mixed|'one rule'] [--full]`. */
import { hash } from 'node:crypto'
import { decider } from '../packages/core/src/index.ts'
import type { Decision } from '../packages/core/src/index.ts'
import { workload } from '../packages/testkit/src/workload.ts'
import type { Workload } from '../packages/testkit/src/workload.ts'
import { line, timed } from './clock.ts'
import type { Took } from './clock.ts'
import { naive } from './naive.ts'

const [repositories = '1', shape = 'mixed'] = process.argv.slice(2)
const everyNaive = process.argv.includes('--full') ? 1 : shape === 'mixed' ? 50 : 20

const size = shape === 'mixed' ? { findings: 100_000, shape } as const : { findings: 19_138, shape: 'one rule' } as const
const work = workload({ ...size, seed: 7, optOuts: 10_000, repositories: Number(repositories) })
const heapBefore = heapUsed()
const build = timed(() => decider(work.policySet, work.optOuts))
const decideAll = (): readonly Decision[] =>
  build.value(work.findings, work.facts, work.now, { sha256: (bytes) => hash('sha256', bytes, 'buffer') })
const first = timed(decideAll)
const decisions = first.value
const heapAfter = heapUsed()
const again = timed(decideAll)
const blocked = decisions.filter(({ outcome }) => outcome === 'blocked')
const read = timed(() => blocked.reduce((sum, { nearest, wayOut }) => sum + nearest.length + (wayOut === undefined ? 0 : 1), 0))

const { active, ended } = work.optOuts
console.log(`\n${work.findings.length} findings, ${active.length + ended.length} opt-outs (${ended.length} ended) ${shape === 'mixed' ? `over ${repositories} repositories` : 'of one rule, with complex paths'}; ${decisions.length - blocked.length} excused`)
const whole = { wall: build.wall + first.wall, processor: build.processor + first.processor }
line('index', build)
line('first pass, with the index', whole)
line('second pass', again)
line(`${blocked.length} explanations read`, read, ` (${(read.processor * 1000 / Math.max(blocked.length, 1)).toFixed(1)} µs each)`)
console.log(`  memory of index and decisions: ${((heapAfter - heapBefore) / 2 ** 20).toFixed(1)} MiB`)
beside('tuned naive loop', false)
beside('the same, run-wide tests done once', true)

/** Some of the findings or all, and the same decisions required. */
function beside(name: string, hoisted: boolean): void {
  const sample = decisions.filter((_, index) => index % everyNaive === 0)
  const loop = timed(() => {
    const excuses = naive(work satisfies Workload, hoisted)
    return sample.map(({ finding }) => excuses(finding))
  })
  const differ = sample.filter(({ optOut }, index) => loop.value[index] !== optOut?.name).length
  if (differ > 0) throw new Error(`${differ} of ${sample.length} decisions differ from the ${name}`)
  const scale = decisions.length / sample.length
  const all: Took = { wall: loop.wall * scale, processor: loop.processor * scale }
  line(name, all, `: first pass is ${(all.wall / whole.wall).toFixed(0)} times faster, ${(all.processor / whole.processor).toFixed(0)} by processor (${scale === 1 ? 'all' : `scaled from ${sample.length}`}, 0 differ)`)
}

function heapUsed(): number {
  gc?.()
  return process.memoryUsage().heapUsed
}
