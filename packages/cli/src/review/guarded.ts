/** Files that decide what is excused, who may change that, or whether it is asked at all. */
import { type ChangedFile, mentions } from '@exeat/git/change'
import type { Io } from '../edge/io.ts'

const owners = /^(?:\.github\/|\.gitlab\/|docs\/)?CODEOWNERS$/i
const workflows = /^(?:\.github\/(?:workflows|actions)\/.+|\.gitlab-ci\.ya?ml|\.gitlab\/ci\/.+|Jenkinsfile.*|azure-pipelines.*\.ya?ml|\.circleci\/.+|\.buildkite\/.+|action\.ya?ml)$/i

const isGuarded = (path: string): boolean => path === '.exeat/allowed_signers' || owners.test(path)

/** Documents too: whatever a review looks at. */
export const isGovernedFile = (path: string): boolean => /^\.exeat\//i.test(path) || owners.test(path) || workflows.test(path)

/** Files besides documents that a change of governance is; of workflows those that run Exeat, before or after. */
export async function guardedFiles(files: readonly ChangedFile[], io: Io): Promise<readonly string[]> {
  const found: string[] = []
  for (const file of files) {
    // oxlint-disable-next-line no-await-in-loop -- few files are workflows
    if (isGuarded(file.path) || (workflows.test(file.path) && (file.kind !== 'file' || await mentions(io.cwd, file, 'exeat')))) found.push(file.path)
  }
  return found
}
