/** One changed opt-out over all runs: what it declares, what was meant, what else it would let through, and what turns red when it ends. */
import { formatInstant } from '../document/time.ts'
import type { Problem } from '../error/problem.ts'
import type { HexDigest } from '../model/digest.ts'
import type { ImpactCode } from './codes.ts'
import { declaredBy } from './declared.ts'
import { canariesOf, type Deciders, missesOf, redAgainOf, type Run, scopeOf } from './gather.ts'
import { impactDigest, maxFingerprints } from './impact.ts'
import { narrowest } from './narrow.ts'
import type { SimulatedOptOut, Simulation } from './report.ts'
import type { ChangedOptOut, SimulationQuestion } from './simulate.ts'

type Told = Simulation['problems'][number]

export interface Watched {
  run(run: Run): void
  answer(): { readonly optOut: SimulatedOptOut; readonly problems: Told[] }
}

export function watch(changed: ChangedOptOut, question: SimulationQuestion, deciders: Deciders): Watched {
  const { optOut, change } = changed
  const declared = declaredBy(optOut, question.policySet)
  const scope = scopeOf(optOut, question.samples)
  const canaries = canariesOf(optOut, question, deciders)
  const misses = missesOf(optOut)
  const red = redAgainOf(optOut, question, deciders)
  return {
    run(run) {
      const { inScope, beside } = declared(run.findings, run.facts, run.fingerprintAt)
      scope.add(run, inScope)
      if (change === 'removed') return
      canaries.add(run, inScope)
      misses.add(run, [...inScope, ...beside])
      red.add(run)
    },
    answer() {
      const { overflow, besides, meant, ...gathered } = scope.result()
      const { spec, metadata } = optOut.document
      const narrowed = question.suggest && change !== 'removed' ? narrowest(optOut.document, meant, besides) : undefined
      const told: SimulatedOptOut = {
        name: metadata.name, change, document: optOut.digest, from: formatInstant(spec.window.from), until: formatInstant(spec.window.until), owner: spec.owner,
        refused: refusedIn(question, metadata.name), impact: impactOf(changed, scope.prints, overflow, question),
        ...(spec.limits?.findings === undefined ? {} : { limit: spec.limits.findings }), ...gathered,
        nearMisses: misses.result(), redAgain: { at: formatInstant(spec.window.until), ...red.result() }, canaries: canaries.result(),
        untold: { nearMisses: misses.left(), neighbours: canaries.left() },
        ...(narrowed === undefined ? {} : { suggestion: narrowed }),
      }
      return { optOut: told, problems: change === 'removed' ? [] : problemsOf(told, overflow, question.tolerance) }
    },
  }
}

/** What `exeat impact` would record of these findings, held against what is recorded. */
function impactOf({ optOut, recorded, assumed }: ChangedOptOut, prints: ReadonlySet<HexDigest>, overflow: boolean, { tolerance, sha256 }: SimulationQuestion): NonNullable<SimulatedOptOut['impact']> {
  const { impact } = optOut
  const added = impact === undefined ? 0 : [...prints].filter((each) => !impact.has(each)).length
  const gone = impact === undefined ? 0 : [...impact].filter((each) => !prints.has(each)).length
  return {
    ...(prints.size === 0 || overflow ? {} : { digest: impactDigest({ schemaVersion: 1, kind: 'Impact', optOut: optOut.digest, fingerprints: [...prints].sort() }, sha256) }),
    fingerprints: prints.size, ...(recorded === undefined ? {} : { recorded }), assumed: assumed === true, stale: added + gone > tolerance, added, gone,
  }
}

const refusedIn = ({ after }: SimulationQuestion, name: string): SimulatedOptOut['refused'] =>
  after.refused.filter(({ document }) => document.metadata.name === name).flatMap(({ because }) => because)
    .map(({ code, term, message, hint }) => ({ code, term, message, ...(hint === undefined ? {} : { hint }) }))

function problemsOf({ name, impact, limit, measured }: SimulatedOptOut, overflow: boolean, tolerance: number): Told[] {
  const told: Told[] = []
  const tell = (severity: Told['severity'], { code, message, hint }: Problem<ImpactCode>): void => { told.push({ severity, code, message, ...(hint === undefined ? {} : { hint }) }) }
  if (measured === 0) tell('warning', { code: 'IMPACT_NOTHING', message: `opt-out \`${name}\` covers no finding of these reports that would block`, hint: 'compare its controls and targets with what `exeat gate` prints' })
  if (overflow) tell('error', { code: 'IMPACT_TOO_LARGE', message: `opt-out \`${name}\` covers more than the ${maxFingerprints} findings that one impact may name`, hint: 'narrow it: `--suggest`' })
  if (impact?.stale === true) {
    tell('error', { code: 'IMPACT_STALE', message: `opt-out \`${name}\` covers ${impact.added} findings that its recorded impact lacks, and ${impact.gone} that it names are gone: ${impact.added + impact.gone} against a tolerance of ${tolerance}`,
      hint: `record it anew and have it approved anew: \`exeat impact ${name} REPORTS --write\`` })
  }
  if (limit !== undefined && measured > limit) {
    tell('error', { code: 'IMPACT_LIMIT_BELOW', message: `\`limits.findings\` of opt-out \`${name}\` is ${limit}, and ${measured} findings were measured`, hint: `narrow the scope, or state \`limits: { findings: ${measured} }\`` })
  }
  if (limit !== undefined && measured > 0 && limit > measured) {
    tell('warning', { code: 'IMPACT_LIMIT_ABOVE', message: `\`limits.findings\` of opt-out \`${name}\` is ${limit}, and ${measured} findings were measured`, hint: `state \`limits: { findings: ${measured} }\`` })
  }
  return told
}
