/** Whether a finding lies in an opt-out's declared targets: AND across keys, OR within; what is missing matches no target that names it (rule 9). */
import type { Reason, TargetKey } from '../model/decision.ts'
import type { Facts } from '../model/facts.ts'
import type { Finding } from '../model/finding.ts'
import type { HexDigest } from '../model/digest.ts'
import type { Entry } from './entry.ts'

/** A finding and what is known of the run it came from. `facts` holds only what is proven as far as the workspace asks. */
export interface Place {
  readonly finding: Finding
  /** Of the finding. */
  readonly control: string
  readonly facts: Facts
  /** As claimed, proven or not: only for the explanations. */
  readonly claimed: Facts
  readonly fingerprint: () => HexDigest
}

const keys: readonly TargetKey[] = ['repositories', 'environments', 'paths', 'resources', 'images', 'fingerprints']

/** Whether one key holds. */
const holds: Readonly<Record<TargetKey, (entry: Entry, place: Place) => boolean>> = {
  repositories: ({ repositories }, { facts }) =>
    repositories === undefined || (facts.repository !== undefined && repositories.has(facts.repository.value.id)),
  environments: ({ environments }, { facts }) =>
    environments === undefined || (facts.environment !== undefined && environments.has(facts.environment.value)),
  paths: ({ paths }, { finding: { path } }) => paths === undefined || (path !== undefined && paths.some((pattern) => pattern.matches(path))),
  resources: ({ resources }, { finding: { resource } }) =>
    resources === undefined || (resource !== undefined && resources.some((pattern) => pattern.matches(resource))),
  images: ({ images }, { finding: { image } }) => images === undefined || (image !== undefined && images.has(image)),
  fingerprints: ({ fingerprints }, { fingerprint }) => fingerprints === undefined || fingerprints.has(fingerprint()),
}

/** Targets that depend on the run alone: the same for all of its findings. */
export const coversRun = (entry: Entry, facts: Facts): boolean => {
  const place = { facts } as Place
  return holds.repositories(entry, place) && holds.environments(entry, place)
}

/** The finding's own targets but its path, which the index has matched. */
export const coversBesidesPath = (entry: Entry, place: Place): boolean =>
  holds.resources(entry, place) && holds.images(entry, place) && holds.fingerprints(entry, place)

/** Every key that does not hold, in the order of the documents. */
export function missedKeys(entry: Entry, place: Place): readonly TargetKey[] {
  return keys.filter((key) => !holds[key](entry, place))
}

/** A missed key in terms of both sides. */
export function missReason(entry: Entry, place: Place, key: TargetKey): Reason {
  const { finding, facts, claimed } = place
  if (key === 'environments' && facts.environment === undefined && claimed.environment !== undefined) {
    return { code: 'FACT_UNPROVEN', optOut: entry.name, fact: 'environment' }
  }
  const actual = {
    repositories: facts.repository?.value.name, environments: facts.environment?.value, paths: finding.path,
    resources: finding.resource, images: finding.image, fingerprints: key === 'fingerprints' ? place.fingerprint() : undefined,
  }[key]
  return {
    code: 'OPTOUT_OTHER_TARGET', optOut: entry.name, key, expected: entry.written[key] ?? [],
    ...(actual === undefined ? {} : { actual }),
  }
}
