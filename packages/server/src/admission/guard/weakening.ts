import type { Finding } from '@exeat/core'

/** What a request would take away from a control, as what an opt-out must excuse. */
export interface Weakening {
  readonly finding: Finding
}

/** `message` says it in a sentence for people. */
export const weakening = (tool: string, rule: string, resource: string | undefined, message: string): Weakening =>
  ({ finding: { tool, rule, title: message, message, ...(resource === undefined ? {} : { resource }) } })
