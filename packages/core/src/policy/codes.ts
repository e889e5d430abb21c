import type { CodeEntry } from '../error/problem.ts'

const invalid = (summary: string): CodeEntry => ({ exit: 3, http: 422, summary })

/** What makes a policy set invalid. One of these refuses the run (rule 8). */
export const policyCodes = {
  POLICY_NAME_REUSED: invalid('Two policies have the same name.'),
  POLICY_CONTROL_INVALID: invalid('A control pattern can match no control or is not a pattern.'),
  POLICY_TOOL_UNKNOWN: invalid('A policy names a tool that Exeat does not know.'),
  POLICY_ENVIRONMENT_UNKNOWN: invalid('A policy names an environment that the workspace does not declare.'),
  POLICY_NEEDS_UNPROTECTED: invalid('`none` or `anyone` in a policy that does not name unprotected environments alone.'),
  POLICY_APPROVAL_REPEATED: invalid('A policy asks twice for approval by the same groups.'),
  POLICY_TICKET_INVALID: invalid('`requires.ticket` is no RE2 regular expression.'),
  POLICY_EMERGENCY_TOO_LONG: invalid('An emergency may last 4 hours at most.'),
  POLICY_ENGINE_MISSING: { exit: 1, http: 500, summary: 'A policy needs the condition or regular expression engine, and it was not loaded.' },
  CONDITION_SYNTAX: invalid('A condition does not parse.'),
  CONDITION_TYPE: invalid('A condition does not type-check against what exists at its stage.'),
  CONDITION_NOT_ALLOWED: invalid('A condition uses a part of CEL that Exeat leaves out.'),
  CONDITION_TOO_COSTLY: invalid('A condition could take too long.'),
  ALIAS_INVALID: invalid('An alias is not the name of one control.'),
  GATE_ENVIRONMENT_UNKNOWN: invalid('A gate names an environment that the workspace does not declare.'),
  GATE_REPOSITORY_UNKNOWN: invalid('A gate names a repository that is no source of the workspace.'),
  GATE_TOOL_UNKNOWN: invalid('A gate names a tool that Exeat does not know.'),
  AUTHORITY_SOURCE_UNKNOWN: invalid('A document comes from a repository that the workspace does not list.'),
  AUTHORITY_KIND: invalid('A source brings a document that only the governance repository may hold.'),
  AUTHORITY_OTHER_REPOSITORY: invalid('A source brings an opt-out that reaches beyond its own repository.'),
} as const satisfies Record<string, CodeEntry>

export type PolicyCode = keyof typeof policyCodes
