import type { CodeEntry } from './problem.ts'

const invalid = (summary: string): CodeEntry => ({ exit: 3, http: 422, summary })

/** Why a document is refused on its own, whatever else the workspace holds. */
export const documentCodes = {
  DOCUMENT_NOT_A_MAPPING: invalid('A document is not a mapping with apiVersion, kind, metadata and spec.'),
  DOCUMENT_KIND: invalid('A document has no kind, or one that Exeat does not know.'),
  DOCUMENT_API_VERSION: invalid('A document has no apiVersion, or one that this release does not read.'),
  DOCUMENT_KEY_UNKNOWN: invalid('A document has a key that its kind does not know.'),
  DOCUMENT_KEY_MISSING: invalid('A document lacks a key that its kind demands.'),
  DOCUMENT_TYPE: invalid('A value is of another type than its key takes.'),
  DOCUMENT_VALUE: invalid('A value is none of those that its key takes.'),
  DOCUMENT_FORMAT: invalid('A string is not written as its key demands: a DNS label, a digest, an identifier.'),
  DOCUMENT_RANGE: invalid('A number is out of range, or a text is empty or too long.'),
  DOCUMENT_LIST_EMPTY: invalid('A list is empty; leave the key out to mean any.'),
  DOCUMENT_LIST_SHORT: invalid('A list has fewer entries than it needs.'),
  DOCUMENT_CHARACTER: invalid('A string holds a character that is invisible, reorders text, or passes for another.'),
  DOCUMENT_NOT_NFC: invalid('A string is not in Unicode normalisation form C.'),
  DOCUMENT_INSTANT: invalid('An instant lacks its time or offset, or is no RFC 3339 date-time.'),
  DOCUMENT_DURATION: invalid('A duration is not written in minutes, hours or days.'),
  WINDOW_REVERSED: invalid('A window does not end after it begins.'),
  EMERGENCY_UNLIMITED: invalid('An emergency opt-out states no limits.findings.'),
  EMERGENCY_TOO_LONG: invalid('An emergency opt-out lasts longer than 4 hours.'),
  FINGERPRINT_ALONE: invalid('Fingerprints stand without a path or a resource.'),
  PATTERN_INVALID: invalid('A pattern is outside the dialect: `*`, `**`, `?`, `{a,b}`.'),
  PATTERN_NO_LITERAL: invalid('A pattern has no literal character and would match anything.'),
  CONTROL_SHAPE: invalid('A control is not written `tool/rule`.'),
  CONTROL_TOOL_UNKNOWN: invalid('A control names a tool that Exeat does not know.'),
  ENVIRONMENT_UNPROVEN: invalid('A protected environment takes somebody\'s word for it: `proof: asserted`.'),
  PERSON_TWICE: invalid('One identity stands with two people, or twice with one.'),
} as const satisfies Record<string, CodeEntry>

/** What is wrong between documents that are right by themselves. */
export const governanceCodes = {
  WORKSPACE_MISSING: invalid('No Workspace document was found.'),
  WORKSPACE_REPEATED: invalid('There is more than one Workspace document.'),
  NAME_REUSED: invalid('Two documents of a kind have the same name.'),
  GROUP_UNKNOWN: invalid('A policy or the workspace names a group that the workspace does not list.'),
  ALERT_UNKNOWN: invalid('A policy names an alert sink that the workspace does not list.'),
  IDENTITY_REPEATED: invalid('Two identity providers or workloads of a workspace have one name or issuer.'),
  QUORUM_IMPOSSIBLE: invalid('An approval asks for more people than its groups have.'),
  OPTOUT_ENVIRONMENT_UNKNOWN: invalid('An opt-out names an environment that the workspace does not declare.'),
  OPTOUT_REPOSITORY_UNKNOWN: invalid('An opt-out names a repository that is no source of the workspace.'),
} as const satisfies Record<string, CodeEntry>

export type DocumentCode = keyof typeof documentCodes
export type GovernanceCode = keyof typeof governanceCodes
