/** From the gate's answer to a tool's own format. */
import { fingerprints, type PolicySet } from '@exeat/core'
import { ExeatError } from '@exeat/core/error'
import { provenFacts } from '@exeat/core/policy'
import { compileNative, type NativeAnswer, type NativeFinding, type NativeForm } from '@exeat/formats/native'
import { cliProblem } from '../edge/problem.ts'
import type { GateResult } from '../gate/result.ts'
import { sha256 } from '../governance/load.ts'

/** @throws {ExeatError} EXPORT_BLOCKED: findings that are missing from a report could be reached by an entry */
export function compileFor(form: NativeForm, result: GateResult, policySet: PolicySet): NativeAnswer {
  refuseUnbelieved(result)
  const facts = provenFacts(policySet.workspace, result.facts)
  const fingerprintAt = fingerprints(result.reports.flatMap((report) => report.findings), facts.repository?.value.id ?? '', sha256)
  const specs = new Map(result.governance.optOuts.map(({ uid, document }) => [uid, document.spec]))
  const findings = result.decisions.map(({ finding, control, outcome, optOut }, index): NativeFinding => {
    const plain = { finding, control, fingerprint: fingerprintAt(index) }
    if (outcome !== 'excused' || optOut === undefined) return plain
    const answer = policySet.termsFor({
      control,
      ...(facts.environment === undefined ? {} : { environment: facts.environment.value }),
      ...(finding.severity === undefined ? {} : { severity: finding.severity }),
      ...(facts.repository === undefined ? {} : { repository: facts.repository.value.name }),
    })
    const spec = specs.get(optOut.uid)
    return answer.kind === 'refused' ? plain : { ...plain, excuse: { by: optOut, terms: answer.terms, ...(spec === undefined ? {} : { spec }) } }
  })
  return compileNative(form, { findings, now: result.now })
}

function refuseUnbelieved({ blocks }: GateResult): void {
  const [first, ...rest] = blocks.filter(({ code }) => code !== 'TOOL_MISSING').map(({ message, hint }) => cliProblem('EXPORT_BLOCKED', message, hint))
  if (first !== undefined) throw new ExeatError([first, ...rest])
}
