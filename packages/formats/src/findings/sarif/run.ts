import type { Finding, Report, Severity, ShadowSuppression } from '@exeat/core'
import { canonicalTool } from '@exeat/core/control'
import { messageOf, titles } from './message.ts'
import { noPositions } from './positions.ts'
import type { RunPositions } from './positions.ts'
import { suppressionKind } from './results.ts'
import type { RawResult } from './result.ts'
import type { RawResults } from './results.ts'
import { rulesOf } from './rules.ts'
import type { Rules } from './rules.ts'
import type { ArtifactLocation, Run } from './shapes.ts'
import { urisOf } from './uri.ts'
import type { Uris } from './uri.ts'

type Writable<T> = { -readonly [K in keyof T]: T[K] }

interface Context {
  readonly tool: string
  readonly run: Run
  readonly rules: Rules
  readonly titleOf: ReturnType<typeof titles>
  readonly uris: Uris
  readonly image: string | undefined
}

/** One run as a report, once all of it was read. `raw` is undefined where the run has no results, which is not the same as none found. */
export function reportOf(run: Run, raw: RawResults | undefined, name: string, input: string, root: string | undefined): { readonly report: Report; readonly positions: RunPositions } {
  const context: Context = {
    tool: canonicalTool(name) ?? name.toLowerCase(),
    run,
    rules: rulesOf(run),
    titleOf: titles(),
    uris: urisOf({ bases: run.originalUriBaseIds ?? new Map(), artifacts: run.artifacts ?? [], mappedTo: mappedTo(run), root }),
    image: imageOf(run),
  }
  const suppressions = raw?.others.flatMap((each) => shadowsOf(each, context)) ?? []
  const results = new Int32Array(raw?.findings.length ?? 0)
  const findings = (raw?.findings ?? []).map((each, index, all) => {
    const found = each as RawResult
    // Lets go of the raw result, so that a large report is never held twice.
    all[index] = undefined
    results[index] = found.index
    const finding = findingOf(found, context)
    if (found.suppressions.length > 0) suppressions.push(...shadows(found, finding))
    return finding
  })
  const commit = run.versionControlProvenance?.[0]?.revisionId
  return {
    report: {
      input,
      format: 'sarif',
      tool: context.tool,
      ...(commit === undefined ? {} : { commit }),
      completed: raw !== undefined && completed(run),
      findings,
      suppressions,
      statements: [],
    },
    positions: raw?.positions.done(results) ?? noPositions,
  }
}

/** §3.20.14, §3.20.24 */
const completed = (run: Run): boolean =>
  (run.invocations ?? []).every((invocation) => invocation?.executionSuccessful !== false && invocation?.processStartFailureMessage !== true)

/** Of several repositories nobody says which one the run is about. */
const mappedTo = (run: Run): ArtifactLocation | undefined =>
  run.versionControlProvenance?.length === 1 ? run.versionControlProvenance[0]?.mappedTo : undefined

/** Scanners of images name the image's digest in the run's property bag; two different ones name none. */
function imageOf(run: Run): string | undefined {
  const digests = new Set((run.properties?.repoDigests ?? []).flatMap((each) => /@(sha256:[0-9a-f]{64})$/u.exec(each)?.[1] ?? []))
  const [only] = digests
  return digests.size === 1 ? only : undefined
}

function findingOf(result: RawResult, context: Context): Finding {
  const rule = context.rules.ruleOf(result)
  const message = messageOf(result, rule)
  const path = context.uris.pathOf(result.uri, result.uriBaseId, result.artifact)
  const finding = begun(context.tool, rule.id, context.titleOf(rule, message), context.rules.severityOf(result, rule), message, path, lineOf(result))
  const resource = resourceOf(result, context.run)
  if (resource !== undefined) finding.resource = resource
  if (context.image !== undefined) finding.image = context.image
  if (result.snippet !== undefined) finding.snippet = result.snippet
  const aliases = context.rules.aliasesOf(result, rule)
  if (aliases !== undefined) finding.aliases = aliases
  const fingerprint = result.fingerprint ?? result.partialFingerprint
  if (fingerprint !== undefined) finding.toolFingerprint = fingerprint
  return finding
}

/** What most findings have is made at once: members that are added later cost room and time for each. */
function begun(
  tool: string, rule: string, title: string, severity: Severity | undefined, message: string | undefined, path: string | undefined, line: number | undefined,
): Writable<Finding> {
  if (severity !== undefined && message !== undefined && path !== undefined && line !== undefined) return { tool, rule, title, severity, message, path, line }
  const finding: Writable<Finding> = { tool, rule, title }
  if (severity !== undefined) finding.severity = severity
  if (message !== undefined) finding.message = message
  if (path !== undefined) finding.path = path
  if (line !== undefined) finding.line = line
  return finding
}

/** Of the first location, as the path; `analysisTarget` is where the tool looked, not where the flaw is (§3.27.13). */
const lineOf = ({ line }: RawResult): number | undefined => (line !== undefined && Number.isSafeInteger(line) && line > 0 ? line : undefined)

/** A logical location is the resource where it says so, or where there is no physical one (§3.33). */
function resourceOf(raw: RawResult, run: Run): string | undefined {
  const known = raw.logicalName === undefined && raw.logicalIndex !== undefined ? run.logicalLocations?.[raw.logicalIndex] : undefined
  const kind = raw.logicalKind ?? known?.kind
  return raw.physical && kind !== 'resource' ? undefined : raw.logicalName ?? known?.fullyQualifiedName
}

const shadowsOf = (raw: RawResult, context: Context): ShadowSuppression[] => shadows(raw, findingOf(raw, context))

const shadows = (raw: RawResult, { tool, rule, path, line }: Finding): ShadowSuppression[] => raw.suppressions.map((suppression) => ({
  tool,
  rule,
  ...(path === undefined ? {} : { path }),
  ...(line === undefined ? {} : { line }),
  kind: suppressionKind(suppression),
  ...(suppression.justification === undefined ? {} : { justification: suppression.justification }),
}))
