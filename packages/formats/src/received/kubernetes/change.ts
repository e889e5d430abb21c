import type { Observation } from '@exeat/core'
import type { Json } from '../../findings/types.ts'
import { thingOf } from '../read.ts'

/** What the one who runs the receiver says of the cluster: no event states it. */
export interface Cluster {
  readonly environment?: string
  /** Of the repository that its contents come from. */
  readonly repositoryId?: string
}

/** One request that changed an object. */
export interface Change {
  readonly verb: 'created' | 'changed' | 'deleted'
  readonly group: string
  readonly resource: string
  readonly namespace?: string
  readonly name: string
  /** The object as it is now, else as it was sent; of a patch, the patch. Undefined at level `Metadata`. */
  readonly object?: Json
  /** `object` is all of it. */
  readonly whole: boolean
  readonly common: Pick<Observation, 'source' | 'environment' | 'repository' | 'actor' | 'at'>
}

/** `part`: which of the things that an object can be. */
export const objectThing = ({ group, resource, namespace = '', name }: Change, part = ''): string => thingOf(group, resource, namespace, name, part)
