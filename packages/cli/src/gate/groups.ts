/** Decisions put together as people read them: what is excused by opt-out, where findings are, and terms in words. What blocks: `blockedGroups` of core. */
import type { Decision, ExcusedBy, WayOut } from '@exeat/core'

export interface ExcusedGroup {
  readonly optOut: ExcusedBy
  readonly decisions: readonly Decision[]
}

/** By name of the opt-out. */
export function excusedGroups(decisions: readonly Decision[]): readonly ExcusedGroup[] {
  const groups = new Map<string, { optOut: ExcusedBy; decisions: Decision[] }>()
  for (const decision of decisions) {
    if (decision.outcome !== 'excused' || decision.optOut === undefined) continue
    const group = groups.get(decision.optOut.uid)
    if (group === undefined) groups.set(decision.optOut.uid, { optOut: decision.optOut, decisions: [decision] })
    else group.decisions.push(decision)
  }
  return [...groups.values()].sort((a, b) => (a.optOut.name < b.optOut.name ? -1 : 1))
}

/** `services/ledger/pom.xml:12`, else the resource, else the image. */
export function placeOf({ finding }: Decision): string {
  const { path, line, resource, image } = finding
  if (path !== undefined) return line === undefined ? path : `${path}:${line}`
  return resource ?? image ?? 'no place given'
}

/** `request anyone; approve none; activate anyone; at most 14d`. */
export function termsText({ request, approve, activate, maxDuration }: WayOut): string {
  return [
    ...(request === undefined ? [] : [`request: ${request}`]),
    ...(approve === undefined ? [] : [`approve: ${approve}`]),
    ...(activate === undefined ? [] : [`activate: ${activate}`]),
    ...(maxDuration === undefined ? [] : [`at most ${maxDuration}`]),
  ].join('; ')
}
