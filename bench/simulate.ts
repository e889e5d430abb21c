/** A simulation of recorded findings against 10,000 opt-outs beside plain reading of the same input, each in a process of its own; and its memory as runs are added. */
import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { line } from './clock.ts'

const child = fileURLToPath(new URL('simulate-child.ts', import.meta.url))

interface Measured { readonly wall: number; readonly processor: number; readonly value: number; readonly peak: number; readonly kept: { readonly early: number; readonly late: number } }

const measure = (what: string, findings: number, runs: number): Measured =>
  JSON.parse(execFileSync(process.execPath, ['--expose-gc', child, what, String(findings), String(runs)], { encoding: 'utf8' })) as Measured

export function run(): void {
  for (const [findings, runs] of [[10_000, 1], [100_000, 10], [1_000_000, 100]] as const) {
    console.log(`\n${findings} findings in ${runs} runs, 10000 opt-outs`)
    const read = measure('read', findings, runs)
    const simulated = measure('simulate', findings, runs)
    line('read and parsed', read, `, peak ${read.peak.toFixed(0)} MiB`)
    line('simulated', simulated, `, peak ${simulated.peak.toFixed(0)} MiB, ${simulated.value} excused, ratio ${(simulated.processor / read.processor).toFixed(1)}`)
    if (runs > 1) console.log(`  kept in memory after 2 runs ${simulated.kept.early.toFixed(1)} MiB, after ${runs} runs ${simulated.kept.late.toFixed(1)} MiB`)
  }
}
