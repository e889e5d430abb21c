/** Which members of a branch protection rule an edit made weaker: what is not known here counts as weaker. */
import type { Json } from '../../findings/types.ts'
import { at } from '../read.ts'

const levels: readonly Json[] = ['off', 'non_admins', 'everyone']

/** What these allow grows with their value; all other levels and booleans ask for more. */
const allowing: ReadonlySet<string> = new Set(['allow_deletions_enforcement_level', 'allow_force_pushes_enforcement_level', 'lock_allows_fork_sync'])
/** Lists of what is asked for, and of who is let past. */
const demanded: ReadonlySet<string> = new Set(['required_status_checks'])

/** `changes`: of each changed member what it was (`from`). */
export function loosened(rule: Json | undefined, changes: Json | undefined): readonly string[] {
  if (typeof changes !== 'object' || changes === null || Array.isArray(changes)) return ['unknown']
  const names = Object.keys(changes)
  return names.length === 0 ? ['unknown'] : names.filter((name) => isLooser(name, at(changes, name, 'from'), at(rule, name))).map((name) => (/^[a-z_]{1,80}$/.test(name) ? name : 'unknown'))
}

function isLooser(name: string, before: Json | undefined, after: Json | undefined): boolean {
  if (Array.isArray(before) && Array.isArray(after)) return demanded.has(name) ? before.some((each) => !after.includes(each)) : after.some((each) => !before.includes(each))
  const [from, to] = [rankOf(before), rankOf(after)]
  if (from === undefined || to === undefined) return true
  return allowing.has(name) ? to > from : to < from
}

function rankOf(value: Json | undefined): number | undefined {
  if (typeof value === 'number') return value
  // GitHub writes `null` for what was never set.
  if (typeof value === 'boolean' || value === null) return value === true ? 1 : 0
  const level = levels.indexOf(value ?? '')
  return level < 0 ? undefined : level
}
