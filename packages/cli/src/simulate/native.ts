/** What opt-outs excuse of one run, compiled to a tool's own form. Runs where nothing else can be reached. */
import { decider, type Facts, type Finding, fingerprints, type Instant, type OptOut, type OptOutSet, type PolicySet } from '@exeat/core'
import { provenFacts } from '@exeat/core/policy'
import { compileNative, type NativeFinding, nativeForms } from '@exeat/formats/native'
import * as z from 'zod'
import { sha256 } from '../governance/load.ts'

const text = z.exactOptional(z.string())
const attributes = z.strictObject({ tool: z.string(), rule: z.string(), path: text, line: z.exactOptional(z.int()), resource: text, image: text, title: text, message: text, snippet: text })
export type Attributes = z.output<typeof attributes>

/** As it comes from the child: data like any other. */
export const nativeRunSchema = z.strictObject({
  findings: z.array(z.strictObject({ finding: attributes, control: z.string(), excused: z.boolean(), written: z.boolean() })),
  files: z.array(z.strictObject({ path: z.string().regex(/^(?!.*(?:^|\/)\.{1,2}(?:\/|$))[\w.-]+(?:\/[\w.-]+){0,5}$/), content: z.string() })),
  problems: z.array(z.looseObject({ code: z.string(), message: z.string() })),
})
export type NativeRun = z.output<typeof nativeRunSchema>

interface NativeGiven {
  readonly findings: readonly Finding[]
  readonly facts: Facts
  readonly policySet: PolicySet
  readonly optOuts: OptOutSet
  readonly specs: ReadonlyMap<string, OptOut['spec']>
  readonly at: Instant
}

const names = ['tool', 'rule', 'path', 'line', 'resource', 'image', 'title', 'message', 'snippet'] as const

export function nativeRun(name: string, { findings, facts, policySet, optOuts, specs, at }: NativeGiven): NativeRun {
  const form = nativeForms.find((each) => each.name === name)
  if (form === undefined) throw new Error(`no form is called ${name}`)
  const decisions = decider(policySet, optOuts)(findings, facts, at, { sha256 })
  const proven = provenFacts(policySet.workspace, facts)
  const fingerprintAt = fingerprints(findings, facts.repository?.value.id ?? '', sha256)
  const given = decisions.map(({ finding, control, outcome, optOut }, index): NativeFinding => {
    const plain = { finding, control, fingerprint: fingerprintAt(index) }
    if (outcome !== 'excused' || optOut === undefined) return plain
    const terms = policySet.termsFor({
      control, ...(proven.environment === undefined ? {} : { environment: proven.environment.value }), ...(finding.severity === undefined ? {} : { severity: finding.severity }),
      ...(proven.repository === undefined ? {} : { repository: proven.repository.value.name }),
    })
    const spec = specs.get(optOut.uid)
    return terms.kind === 'refused' ? plain : { ...plain, excuse: { by: optOut, terms: terms.terms, ...(spec === undefined ? {} : { spec }) } }
  })
  const { files, entries, problems } = compileNative(form, { findings: given, now: at })
  const written = new Set(entries.flatMap((entry) => entry.fingerprints))
  return {
    findings: given.map(({ finding, control, fingerprint, excuse }) => ({
      finding: Object.fromEntries(names.flatMap((key) => (finding[key] === undefined ? [] : [[key, finding[key]]]))) as Attributes, control, excused: excuse !== undefined, written: written.has(fingerprint),
    })),
    files: files.map(({ path, content }) => ({ path, content })), problems: problems.map((problem) => ({ ...problem })),
  }
}
