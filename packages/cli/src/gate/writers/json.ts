/** `GateResult` (schemas/output/gate-result.v1.json), written piece by piece: a report may hold any number of findings. */
import { formatInstant } from '@exeat/core'
import type { Sink } from '../../edge/output.ts'
import { decisionJson } from '../../text/json.ts'
import { authority, type GateResult, type Logged } from '../result.ts'

export function writeJson(result: GateResult, sink: Sink): void {
  const head = JSON.stringify(headOf(result))
  sink.write(`${head.slice(0, -1)},"decisions":`)
  writeList(result.decisions, decisionJson, sink)
  sink.write(',"suppressions":')
  writeList(result.reports.flatMap((report) => report.suppressions), (suppression) => suppression, sink)
  sink.write('}\n')
}

function headOf(result: GateResult): object {
  const { mode, log, unlogged, now, preview, governance, facts, reports, blocks, warnings, summary, evidence, exit } = result
  const { source, label } = governance
  return {
    schemaVersion: 1,
    kind: 'GateResult',
    mode,
    ...(log === undefined ? {} : { log: logJson(log) }),
    ...(unlogged === undefined ? {} : { unlogged: { ...unlogged, grants: unlogged.grants.map((grant) => ({ ...grant, until: formatInstant(grant.until) })) } }),
    authoritative: false,
    authority,
    evidence,
    evaluatedAt: formatInstant(now),
    ...(preview === undefined ? {} : { preview: { realNow: formatInstant(preview.real), summary: preview.summary } }),
    governance: {
      label,
      ...(source.kind === 'ref' ? { ref: source.ref } : {}),
      ...(source.kind === 'worktree' ? {} : { commit: source.commit, tree: source.tree }),
    },
    facts,
    reports: reports.map(({ input, format, tool, commit, completed, findings, suppressions, statements }) => ({
      input, format, tool, ...(commit === undefined ? {} : { commit }), completed,
      findings: findings.length, suppressions: suppressions.length, statements,
    })),
    summary,
    exit,
    blocks,
    refusedOptOuts: governance.refused,
    warnings,
  }
}

const logJson = ({ issuedAt, notAfter, ...rest }: Logged): object => ({ ...rest, issuedAt: formatInstant(issuedAt), notAfter: formatInstant(notAfter) })

function writeList<T>(items: readonly T[], toJson: (item: T) => unknown, sink: Sink): void {
  sink.write('[')
  items.forEach((item, index) => { sink.write(`${index === 0 ? '' : ','}\n${JSON.stringify(toJson(item))}`) })
  sink.write(']')
}
