import { controlOf } from '../control/tools.ts'
import type { HexDigest } from '../model/digest.ts'
import type { Facts } from '../model/facts.ts'
import type { Finding } from '../model/finding.ts'
import type { Sample } from './report.ts'

/** A finding as a report of a simulation names it. */
export function sampleOf(finding: Finding, facts: Facts, fingerprint: HexDigest): Sample {
  const { severity, path, line, resource, image } = finding
  return {
    fingerprint, control: controlOf(finding),
    ...(severity === undefined ? {} : { severity }),
    ...(facts.repository === undefined ? {} : { repository: facts.repository.value.name }),
    ...(facts.environment === undefined ? {} : { environment: facts.environment.value }),
    ...(path === undefined ? {} : { path }), ...(line === undefined ? {} : { line }),
    ...(resource === undefined ? {} : { resource }), ...(image === undefined ? {} : { image }),
  }
}
