/** What conditions may read and call: one table for the type checker, the allow-list and the suggestions. */
import type { Stage } from './types.ts'

export type Kind = 'string' | 'int' | 'timestamp' | 'strings'
export interface Shape {
  readonly [member: string]: Kind | Shape
}

const person: Shape = { groups: 'strings' }

const optOut: Shape = {
  name: 'string', controls: 'strings', category: 'string', reason: 'string', ticket: 'string', compensatingControl: 'string', owner: 'string', renews: 'string',
  targets: { repositories: 'strings', environments: 'strings', paths: 'strings', resources: 'strings', images: 'strings', fingerprints: 'strings' },
  window: { from: 'timestamp', until: 'timestamp' },
  limits: { findings: 'int', uses: 'int' },
}

const finding: Shape = {
  control: 'string', tool: 'string', rule: 'string', severity: 'string', title: 'string', message: 'string', path: 'string', line: 'int', resource: 'string', image: 'string',
}

/** What every opt-out states: reading it cannot fail. */
export const always: ReadonlySet<string> = new Set([
  'optOut.name', 'optOut.controls', 'optOut.category', 'optOut.reason', 'optOut.owner', 'optOut.window.from', 'optOut.window.until',
])

/** Facts are names; one that the run lacks, or cannot prove where the workspace asks for proof, is unknown. */
const facts: Shape = { environment: 'string', repository: 'string' }

/** Variables of each stage. `now` is the instant of the act, or of the decision. */
export const variables: Readonly<Record<Stage, Shape>> = {
  request: { optOut, requester: person, now: 'timestamp' },
  approve: { optOut, requester: person, approver: person, now: 'timestamp' },
  activate: { optOut, requester: person, activator: person, now: 'timestamp' },
  decide: { optOut, facts, finding, now: 'timestamp' },
}

/** `f(x)`. */
export const functions: ReadonlySet<string> = new Set(['duration', 'glob', 'has', 'size', 'timestamp'])

/** `x.f()`; the readers of a timestamp take no time zone, so that the answer is UTC on every host. */
export const methods: ReadonlySet<string> = new Set([
  'contains', 'endsWith', 'getDate', 'getDayOfMonth', 'getDayOfWeek', 'getFullYear', 'getHours', 'getMilliseconds', 'getMinutes', 'getMonth', 'getSeconds', 'size', 'startsWith',
])

/** `list.f(x, predicate)`. */
export const macros: ReadonlySet<string> = new Set(['all', 'exists', 'exists_one', 'filter'])
