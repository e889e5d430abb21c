/** What a blocked caller is told, whoever decided (rule 6). */
import { tellReason } from '../explain/index.ts'
import type { Decision } from '../model/decision.ts'
import type { Instant } from '../model/instant.ts'
import type { BlockedControl } from '../wire/decisions.ts'
import { blockedGroups } from './groups.ts'

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
