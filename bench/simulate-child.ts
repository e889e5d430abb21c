/** One measurement of bench/simulate.ts in a process of its own. Arguments: what, findings, runs. Prints JSON. */
import { hash } from 'node:crypto'
import { assumeActs, simulator } from '../packages/core/src/impact/index.ts'
import type { Finding, Sha256 } from '../packages/core/src/index.ts'
import { workload } from '../packages/testkit/src/workload.ts'
import { timed } from './clock.ts'

const sha256: Sha256 = (bytes) => hash('sha256', bytes, 'buffer')
const [what = '', findings = '0', runs = '1'] = process.argv.slice(2)
const { policySet, optOuts, findings: some, facts, now } = workload({ seed: 17, findings: Number(findings) / Number(runs), optOuts: 10_000, repositories: 1 })
// As recorded findings are: text, parsed for each run.
const text = JSON.stringify(some)
const standing = [...optOuts.active, ...optOuts.ended, ...optOuts.refused]
const [tried, ...others] = standing.filter(({ document }) => document.spec.window.from <= now && now < document.spec.window.until)
if (tried === undefined) throw new Error('the workload has no opt-out in force')

/** MiB in use once what is no longer needed is gone. */
const heap = (): number => {
  globalThis.gc?.()
  return process.memoryUsage().heapUsed / 1024 / 1024
}
const kept = { early: 0, late: 0 }

const took = timed(() => {
  let seen = 0
  if (what === 'read') {
    for (let run = 0; run < Number(runs); run++) for (const { rule, path } of JSON.parse(text) as Finding[]) seen += rule.length + (path?.length ?? 0)
    return seen
  }
  const simulation = simulator({
    policySet, at: now, sha256, tolerance: 0, suggest: true, samples: 50, changed: [{ optOut: tried, change: 'added' }],
    before: assumeActs(policySet, others, now), after: assumeActs(policySet, [...others, tried], now),
  })
  for (let run = 0; run < Number(runs); run++) {
    simulation.run(JSON.parse(text) as Finding[], facts)
    if (run === 1) kept.early = heap()
  }
  kept.late = heap()
  return simulation.answer().after.excused
})
console.log(JSON.stringify({ wall: took.wall, processor: took.processor, value: took.value, peak: process.resourceUsage().maxRSS / 1024, kept }))
