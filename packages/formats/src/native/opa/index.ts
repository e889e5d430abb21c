/**
 * A bundle's folder for Open Policy Agent: the excused findings as data, and the one rule that reads them. A finding is excused only where every
 * attribute is the same and the clock stands before the end, so the data ends by itself.
 */
import { formatInstant, type Finding } from '@exeat/core'
import { wholeMatch } from '../text.ts'
import type { NativeForm, Row } from '../types.ts'

const compared = ['tool', 'rule', 'path', 'line', 'resource', 'image', 'title', 'message', 'snippet'] as const

const rego = `package exeat

import rego.v1

attributes := ${JSON.stringify(compared)}

# The opt-outs that excuse a finding now.
excuses(finding) := {entry.opt_out |
  some entry in data.exeat.findings
  entry.finding == object.filter(finding, attributes)
  time.now_ns() < time.parse_rfc3339_ns(entry.until)
}

# True where the finding is excused now.
excused(finding) if count(excuses(finding)) > 0
`

const attributes = (finding: Finding): object => Object.fromEntries(compared.flatMap((key) => (finding[key] === undefined ? [] : [[key, finding[key]]])))

const entries = ({ findings, excuse: { by }, ends }: Row): readonly object[] => findings.map(({ finding, fingerprint }) => (
  { opt_out: by.name, uid: by.uid, until: formatInstant(ends), category: by.category, reason: by.reason, fingerprint, finding: attributes(finding) }))

const file = (path: string, value: object): { path: string; content: string } => ({ path, content: `${JSON.stringify(value, undefined, 2)}\n` })

export const opaForm: NativeForm = {
  name: 'opa',
  selfExpiring: true,
  target: (finding) => ({ match: wholeMatch(finding), exact: true, detail: JSON.stringify(attributes(finding)) }),
  render: (rows) => [
    file('.manifest', { revision: '', roots: ['exeat'] }),
    file('exeat/data.json', { findings: rows.flatMap(entries) }),
    { path: 'exeat/exeat.rego', content: rego },
  ],
}
