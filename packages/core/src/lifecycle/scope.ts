/** Do two scopes meet: is there a finding that both could excuse? Decides what counts as a renewal (design §3, `renews`). */
import { compilePattern, intersects } from '../pattern/index.ts'
import type { TargetKey } from '../model/decision.ts'
import type { Scope } from './events.ts'

const kinds = {
  repositories: 'literal', environments: 'literal', images: 'literal', fingerprints: 'literal', paths: 'path', resources: 'name',
} as const satisfies Record<TargetKey, 'literal' | 'path' | 'name'>

export function scopesMeet(a: Scope, b: Scope): boolean {
  return anyMeet(a.controls, b.controls, 'name')
    && (Object.keys(kinds) as TargetKey[]).every((key) => {
      const left = a.targets[key]
      const right = b.targets[key]
      return left === undefined || right === undefined || anyMeet(left, right, kinds[key])
    })
}

function anyMeet(left: readonly string[], right: readonly string[], kind: 'literal' | 'path' | 'name'): boolean {
  return left.some((a) => right.some((b) => a === b || (kind !== 'literal' && patternsMeet(a, b, kind))))
}

/** A pattern that does not compile meets everything: doubt makes a renewal, never a fresh start. */
function patternsMeet(a: string, b: string, kind: 'path' | 'name'): boolean {
  const left = compilePattern(a, kind)
  const right = compilePattern(b, kind)
  return !left.ok || !right.ok || intersects(left.pattern, right.pattern)
}
