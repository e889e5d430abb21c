import { readFileSync, readdirSync } from 'node:fs'
import type { Finding, Report } from '@exeat/core'
import { bytesSource, readSarif, spliceSuppressions } from '../../src/index.ts'
import type { SarifAnswer, SarifOptions, SarifSuppression } from '../../src/index.ts'

export const vectors = new URL('../../../../vectors/scanner-outputs/sarif/', import.meta.url)
export const vectorNames = readdirSync(vectors).filter((name) => name.endsWith('.sarif')).toSorted()
export const vector = (name: string): Uint8Array => readFileSync(new URL(name, vectors))

export const bytes = (input: unknown): Uint8Array => new TextEncoder().encode(typeof input === 'string' ? input : JSON.stringify(input))

export const read = (input: unknown, options: SarifOptions = {}): SarifAnswer =>
  readSarif(bytesSource('report.sarif', input instanceof Uint8Array ? input : bytes(input)), options)

export function reports(input: unknown, options: SarifOptions = {}): readonly Report[] {
  const answer = read(input, options)
  if (!answer.ok) throw new Error(JSON.stringify(answer.problems))
  return answer.reports
}

export function code(input: unknown, options: SarifOptions = {}): string {
  const answer = read(input, options)
  if (answer.ok) throw new Error('accepted')
  return answer.problems[0].code
}

export const log = (...runs: unknown[]): unknown => ({ version: '2.1.0', runs })
export const run = (results: unknown, more: Record<string, unknown> = {}): unknown => ({ tool: { driver: { name: 'semgrep' } }, results, ...more })
export const ruled = (results: unknown, rules: unknown, more: Record<string, unknown> = {}): unknown =>
  ({ tool: { driver: { name: 'semgrep', rules } }, results, ...more })

/** The only finding of a log of one run with one result. */
export function finding(input: unknown, options: SarifOptions = {}): Finding {
  const [report, ...others] = reports(input, options)
  const [only, ...more] = report?.findings ?? []
  if (only === undefined || more.length > 0 || others.length > 0) throw new Error('not one finding')
  return only
}

export const at = (artifactLocation: unknown, region?: unknown): unknown =>
  ({ ruleId: 'r', message: { text: 'm' }, locations: [{ physicalLocation: { artifactLocation, region } }] })

export const suppression = (name: string): SarifSuppression => ({
  kind: 'external',
  status: 'accepted',
  justification: `"${name}" \u2028 \\ é😀`,
  properties: { exeat: { optOut: name, uid: 'f'.repeat(64), until: '2026-11-24T10:00:00Z', category: 'waiver', owner: 'a@b.example', evidence: 'none', origin: '.exeat/a.yaml:1' } },
})

/** The file with a suppression on every finding that `excuse` names. */
export function spliced(input: Uint8Array, excuse: (run: number, finding: number) => boolean): { readonly output: Uint8Array; readonly added: number } {
  const source = bytesSource('report.sarif', input)
  const answer = readSarif(source)
  if (!answer.ok) throw new Error(JSON.stringify(answer.problems))
  const pieces: Uint8Array[] = []
  const excused = answer.reports.map((report, index) =>
    new Map(report.findings.flatMap((_, each) => (excuse(index, each) ? [[each, suppression(`o-${index}-${each}`)] as const] : []))))
  const written = spliceSuppressions(source, answer.positions, excused, (piece) => { pieces.push(piece.slice()) })
  if (!written.ok) throw new Error(JSON.stringify(written.problem))
  return { output: Buffer.concat(pieces), added: written.added }
}
