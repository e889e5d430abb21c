/**
 * OpenVEX 0.2.0. Readers suppress what is `not_affected`; a waiver or an emergency says nothing of the kind, and writing it would be a false
 * statement to others, so only `mitigated` and `false-positive` have a form. A statement knows no end and no path.
 */
import { type Finding, formatInstant } from '@exeat/core'
import { oneLine, versioned } from '../text.ts'
import type { NativeExcuse, NativeForm, Row, Target } from '../types.ts'

function target({ rule, resource }: Finding, { by }: NativeExcuse): Target | string {
  if (by.category !== 'mitigated' && by.category !== 'false-positive') return `\`${by.category}\` does not mean that the product is not affected`
  if (!/^[A-Z][A-Z0-9]*-[\w.:-]+$/u.test(rule)) return 'it is no vulnerability'
  return versioned(resource) ? { match: { rule, resource }, exact: false } : 'it names no package URL with a version'
}

const statement = ({ target: { match }, excuse: { by } }: Row): object => ({
  vulnerability: { name: match.rule },
  products: [{ '@id': match.resource }],
  status: 'not_affected',
  ...(by.category === 'mitigated' ? { justification: 'inline_mitigations_already_exist' } : {}),
  impact_statement: oneLine(`${by.name} (until ${formatInstant(by.until)}): ${by.reason}`),
})

export const openVexForm: NativeForm = {
  name: 'openvex',
  selfExpiring: false,
  target,
  render(rows, { now, exportAgainBy }) {
    const document = {
      '@context': 'https://openvex.dev/ns/v0.2.0', '@id': `https://exeat.dev/vex/${now}`, author: 'Exeat', timestamp: formatInstant(now), version: 1,
      ...(exportAgainBy === undefined ? {} : { tooling: `exeat export; not evaluated while excused; export again by ${formatInstant(exportAgainBy)}` }),
      statements: rows.map(statement),
    }
    return [{ path: 'exeat.openvex.json', content: `${JSON.stringify(document, undefined, 2)}\n` }]
  },
}
