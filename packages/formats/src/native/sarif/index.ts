/** SARIF 2.1.0 of all findings, the excused ones with a suppression: a record of one run, in which everything stays evaluated and shown. */
import type { ExcusedBy, Finding } from '@exeat/core'
import { toSarif } from '../../sarif/index.ts'
import { wholeMatch } from '../text.ts'
import type { NativeFinding, NativeForm, Row } from '../types.ts'

export const sarifForm: NativeForm = {
  name: 'sarif',
  selfExpiring: true,
  record: true,
  target: (finding) => ({ match: wholeMatch(finding), exact: true, detail: JSON.stringify([finding.message, finding.snippet]) }),
  render(rows, { findings }) {
    const tools = [...new Set(findings.map(({ finding }) => finding.tool))].sort()
    const log = toSarif(tools.map((tool) => decided(tool, findings.filter(({ finding }) => finding.tool === tool), rows)))
    return [{ path: 'exeat.sarif', content: `${JSON.stringify(log, undefined, 2)}\n` }]
  },
}

function decided(tool: string, findings: readonly NativeFinding[], rows: readonly Row[]): Parameters<typeof toSarif>[0][number] {
  const excuses = new Map<Finding, ExcusedBy>(rows.flatMap((row) => row.findings.map(({ finding }): [Finding, ExcusedBy] => [finding, row.excuse.by])))
  return {
    report: { input: '-', format: 'sarif', tool, completed: true, findings: findings.map(({ finding }) => finding), suppressions: [], statements: [] },
    excused: new Map([...findings.entries()].flatMap(([index, { finding }]) => {
      const by = excuses.get(finding)
      return by === undefined ? [] : [[index, by] as const]
    })),
    fingerprints: new Map([...findings.entries()].map(([index, { fingerprint }]) => [index, fingerprint])),
  }
}
