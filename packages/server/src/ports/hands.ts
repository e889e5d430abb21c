/** Who had a hand in what came to the protected branch, beyond what git knows: who pushed it, who opened the change, and whose programs did. */
import type { Identity } from '@exeat/core'

export interface Brought {
  readonly commit: string
  /** That commit and what the branch was afterwards, as its first-parent history has it. */
  readonly since: () => Promise<readonly string[]>
}

/** `ref`: full name of the protected branch. @throws {ExeatError} where it cannot be told: nobody is taken for a stranger because nobody answers */
export type AskHands = (ref: string, brought: readonly Brought[]) => Promise<readonly Identity[]>
