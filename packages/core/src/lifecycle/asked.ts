import type { OptOut } from '../document/schema.ts'
import type { Asked } from './events.ts'

/**
 * What a document asks for, as its proposal records it: whoever writes the entry and whoever verifies it get it from here. `mostUses` is what its terms
 * allow (who verifies passes what was recorded): the smaller of that and the document's own ends it.
 */
export function askedOf({ metadata: { name }, spec }: OptOut, mostUses?: number): Asked {
  const uses = Math.min(spec.limits?.uses ?? Infinity, mostUses ?? Infinity)
  return {
    name,
    scope: { controls: spec.controls, targets: spec.targets ?? {} },
    repositories: spec.targets?.repositories ?? [],
    window: spec.window,
    reason: spec.reason,
    emergency: spec.category === 'emergency',
    limits: { ...spec.limits, ...(uses === Infinity ? {} : { uses }) },
    ...(spec.renews === undefined ? {} : { renews: spec.renews }),
  }
}
