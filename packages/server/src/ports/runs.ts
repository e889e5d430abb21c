/** Recorded runs: reports of tools with where and when they were made, beside the log and for a while. Nothing that is decided rests on them. */
import type { RecordedRun, RunReports, RunsAnswer, RunsQuery } from '@exeat/core/wire'

export interface NewRun extends Pick<RecordedRun, 'repository' | 'commit' | 'proven' | 'by' | 'findings'> {
  readonly environment?: string
  readonly root?: string
  readonly reports: readonly { readonly name: string; readonly format?: string; readonly bytes: Uint8Array; readonly digest: string }[]
}

export interface Runs {
  /** The same reports of the same commit in the same place are one run, however often they come. Undefined: this server keeps none. */
  readonly keep: (run: NewRun) => Promise<RecordedRun | undefined>
  /** The oldest first. */
  readonly list: (query: RunsQuery) => Promise<RunsAnswer>
  /** The newest of a commit that a job's token proved, in this environment or before one was known. */
  readonly latest: (of: { readonly repositoryId: string; readonly commit: string; readonly environment: string }) => Promise<RecordedRun | undefined>
  /** Takes away what is older than is kept now, and everything where nothing is: a few at a time. */
  readonly prune: () => Promise<void>
  readonly reportsOf: (id: string) => Promise<RunReports | undefined>
}
