/**
 * Reading and writing SARIF beside `JSON.parse(readFileSync())` of the same file, each in a process of its own, minimum of some runs.
 * `EXEAT_BENCH_LARGE=1` adds 700 MB, which `JSON.parse` cannot take.
 */
import { execFileSync } from 'node:child_process'
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { generateSarif } from '../packages/testkit/src/sarif-generator.ts'
import type { SampleLog } from '../packages/testkit/src/sarif-generator.ts'
import type { Measured } from './sarif-child.ts'

const vectors = new URL('../vectors/scanner-outputs/', import.meta.url)
const samples = ['semgrepowasp-benchmark-sample', 'codeQL-output', 'bash-report', 'gitleaks_7.5.0']
const child = fileURLToPath(new URL('sarif-child.ts', import.meta.url))

/** Native reports, enlarged by repeating their lists. */
const natives: readonly { readonly file: string; readonly list: readonly (string | number)[] }[] = [
  { file: 'trivy/scheme_2_many_vulns.json', list: ['Results'] },
  { file: 'semgrep/many_vulns.json', list: ['results'] },
  { file: 'anchore_grype/many_vulns3.json', list: ['matches'] },
  { file: 'gitleaks/gitleaks8_many.json', list: [] },
]

export function run(): void {
  const folder = mkdtempSync(join(tmpdir(), 'exeat-bench-'))
  try {
    sarif(folder, 1, 5)
    sarif(folder, 10, 5)
    sarif(folder, 100, 3)
    if (process.env['EXEAT_BENCH_LARGE'] === '1') large(folder, 700)
    for (const native of natives) enlarged(folder, native, 20)
  } finally {
    rmSync(folder, { recursive: true })
  }
}

function sarif(folder: string, megabytes: number, times: number): void {
  const file = join(folder, 'in.sarif')
  const { results } = generated(file, megabytes)
  print(`SARIF of ${megabytes} MB, ${results} results`, measure(['JSON.parse', 'readSarif', 'readSarif and splice'], file, times), megabytes)
  rmSync(file)
}

function large(folder: string, megabytes: number): void {
  const file = join(folder, 'in.sarif')
  const { results } = generated(file, megabytes)
  print(`SARIF of ${megabytes} MB, ${results} results`, measure(['readSarif', 'readSarif and splice'], file, 1), megabytes)
  rmSync(file)
}

function generated(file: string, megabytes: number): { readonly results: number } {
  const logs = samples.map((name) => JSON.parse(readFileSync(new URL(`sarif/${name}.sarif`, vectors), 'utf8')) as SampleLog)
  const descriptor = openSync(file, 'w')
  let pieces: string[] = []
  let length = 0
  const flush = (): void => {
    writeSync(descriptor, pieces.join(''))
    pieces = []
    length = 0
  }
  const made = generateSarif(logs, megabytes * 1e6, (text) => {
    pieces.push(text)
    length += text.length
    if (length > 1e6) flush()
  })
  flush()
  closeSync(descriptor)
  return made
}

function enlarged(folder: string, { file: name, list }: (typeof natives)[number], megabytes: number): void {
  const parsed = JSON.parse(readFileSync(new URL(name, vectors), 'utf8')) as unknown
  const holder = list.reduce<unknown>((value, key) => (value as Record<string | number, unknown>)[key], parsed) as unknown[]
  const once = JSON.stringify(holder).length
  const many = Array.from({ length: Math.max(1, Math.round((megabytes * 1e6) / once)) }, () => holder).flat()
  const [key] = list
  const file = join(folder, 'in.json')
  writeFileSync(file, JSON.stringify(key === undefined ? many : { ...(parsed as object), [key]: many }))
  print(`${name} enlarged to ${megabytes} MB`, measure(['JSON.parse', 'parseStrictJson'], file, 3), megabytes)
  rmSync(file)
}

/** The ways take turns, so that a slow moment of the machine meets all of them. */
function measure(ways: readonly string[], file: string, times: number): Map<string, Measured> {
  const best = new Map<string, Measured>()
  for (let time = 0; time < times; time++) {
    for (const way of ways) {
      const measured = JSON.parse(execFileSync(process.execPath, [child, way, file], { encoding: 'utf8' })) as Measured
      const before = best.get(way)
      if (before === undefined || measured.milliseconds < before.milliseconds) best.set(way, measured)
    }
  }
  return best
}

function print(title: string, best: ReadonlyMap<string, Measured>, megabytes: number): void {
  console.log(`\n${title}`)
  const baseline = best.get('JSON.parse')
  for (const [way, measured] of best) {
    const ratio = baseline === undefined || way === 'JSON.parse' ? '' : `${(measured.milliseconds / baseline.milliseconds).toFixed(2)} x JSON.parse`
    console.log([
      `  ${way.padEnd(22)}`,
      `${measured.milliseconds.toFixed(0).padStart(6)} ms`,
      `${((megabytes * 1000) / measured.milliseconds).toFixed(0).padStart(5)} MB/s`,
      `${measured.megabytes.toFixed(0).padStart(5)} MB peak`,
      ratio,
    ].join('  ').trimEnd())
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) run()
