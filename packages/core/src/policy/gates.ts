/** What the workspace asks of a run: thresholds and required tools. Each entry covers a run in three values (design §4). */
import type { Workspace } from '../document/schema.ts'
import type { Truth } from '../model/facts.ts'
import { type Severity, severities } from '../model/finding.ts'

type Gate = NonNullable<Workspace['spec']['gates']>[number]

/** Severity below which findings of `tool` pass. What might cover the run tightens; only what does cover it lets anything pass. */
export function thresholdOf(gates: readonly Gate[], tool: string, repository: string | undefined, environment: string | undefined, canonical: (tool: string) => string): Severity | undefined {
  const entries = gates.flatMap((gate) => {
    const truth = covers(gate, repository, environment)
    return (gate.thresholds ?? []).filter((entry) => entry.tools === undefined || entry.tools.some((name) => canonical(name) === tool))
      .map((entry) => ({ truth, severity: entry.severity }))
  })
  if (!entries.some((entry) => entry.truth === 'true')) return undefined
  return severities.find((severity) => entries.some((entry) => entry.truth !== 'false' && entry.severity === severity))
}

/** Tools that must report, sorted. */
export function requiredToolsOf(gates: readonly Gate[], repository: string | undefined, environment: string | undefined, canonical: (tool: string) => string): readonly string[] {
  const tools = gates.filter((gate) => covers(gate, repository, environment) !== 'false').flatMap((gate) => gate.requiredTools ?? [])
  return [...new Set(tools.map(canonical))].sort()
}

/** Whether any gate that covers the run, or might, asks for attested reports. */
export function attestationAsked(gates: readonly Gate[], repository: string | undefined, environment: string | undefined): boolean {
  return gates.some((gate) => gate.attested === true && covers(gate, repository, environment) !== 'false')
}

function covers(gate: Gate, repository: string | undefined, environment: string | undefined): Truth {
  const axes = [listed(gate.repositories, repository), listed(gate.environments, environment)]
  if (axes.includes('false')) return 'false'
  return axes.includes('unknown') ? 'unknown' : 'true'
}

function listed(list: readonly string[] | undefined, value: string | undefined): Truth {
  if (list === undefined) return 'true'
  return value === undefined ? 'unknown' : list.includes(value) ? 'true' : 'false'
}
