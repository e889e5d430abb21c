import { type CodeEntry, ExeatError, type Problem } from '@exeat/core/error'

const failed = (http: number, summary: string): CodeEntry => ({ exit: 1, http, summary })

/** What can be wrong between Exeat and a forge. */
export const forgeCodes = {
  FORGE_SETTINGS: { exit: 64, http: 400, summary: 'Which forge, repository or change is meant, or by which token it is asked, is missing or written wrong.' },
  FORGE_UNREACHABLE: failed(502, 'The forge gives no answer, or fails, however often it is asked.'),
  FORGE_LIMITED: failed(503, 'The forge takes no more requests for longer than Exeat waits.'),
  FORGE_TOKEN: failed(502, 'The forge does not take the token: it is revoked, has ended, or is none.'),
  FORGE_FORBIDDEN: failed(502, 'The token may not do what a review needs.'),
  FORGE_UNKNOWN: failed(502, 'The forge has no such repository or change, or the token may not see it.'),
  FORGE_MOVED: failed(502, 'The forge answers from another place: a repository was renamed, or the address is not its API.'),
  FORGE_ANSWER: failed(502, 'The forge answers with something that is not understood.'),
  FORGE_CHANGED: failed(409, 'The change got another head while it was read. Run the review again.'),
  FORGE_REPOSITORY: { exit: 3, http: 422, summary: 'The workspace does not name the repository that the change wants to enter, by its number, among its sources.' },
  FORGE_MERGED_OTHERWISE: { exit: 2, http: 422, summary: 'What the merge queue would merge differs in governed files from what was approved.' },
  FORGE_PUSHER: { exit: 4, http: 422, summary: 'The forge does not tell who pushed a change, so that no approval of it counts.' },
  FORGE_WRITER: { exit: 4, http: 422, summary: 'A commit names an address that belongs to no account of the forge. A warning.' },
  FORGE_BOT: { exit: 4, http: 422, summary: 'A program wrote, pushed or opened the change, and whose it is cannot be told. A warning.' },
  FORGE_TEAM: { exit: 4, http: 422, summary: 'The token may not see a team that the workspace maps; nobody was counted as its member. A warning.' },
  FORGE_BRANCH: { exit: 4, http: 422, summary: 'The change wants to enter another branch than the one that governs. A warning.' },
  FORGE_PUBLISH: failed(502, 'A verdict could not be shown at the forge. A warning: the exit code stands.'),
} as const satisfies Record<string, CodeEntry>

export type ForgeCode = keyof typeof forgeCodes

export function forgeProblem(code: ForgeCode, message: string, hint?: string): Problem<ForgeCode> {
  return hint === undefined ? { code, message } : { code, message, hint }
}

export const forgeError = (code: ForgeCode, message: string, hint?: string): ExeatError => new ExeatError([forgeProblem(code, message, hint)])
