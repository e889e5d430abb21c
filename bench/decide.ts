/** The decision core beside a tuned naive loop, its latency, and hostile input. */
import { spawnSync } from 'node:child_process'
import { hash } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import { celEngine } from '../packages/core/src/condition/index.ts'
import { compilePattern, decider } from '../packages/core/src/index.ts'
import type { Sha256 } from '../packages/core/src/index.ts'
import { workload } from '../packages/testkit/src/workload.ts'
import { duration, timed } from './clock.ts'

const sha256: Sha256 = (bytes) => hash('sha256', bytes, 'buffer')

export function run(): void {
  firstPass('200', 'mixed')
  firstPass('1', 'mixed')
  firstPass('1', 'one rule')
  latency()
  hostile()
}

/** In a process of its own: nothing is warm. */
function firstPass(...args: readonly string[]): void {
  const full = process.argv.includes('--full') ? ['--full'] : []
  const script = fileURLToPath(new URL('decide-first.ts', import.meta.url))
  const { status } = spawnSync(process.execPath, ['--expose-gc', script, ...args, ...full], { stdio: 'inherit' })
  if (status !== 0) throw new Error(`the first pass ended with ${status}`)
}

/** In rounds, of which the first warms the compiler up. The quietest one shows what other work on the machine did to the rest. */
function latency(): void {
  const { policySet, optOuts, findings, facts, now } = workload({ seed: 13, findings: 50_000, optOuts: 10_000, repositories: 1 })
  const answer = decider(policySet, optOuts)
  const perRound = findings.length / 10
  console.log('\none finding at a time, 10000 opt-outs')
  for (const explained of [false, true]) {
    const took = findings.map((finding) => {
      const start = performance.now()
      const [decision] = answer([finding], facts, now, { sha256 })
      if (explained) seen.add(decision?.wayOut)
      return performance.now() - start
    })
    const rounds = Array.from({ length: 9 }, (_, index) => took.slice((index + 1) * perRound, (index + 2) * perRound).sort((a, b) => a - b))
    const [quietest = []] = rounds.toSorted((a, b) => at(a, 0.99) - at(b, 0.99))
    const name = explained ? 'decided and explained' : 'decided'
    console.log(`  ${name}, all rounds      ${percentiles(rounds.flat().sort((a, b) => a - b))}`)
    console.log(`  ${name}, quietest round  ${percentiles(quietest)}`)
  }
}

/** Keeps the explanations read from being optimised away. */
const seen = new Set<unknown>()

const at = (sorted: readonly number[], share: number): number => sorted[Math.min(Math.floor(sorted.length * share), sorted.length - 1)] ?? NaN

function percentiles(sorted: readonly number[]): string {
  const [p50 = '', p99 = '', p999 = '', max = ''] = [0.5, 0.99, 0.999, 1].map((share) => duration(at(sorted, share)).padStart(9))
  return `p50 ${p50}, p99 ${p99}, p99.9 ${p999}, max ${max}`
}

function hostile(): void {
  console.log('\nhostile input, first try each')
  const globs = [['name', `${'a*'.repeat(8)}b`, 'a'.repeat(4096)], ['path', `${'**/a*a*a*a/'.repeat(12)}b`, 'aaaaaaaaaaaaaaa/'.repeat(256)], ['path', `${'**/*/'.repeat(80)}b`, 'a/'.repeat(2048)]] as const
  for (const [kind, source, text] of globs) {
    const { value, wall } = timed(() => {
      const answer = compilePattern(source, kind)
      return answer.ok ? String(answer.pattern.matches(text)) : answer.problem.code
    })
    console.log(`  pattern ${source.slice(0, 24)}… on ${text.length} characters: ${value} in ${duration(wall)}`)
  }
  const engine = celEngine()
  const conditions = [
    `finding.title.matches('^(a+)+$')`, `${'('.repeat(20_000)}true${')'.repeat(20_000)}`,
    '[1,2,3].all(a, [1,2,3].all(b, [1,2,3].all(c, a + b + c > 0)))', Array.from({ length: 2000 }, () => 'optOut.category == "waiver"').join(' && '),
  ]
  for (const expression of conditions) {
    const { value, wall } = timed(() => engine.compile(expression, 'decide'))
    console.log(`  condition ${expression.slice(0, 34)}…: ${value.ok ? 'taken' : value.problems[0].code} in ${duration(wall)}`)
  }
}
