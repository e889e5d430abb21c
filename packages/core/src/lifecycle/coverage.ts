/** Whether an opt-out's scope holds all of what another system reported: never a part of it, and never what is unknown (design §4, rule 9). */
import { controlPatterns } from '../control/index.ts'
import type { Truth } from '../model/facts.ts'
import { compilePattern } from '../pattern/index.ts'
import type { Scope } from './events.ts'

/** What something is about. An absent member is unknown, which includes that it is about all of them. */
export interface Concerned {
  /** The control under each of its names; `tool/*`: every rule of the tool. Empty: unknown. */
  readonly controls: readonly string[]
  /** The forge's numeric id. */
  readonly repositoryId?: string
  readonly environment?: string
  readonly path?: string
  readonly resource?: string
}

/** `repositoryIds`: what the scope's repositories resolved to when they were signed. */
export function coverageOf({ controls, targets }: Scope, repositoryIds: readonly string[], concerned: Concerned): Truth {
  const { repositoryId, environment, path, resource } = concerned
  return all([
    concerned.controls.length === 0 ? 'unknown' : truth(controls.some((control) => controlPatterns(control).some(({ matches }) => concerned.controls.some(matches)))),
    among(targets.repositories === undefined ? undefined : repositoryIds, repositoryId),
    among(targets.environments, environment),
    matched(targets.paths, path, 'path'),
    matched(targets.resources, resource, 'name'),
    // Findings and images are narrower than anything that is reported here.
    targets.images === undefined && targets.fingerprints === undefined ? 'true' : 'unknown',
  ])
}

const truth = (holds: boolean): Truth => (holds ? 'true' : 'false')

function among(wanted: readonly string[] | undefined, actual: string | undefined): Truth {
  if (wanted === undefined) return 'true'
  return actual === undefined ? 'unknown' : truth(wanted.includes(actual))
}

function matched(wanted: readonly string[] | undefined, actual: string | undefined, kind: 'path' | 'name'): Truth {
  if (wanted === undefined) return 'true'
  if (actual === undefined) return 'unknown'
  return truth(wanted.some((source) => {
    const answer = compilePattern(source, kind)
    return answer.ok && answer.pattern.matches(actual)
  }))
}

function all(parts: readonly Truth[]): Truth {
  if (parts.includes('false')) return 'false'
  return parts.includes('unknown') ? 'unknown' : 'true'
}
