import type { CodeEntry } from '@exeat/core'

const usage = (summary: string): CodeEntry => ({ exit: 64, http: 400, summary })
const invalid = (summary: string): CodeEntry => ({ exit: 3, http: 422, summary })
const failed = (summary: string): CodeEntry => ({ exit: 1, http: 500, summary })

/** What can be wrong between the shell and the packages behind the command. */
export const cliCodes = {
  USAGE: usage('An option or argument is unknown, missing or written wrong.'),
  COMMAND_UNKNOWN: usage('There is no command of that name.'),
  COMMAND_LATER: usage('The command comes with a later release.'),
  FLAG_IN_CI: usage('`--worktree` and `--now` are for authors, and refused where `CI` is set.'),
  INSTANT_INVALID: usage('`--now` is no RFC 3339 date-time with an offset.'),
  INSTANT_PAST: usage('`--now` lies in the past; it looks into the future only.'),
  ENVIRONMENT_UNKNOWN: usage('`--env` names an environment that the workspace does not declare.'),
  REPOSITORY_UNKNOWN: usage('`--repo` names a repository that is no source of the workspace.'),
  OPTOUT_UNKNOWN: usage('No opt-out that stands has that name.'),
  OUTPUT_CONFLICT: usage('Outputs and formats do not pair up, or two outputs go to the same place.'),
  INPUT_NONE: usage('No report was given.'),
  INPUT_UNREADABLE: invalid('A report does not exist or may not be read.'),
  INPUT_NOT_A_FILE: invalid('A report is a folder, a pipe or a device.'),
  INPUT_TOO_LARGE: invalid('Standard input is larger than Exeat takes.'),
  INPUT_FAILED: failed('Reading a report failed half-way.'),
  OUTPUT_FAILED: failed('An output could not be written; nothing half-written was left.'),
  FILE_EXISTS: invalid('`exeat init` found a file where it would write one.'),
  TEST_FAILED: invalid('A case of an OptOutTest got another answer than it expects.'),
  TEST_NONE: invalid('There is no OptOutTest to run.'),
  IMPACT_EMPTY: invalid('The opt-out covers no finding of the reports.'),
  THRESHOLD_LOOSER: usage('`--severity-threshold` asks for less than the workspace; it had no effect. A warning.'),
  LINT_LAPSED_LONG_AGO: invalid('An opt-out ended more than 90 days ago. A warning.'),
  LINT_LAPSED: invalid('An opt-out has ended. A warning.'),
  LINT_NOT_YET: invalid('An opt-out has not begun. A warning.'),
  LINT_EXPIRING: invalid('An opt-out ends within 7 days. A warning.'),
  LINT_OVER_BROAD: invalid('An opt-out limits itself neither by path, resource, image nor fingerprint. A warning.'),
  LINT_DUPLICATE: invalid('Two opt-outs excuse the same. A warning.'),
  LINT_REFUSED: invalid('The policies in force refuse an opt-out. A warning.'),
  LINT_UNTESTED: invalid('No test case touches a policy. A warning.'),
  STATE_UNUSABLE: failed('What Exeat remembers of a log could not be read or kept.'),
  SAVED_CHECKPOINT: invalid('A checkpoint of an earlier time, kept or given with `--since`, does not verify under the pinned keys.'),
  EXPORT_TARGET: invalid('The folder to export to holds something else, or another run writes there.'),
  WITNESS_KEY: invalid('The key file of a witness is missing, open to other users, or holds no key of a witness.'),
  WITNESS_STATE: failed('What a witness remembers is missing, exists already, or cannot be used.'),
  WITNESS_LISTEN: failed('A witness cannot listen where it was told to.'),
  INTERNAL: failed('Exeat failed in a way it does not know. Nothing was excused.'),
} as const satisfies Record<string, CodeEntry>

export type CliCode = keyof typeof cliCodes
