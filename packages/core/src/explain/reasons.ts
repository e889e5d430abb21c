/** Reasons in words (design §9, errors): one lower-case sentence, both sides of a comparison, the remedy apart. */
import { formatInstant } from '../document/time.ts'
import type { Reason, TermRefusal } from '../model/decision.ts'
import type { Instant } from '../model/instant.ts'

export interface Told {
  readonly message: string
  /** What to do about it, where something can be done. */
  readonly hint?: string
}

/** What a reason says at the instant of the run. */
export function tellReason(reason: Reason, now: Instant): Told {
  const tell = tellers[reason.code] as (reason: Reason, now: Instant) => Told
  return tell(reason, now)
}

type Tellers = { readonly [Code in Reason['code']]: (reason: Extract<Reason, { code: Code }>, now: Instant) => Told }

const quoted = (names: readonly string[]): string => names.map((name) => `\`${name}\``).join(', ')
const refusals = (because: readonly TermRefusal[]): string => because.map(({ message }) => message).join('; ')
const hintOf = (because: readonly TermRefusal[]): { readonly hint?: string } => {
  const hint = because.find((refusal) => refusal.hint !== undefined)?.hint
  return hint === undefined ? {} : { hint }
}

const tellers: Tellers = {
  BELOW_THRESHOLD: ({ severity, threshold }) => ({ message: `severity ${severity} is below the threshold ${threshold}` }),
  OPTOUT_APPLIES: ({ optOut, until }) => ({ message: `opt-out \`${optOut}\` applies until ${formatInstant(until)}` }),
  NO_OPTOUT: () => ({ message: 'no opt-out names this control' }),
  TOOL_UNKNOWN: ({ tool }) => ({ message: `\`${tool}\` is no tool that Exeat knows`, hint: 'what an unknown tool finds always blocks' }),
  OPTOUT_NOT_YET: ({ optOut, from }, now) => ({ message: `opt-out \`${optOut}\` begins at ${formatInstant(from)}, evaluated at ${formatInstant(now)}` }),
  OPTOUT_LAPSED: ({ optOut, until }, now) => ({
    message: `opt-out \`${optOut}\` ended at ${formatInstant(until)}, evaluated at ${formatInstant(now)}`,
    hint: `if it is still needed, ask again in a new document with \`renews: ${optOut}\` and a changed reason`,
  }),
  OPTOUT_ENDED: ({ optOut, state, at }) => ({ message: `opt-out \`${optOut}\` was ${state} at ${formatInstant(at)}`, hint: 'ask for a new one' }),
  OPTOUT_OTHER_TARGET: ({ optOut, key, expected, actual }) => ({
    message: `opt-out \`${optOut}\` is for ${key} ${quoted(expected)}, ${actual === undefined ? `and the ${nouns[key]} is unknown` : `this is \`${actual}\``}`,
  }),
  OPTOUT_REFUSED: ({ optOut, because }) => ({ message: `opt-out \`${optOut}\` is refused: ${refusals(because)}`, ...hintOf(because) }),
  OPTOUT_OVER_LIMIT: ({ optOut, limit, matches }) => ({
    message: `opt-out \`${optOut}\` may excuse ${limit} findings and matches ${matches}`,
    hint: 'narrow its targets, fix some of the findings, or raise `limits.findings` where policy allows it',
  }),
  OPTOUT_NOT_IN_IMPACT: ({ optOut }) => ({
    message: `opt-out \`${optOut}\` was approved for other findings than this one`,
    hint: 'record its impact again, and have that approved',
  }),
  POLICY_TIGHTENED: ({ optOut, because }) => ({ message: `policy no longer permits opt-out \`${optOut}\` here: ${refusals(because)}`, ...hintOf(because) }),
  FACT_UNPROVEN: ({ optOut, fact }) => ({
    message: `opt-out \`${optOut}\` names the ${fact}, and nothing proves which one this is`,
    hint: `the workspace asks for proof of this ${fact}; a flag is none`,
  }),
}

const nouns = { repositories: 'repository', environments: 'environment', paths: 'path', resources: 'resource', images: 'image', fingerprints: 'fingerprint' } as const
