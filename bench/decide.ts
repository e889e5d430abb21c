/** The decision core beside a tuned naive loop, its latency, and hostile input. */
import { hash } from 'node:crypto'
import { celEngine } from '../packages/core/src/condition/index.ts'
import { compilePattern, decide, decider } from '../packages/core/src/index.ts'
import type { Sha256 } from '../packages/core/src/index.ts'
import { workload } from '../packages/testkit/src/workload.ts'
import type { Workload } from '../packages/testkit/src/workload.ts'
import { naive } from './naive.ts'

const sha256: Sha256 = (bytes) => hash('sha256', bytes, 'buffer')
const ms = (value: number): string => (value < 1 ? `${(value * 1000).toFixed(1)} µs` : value < 10_000 ? `${value.toFixed(1)} ms` : `${(value / 1000).toFixed(1)} s`)

function timed<T>(work: () => T): { readonly value: T; readonly took: number } {
  const start = performance.now()
  const value = work()
  return { value, took: performance.now() - start }
}

const decideAll = ({ policySet, optOuts, findings, facts, now }: Workload) => decide(policySet, optOuts, findings, facts, now, { sha256 })

export function run(): void {
  // The first pass is the first work this process does: nothing is warm.
  firstPass(1)
  firstPass(200)
  oneRule()
  latency()
  hostile()
}

function firstPass(repositories: number): void {
  const size = { seed: 7, findings: 100_000, optOuts: 10_000, repositories }
  const work = workload(size)
  const build = timed(() => decideAll({ ...work, findings: work.findings.slice(0, 1) })).took
  const { value: decisions, took } = timed(() => decideAll(work))
  const read = timed(() => decisions.reduce((sum, { nearest, wayOut }) => sum + nearest.length + (wayOut === undefined ? 0 : 1), 0)).took
  const warm = timed(() => decideAll(work)).took
  const excused = decisions.filter(({ outcome }) => outcome === 'excused').length
  console.log(`\n${size.findings} findings, ${size.optOuts} opt-outs (${work.optOuts.active.length} active, ${work.optOuts.ended.length} ended, ${work.optOuts.refused.length} refused) over ${repositories} repositories; ${excused} excused`)
  console.log(`  index of all opt-outs and one decision  ${ms(build)}`)
  console.log(`  first pass, index included              ${ms(took)}`)
  console.log(`  second pass, index included             ${ms(warm)}`)
  console.log(`  every explanation read afterwards       ${ms(read)}`)
  for (const [name, hoisted] of [['tuned naive loop', false], ['same, run-wide tests done once', true]] as const) beside(work, decisions.map(({ outcome }) => outcome), took, name, hoisted)
}

/** Every fiftieth finding, and the same decisions required. */
function beside({ findings, ...rest }: Workload, outcomes: readonly string[], took: number, name: string, hoisted: boolean): void {
  const step = 50
  const excuses = naive({ findings, ...rest }, hoisted)
  const sample = findings.flatMap((finding, index) => (index % step === 0 ? [{ finding, outcome: outcomes[index] }] : []))
  const { value: answers, took: sampled } = timed(() => sample.map(({ finding }) => excuses(finding)))
  const differ = answers.filter((answer, index) => answer !== (sample[index]?.outcome === 'excused')).length
  if (differ > 0) throw new Error(`${differ} of ${sample.length} decisions differ from the ${name}`)
  const whole = sampled * (findings.length / sample.length)
  console.log(`  ${name.padEnd(38)}  ${ms(whole)} (extrapolated from ${sample.length} findings, 0 differ): first pass is ${(whole / took).toFixed(0)} times faster`)
}

function oneRule(): void {
  const work = workload({ seed: 11, findings: 19_138, optOuts: 10_000, repositories: 1, shape: 'one rule' })
  const { value, took } = timed(() => decideAll(work))
  console.log(`\n10000 complex patterns on one rule, 19138 paths: ${ms(took)}, ${value.filter(({ outcome }) => outcome === 'excused').length} excused`)
  beside(work, value.map(({ outcome }) => outcome), took, 'tuned naive loop', false)
}

function latency(): void {
  const { policySet, optOuts, findings, facts, now } = workload({ seed: 13, findings: 50_000, optOuts: 10_000, repositories: 1 })
  const answer = decider(policySet, optOuts)
  for (const explained of [false, true]) {
    const took = findings.map((finding) => timed(() => {
      const [decision] = answer([finding], facts, now, { sha256 })
      return explained ? [decision?.reasons, decision?.wayOut] : decision
    }).took)
    // The first tenth warms the compiler up.
    const sorted = took.slice(took.length / 10).sort((a, b) => a - b)
    const at = (share: number): string => ms(sorted[Math.floor(sorted.length * share)] ?? NaN)
    console.log(`\none decision at a time, 10000 opt-outs${explained ? ', explained' : ''}: p50 ${at(0.5)}, p99 ${at(0.99)}, p99.9 ${at(0.999)}, max ${at(1 - 1 / sorted.length)}`)
  }
}

function hostile(): void {
  console.log('\nhostile input, first try each')
  const globs = [['name', `${'a*'.repeat(8)}b`, 'a'.repeat(4096)], ['path', `${'**/a*a*a*a/'.repeat(12)}b`, 'aaaaaaaaaaaaaaa/'.repeat(256)], ['path', `${'**/*/'.repeat(80)}b`, 'a/'.repeat(2048)]] as const
  for (const [kind, source, text] of globs) {
    const { value, took } = timed(() => {
      const answer = compilePattern(source, kind)
      return answer.ok ? String(answer.pattern.matches(text)) : answer.problem.code
    })
    console.log(`  pattern ${source.slice(0, 24)}… on ${text.length} characters: ${value} in ${ms(took)}`)
  }
  const engine = celEngine()
  const conditions = [
    `finding.title.matches('^(a+)+$')`, `${'('.repeat(20_000)}true${')'.repeat(20_000)}`,
    '[1,2,3].all(a, [1,2,3].all(b, [1,2,3].all(c, a + b + c > 0)))', Array.from({ length: 2000 }, () => 'optOut.category == "waiver"').join(' && '),
  ]
  for (const expression of conditions) {
    const { value, took } = timed(() => engine.compile(expression, 'decide'))
    console.log(`  condition ${expression.slice(0, 34)}…: ${value.ok ? 'taken' : value.problems[0].code} in ${ms(took)}`)
  }
}
