/** What an opt-out declares: by controls and targets alone, whatever its window, its impact and its terms say. */
import { indexControls } from '../decide/index-controls.ts'
import { entriesOf, type Entry } from '../decide/entry.ts'
import { missedKeys, type Place } from '../decide/scope.ts'
import { controlOf } from '../control/tools.ts'
import { fingerprints } from '../finding/fingerprint.ts'
import type { HexDigest, Sha256 } from '../model/digest.ts'
import type { Facts } from '../model/facts.ts'
import type { Finding } from '../model/finding.ts'
import type { StandingOptOut } from '../model/optout.ts'
import type { PolicySet } from '../policy/types.ts'

export interface DeclaredRun {
  /** Indexes of the findings in the opt-out's declared scope, ascending. */
  readonly inScope: readonly number[]
  /** Of those whose control it names while something else misses. */
  readonly beside: readonly number[]
}

export type Declared = (findings: readonly Finding[], facts: Facts, fingerprintAt: (index: number) => HexDigest) => DeclaredRun

/** Made ready for many runs. A finding that lacks an attribute is in no scope that names it (rule 9). */
export function declaredBy(optOut: StandingOptOut, policySet: PolicySet): Declared {
  const entries = entriesOf({ active: [], ended: [], refused: [{ ...optOut, because: [] }] }, policySet.workspace)
  const names = rememberedNames(entries, policySet)
  return (findings, facts, fingerprintAt) => {
    const inScope: number[] = []
    const beside: number[] = []
    for (const [index, finding] of findings.entries()) {
      const control = controlOf(finding)
      const [entry] = names(control)
      if (entry === undefined) continue
      const place: Place = { finding, control, facts, claimed: facts, fingerprint: () => fingerprintAt(index) }
      if (missedKeys(entry, place).length === 0) inScope.push(index)
      else beside.push(index)
    }
    return { inScope, beside }
  }
}

/** Gathers the fingerprints that an opt-out declares over many runs: what `exeat impact` would record. */
export function measurer(optOut: StandingOptOut, policySet: PolicySet, sha256: Sha256): { run(findings: readonly Finding[], facts: Facts): void; readonly impact: ReadonlySet<HexDigest> } {
  const declared = declaredBy(optOut, policySet)
  const impact = new Set<HexDigest>()
  return {
    impact,
    run(findings, facts) {
      const fingerprintAt = fingerprints(findings, facts.repository?.value.id ?? '', sha256)
      for (const index of declared(findings, facts, fingerprintAt).inScope) impact.add(fingerprintAt(index))
    },
  }
}

/** Whether its terms refuse it until an impact is recorded. */
export function needsImpact(optOut: StandingOptOut, policySet: PolicySet): boolean {
  if (optOut.impact !== undefined) return false
  const answer = policySet.termsForOptOut(optOut.document)
  return answer.kind === 'permitted' && answer.terms.requires.impact.value
}

/** The same for one list of findings, each with its fingerprint. */
export function declaredFindings(optOut: StandingOptOut, findings: readonly Finding[], facts: Facts, policySet: PolicySet, sha256: Sha256): readonly { readonly finding: Finding; readonly fingerprint: HexDigest }[] {
  const fingerprintAt = fingerprints(findings, facts.repository?.value.id ?? '', sha256)
  return declaredBy(optOut, policySet)(findings, facts, fingerprintAt).inScope.flatMap((index) => {
    const finding = findings[index]
    return finding === undefined ? [] : [{ finding, fingerprint: fingerprintAt(index) }]
  })
}

/** Rules remembered at most: they come from what reports say. */
const mostControls = 20_000

function rememberedNames(entries: readonly Entry[], policySet: PolicySet): (control: string) => readonly Entry[] {
  const byControl = indexControls(entries, policySet.sameControls)
  const known = new Map<string, readonly Entry[]>()
  return (control) => {
    let found = known.get(control)
    if (found === undefined) {
      if (known.size >= mostControls) known.clear()
      known.set(control, found = byControl(control).flatMap((named) => named.entries))
    }
    return found
  }
}
