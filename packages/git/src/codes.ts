import type { CodeEntry } from '@exeat/core'

const failed = (http: number, summary: string): CodeEntry => ({ exit: 1, http, summary })
const invalid = (summary: string): CodeEntry => ({ exit: 3, http: 422, summary })
const usage = (summary: string): CodeEntry => ({ exit: 64, http: 400, summary })

/** Why governance cannot be read from a repository, or only in part. */
export const gitCodes = {
  GIT_MISSING: failed(500, 'The command `git` is not on PATH.'),
  TREE_TOO_LARGE: failed(422, 'A tree has more files, or larger ones, than are copied to try a tool on.'),
  GIT_FAILED: failed(500, '`git` ended with an error that Exeat does not know.'),
  GIT_TIMEOUT: failed(504, '`git` did not answer in time.'),
  REPOSITORY_MISSING: failed(404, 'The folder is not in a git repository.'),
  REPOSITORY_UNTRUSTED: failed(403, 'git refuses the repository because another user owns it.'),
  REPOSITORY_DAMAGED: failed(500, 'An object is missing from the repository or is not what its id says.'),
  REF_MISSING: failed(404, 'The protected ref is not in this clone.'),
  REF_UNBORN: failed(404, 'The branch has no commit yet.'),
  REF_INVALID: usage('The text given as a ref is no ref name.'),
  REF_AMBIGUOUS: usage('The name is that of several branches.'),
  REF_NOT_A_BRANCH: invalid('The ref is a tag, a commit id or something else that is not a branch.'),
  REF_NOT_PROTECTED: invalid('The workspace names another branch as its protected ref.'),
  GOVERNANCE_MISSING: invalid('There is no `.exeat` folder where governance is read.'),
  GOVERNANCE_TOO_LARGE: invalid('`.exeat` holds too many files or too many bytes.'),
  GOVERNANCE_ENTRY_REFUSED: invalid('`.exeat` holds a symbolic link, a submodule or something else that is not a file.'),
  GOVERNANCE_NAME_REFUSED: invalid('A file in `.exeat` has a name that cannot be shown or that escapes the folder.'),
  REMOTE_REFUSED: usage('The URL of a remote repository is none that is spoken to: https, ssh and file are.'),
  WORKTREE_MISSING: failed(404, 'There is no work tree to read.'),
  WORKTREE_UNREADABLE: failed(500, 'A file of the work tree cannot be read.'),
  FILE_IGNORED: invalid('A file in `.exeat` is none that Exeat reads. A warning.'),
  IMPACT_NAME: invalid('The name of an impact is not its digest. It excuses nothing; the run goes on.'),
  IMPACT_REPEATED: invalid('An opt-out has several impacts. None excuses anything; the run goes on.'),
  IMPACT_UNUSED: invalid('An impact belongs to no opt-out that stands. A warning.'),
  HISTORY_CUT_OFF: failed(500, 'The clone is shallow, and signatures are judged by the history of the protected branch.'),
  CHANGE_UNRELATED: failed(422, 'A change has no single commit at which it parted from the branch that it wants to enter.'),
  QUARANTINE_REFUSED: failed(500, 'A hook names a folder of pushed objects that is none of this repository\'s.'),
  CACHE_REFUSED: failed(500, 'The cache folder is not private to the user, so it is not used. A warning.'),
} as const satisfies Record<string, CodeEntry>

export type GitCode = keyof typeof gitCodes
