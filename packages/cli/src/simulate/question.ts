/** What a simulation is asked: plain data and open files, so that it can run where nothing else can be reached. */
import type { Files } from '@exeat/git/files'
import type { ByteSource } from '@exeat/formats'

export interface SimulateQuestion {
  /** Milliseconds since the epoch. */
  readonly now: number
  /** The opt-out whose effect is asked; absent: what `head` changes. */
  readonly optOut?: string
  readonly environments?: readonly string[]
  readonly repository?: string
  /** As the remote `origin` spells it. */
  readonly remote?: string
  readonly tolerance: number
  readonly suggest: boolean
  /** Findings named in each list of the answer. */
  readonly samples: number
  /** Each report is a run of its own. */
  readonly each: boolean
  readonly label: string
  readonly base: Files
  readonly head?: Files
  readonly format?: string
  /** What the changed opt-outs alone excuse is compiled to this tool's own form too. */
  readonly native?: string
  /** Absolute folder that the tools ran in. */
  readonly root: string
}

/** With the reports, each opened as late as can be. */
export interface OpenQuestion extends SimulateQuestion {
  readonly reports: readonly ByteSource[]
}
