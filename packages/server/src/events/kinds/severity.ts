/** How much an event matters, in the numbers of OpenTelemetry (logs data model, "SeverityNumber") and of OCSF (`severity_id`). */
import { shortType } from '@exeat/core/entry'

export interface Severity {
  readonly number: 9 | 13 | 17 | 21
  readonly text: 'INFO' | 'WARN' | 'ERROR' | 'FATAL'
  readonly ocsf: 1 | 3 | 4 | 5
}

const [info, warning, error, fatal]: readonly [Severity, Severity, Severity, Severity] =
  [{ number: 9, text: 'INFO', ocsf: 1 }, { number: 13, text: 'WARN', ocsf: 3 }, { number: 17, text: 'ERROR', ocsf: 4 }, { number: 21, text: 'FATAL', ocsf: 5 }]

const loud: Readonly<Record<string, Severity>> = {
  'emergency.activated': fatal, 'emergency.overdue': error, 'audit.degraded': error, 'shadow.detected': error, 'optout.asked-after-end': warning, 'optout.rising': warning, 'optout.unexpected': warning, 'optout.drifted': warning, 'point.silent': warning, 'optout.activated': warning, 'policy.changed': warning, 'workspace.changed': warning,
}

export const severityOf = (type: string): Severity => loud[shortType(type)] ?? info
