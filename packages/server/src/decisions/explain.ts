/** What a blocked caller is told beside the signed decision (rule 6). */
import { type Decision, type Instant, tellReason } from '@exeat/core'
import { blockedGroups } from '@exeat/core/run'
import type { BlockedControl } from '@exeat/core/wire'

/** Controls that are explained; whoever blocks at more of them begins with these. */
const mostExplained = 100

export const blockedControls = (decisions: readonly Decision[], now: Instant): readonly BlockedControl[] =>
  blockedGroups(decisions).slice(0, mostExplained).map(({ control, severity, title, decisions: { length }, explain }) => {
    const { nearest, wayOut } = explain()
    return {
      control, title, findings: length,
      ...(severity === undefined ? {} : { severity }),
      nearest: nearest.map(({ optOut, reason }) => ({ optOut, code: reason.code, ...tellReason(reason, now) })),
      ...(wayOut === undefined ? {} : { wayOut: { ...wayOut } }),
    }
  })
