import * as z from 'zod'
import { apiVersion, kindOf, metadata } from './common.ts'
import { report } from './fault.ts'
import { instant } from './instants.ts'
import { optOutControl, pathPattern, resourcePattern } from './patterns.ts'
import { count, dnsLabel, fingerprint, identifier, imageDigest, line, optional, some, text } from './scalars.ts'
import { formatInstant } from './time.ts'

const targets = z.strictObject({
  repositories: optional(some(identifier).meta({ description: 'Names of sources of the workspace.' })),
  environments: optional(some(dnsLabel).meta({ description: 'Names of environments of the workspace.' })),
  paths: optional(some(pathPattern).meta({ description: 'Files, from the root of the repository: `services/*/pom.xml`, `infra/**`.' })),
  resources: optional(some(resourcePattern).meta({ description: 'Package URLs, Kubernetes `kind/namespace/name`, Terraform addresses.' })),
  images: optional(some(imageDigest).meta({ description: 'Image digests.' })),
  fingerprints: optional(some(fingerprint).meta({ description: 'Fingerprints of single findings; only beside a path or a resource.' })),
}).check((payload) => {
  const { fingerprints, paths, resources } = payload.value
  if (fingerprints === undefined || paths !== undefined || resources !== undefined) return
  report(payload, fingerprints, {
    code: 'FINGERPRINT_ALONE', message: 'stand without a path or a resource', hint: 'add `paths` or `resources`, so that a reader sees what is excused',
  }, ['fingerprints'])
}).meta({ description: 'What it is limited to: all keys must hold, one entry of each. An absent key means any.' })

const window = z.strictObject({
  from: instant.meta({ description: 'First instant at which it works: date, time and offset.' }),
  until: instant.meta({ description: 'First instant at which it no longer works: date, time and offset.' }),
}).check((payload) => {
  const { from, until } = payload.value
  if (from < until) return
  report(payload, until, {
    code: 'WINDOW_REVERSED', message: `is not after \`from\`: ${formatInstant(until)} against ${formatInstant(from)}`, hint: 'write an instant after `from`',
  }, ['until'])
}).meta({ description: 'When it works: from `from` until just before `until`.' })

/** Longest emergency, whatever a policy says (design §6). */
const longestEmergency = 4 * 3_600_000

export const optOutSchema = z.strictObject({
  apiVersion,
  kind: kindOf('OptOut'),
  metadata,
  spec: z.strictObject({
    controls: some(optOutControl).meta({ description: 'Controls as `tool/rule`; patterns only where the policy says `wildcards: true`.' }),
    targets: optional(targets),
    category: z.enum(['waiver', 'mitigated', 'false-positive', 'emergency']).meta({ description: 'What kind of excuse it is.' }),
    reason: text.meta({ description: 'Why, for whoever reads it in a year.' }),
    ticket: optional(line.meta({ description: 'Where it is tracked.' })),
    compensatingControl: optional(text.meta({ description: 'What protects instead.' })),
    owner: line.meta({ description: 'Who answers for it.' }),
    window,
    limits: optional(z.strictObject({
      findings: optional(count.meta({ description: 'Most findings it may excuse in one run.' })),
      uses: optional(count.meta({ description: 'How often it may be used in all.' })),
    }).meta({ description: 'Ceilings on top of the targets.' })),
    expected: optional(z.strictObject({
      usesPerDay: optional(count.meta({ description: 'Most uses within 24 hours.' })),
      points: optional(some(pathPattern).meta({ description: 'Enforcement points that will use it, as they name themselves: `gate/**`.' })),
    }).meta({ description: 'What is foreseen of its uses. What goes beyond is told of, and not refused.' })),
    renews: optional(dnsLabel.meta({ description: 'Name of the opt-out that this one continues.' })),
  }).check((payload) => {
    const { category, limits, window: { from, until } } = payload.value
    if (category !== 'emergency') return
    if (limits?.findings === undefined) {
      report(payload, limits, { code: 'EMERGENCY_UNLIMITED', message: 'is `emergency` without `limits.findings`', hint: 'state how many findings it may excuse' }, ['category'])
    }
    if (until - from > longestEmergency) {
      report(payload, until, {
        code: 'EMERGENCY_TOO_LONG', message: `is ${Math.ceil((until - from) / 60_000)}m after \`from\`, and an emergency lasts 240m at most`,
        hint: `write \`${formatInstant((from + longestEmergency) as typeof from)}\` or earlier`,
      }, ['window', 'until'])
    }
  }).meta({ description: 'What it asks for.' }),
}).meta({ title: 'Exeat opt-out', description: 'Asks for, and when active gives, an excuse from a control.' })

export type OptOut = z.output<typeof optOutSchema>
