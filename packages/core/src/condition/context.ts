/** The values that one evaluation reads, as CEL has them: integers as bigint, instants made by the library, absent members left out. */
import type { OptOut } from '../document/schema.ts'
import type { Finding } from '../model/finding.ts'
import type { Instant } from '../model/instant.ts'
import type { Person, StageInput } from './types.ts'

/** Makes the library's timestamp of an instant. */
export type MakeTimestamp = (instant: Instant) => unknown

export interface Context {
  readonly [name: string]: unknown
}

/** Drops absent members; no prototype, so that no inherited name can be read. */
function members(values: Readonly<Record<string, unknown>>): Context {
  const kept = Object.create(null) as Record<string, unknown>
  for (const name of Object.keys(values)) if (values[name] !== undefined) kept[name] = values[name]
  return kept
}

const integer = (value: number | undefined): bigint | undefined => (value === undefined || !Number.isSafeInteger(value) ? undefined : BigInt(value))

/** Makes contexts; those of opt-outs are kept as long as the document is. */
export function contextMaker(timestamp: MakeTimestamp): (input: StageInput) => Context {
  const optOuts = new WeakMap<OptOut, Context>()
  return (input) => {
    const optOut = optOuts.get(input.optOut) ?? optOutContext(input.optOut, timestamp)
    optOuts.set(input.optOut, optOut)
    return contextOf(input, optOut, timestamp)
  }
}

function contextOf(input: StageInput, optOut: Context, timestamp: MakeTimestamp): Context {
  const { facts, finding, now } = input
  return members({
    optOut,
    requester: personContext(input.requester),
    approver: personContext(input.approver),
    activator: personContext(input.activator),
    facts: members({ environment: facts?.environment?.value, repository: facts?.repository?.value.name }),
    finding: finding === undefined ? undefined : findingContext(finding),
    now: now === undefined ? undefined : timestamp(now),
  })
}

function optOutContext({ metadata, spec }: OptOut, timestamp: MakeTimestamp): Context {
  const { name } = metadata
  const { controls, category, reason, ticket, compensatingControl, owner, renews, targets, window, limits } = spec
  return members({
    name, controls, category, reason, ticket, compensatingControl, owner, renews,
    targets: members(targets ?? {}),
    window: members({ from: timestamp(window.from), until: timestamp(window.until) }),
    limits: members({ findings: integer(limits?.findings), uses: integer(limits?.uses) }),
  })
}

function findingContext(finding: Finding): Context {
  const { tool, rule, severity, title, message, path, resource, image } = finding
  return members({ control: `${tool}/${rule}`, tool, rule, severity, title, message, path, line: integer(finding.line), resource, image })
}

const personContext = (person: Person | undefined): Context | undefined => (person === undefined ? undefined : members({ groups: person.groups }))

/** The first of the paths that nobody could tell: not absent from a document or a finding, but unknown. */
export function unknownOf(reads: readonly string[], input: StageInput): string | undefined {
  return reads.find((path) => {
    const [root] = path.split('.')
    switch (root) {
      case 'requester': return input.requester === undefined
      case 'approver': return input.approver === undefined
      case 'activator': return input.activator === undefined
      case 'finding': return input.finding === undefined
      case 'now': return input.now === undefined
      case 'facts': return path === 'facts.environment' ? input.facts?.environment === undefined : input.facts?.repository === undefined
      default: return false
    }
  })
}
