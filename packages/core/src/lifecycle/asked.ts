import type { OptOut } from '../document/schema.ts'
import type { Asked } from './events.ts'

/** What a document asks for, as its proposal records it: whoever writes the entry and whoever verifies it get it from here. */
export function askedOf({ metadata: { name }, spec }: OptOut): Asked {
  return {
    name,
    scope: { controls: spec.controls, targets: spec.targets ?? {} },
    repositories: spec.targets?.repositories ?? [],
    window: spec.window,
    reason: spec.reason,
    emergency: spec.category === 'emergency',
    limits: spec.limits ?? {},
    ...(spec.renews === undefined ? {} : { renews: spec.renews }),
  }
}
