/**
 * OpenReports (`openreports.io`) and PolicyReport (`wgpolicyk8s.io`): one report or a list of them, as `kubectl get … -o json` prints.
 *
 * | of Exeat | of the report |
 * |---|---|
 * | tool | `source` of the result, else of the report; one report of Exeat for each |
 * | rule | `rule` under `policy` (`require-labels/check-team`), or `policy` alone |
 * | severity | `severity` |
 * | resource | `kind/namespace/name` of the result's `resources` (`subjects`), else of the report's `scope` |
 * | suppression | a result that a policy exception made `skip` |
 *
 * `fail`, `error` and `warn` are findings, one for each resource; `pass` and `skip` are none. A result of another kind refuses the report.
 */
import { notesOf, reader, severityOf } from '../draft.ts'
import type { Draft, Notes, Walked } from '../draft.ts'
import { isEmptyList, itemsOf, kubernetesName, resourcesOf } from '../kubernetes.ts'
import { hasKeys, listIf, listOrNull, member, objectIf, ownValue, refuse, text, textIf } from '../shape.ts'
import type { Node } from '../shape.ts'
import type { Json, NativeReader } from '../types.ts'

const kinds: ReadonlySet<string> = new Set(['Report', 'ClusterReport', 'PolicyReport', 'ClusterPolicyReport'])

const isReport = (value: Json): boolean => {
  const version = ownValue(value, 'apiVersion')
  return typeof version === 'string' && /^(?:openreports\.io|wgpolicyk8s\.io)\//u.test(version)
}
export const openReports: NativeReader = reader({
  format: 'openreports',
  detect: (value) => isReport(value) || itemsOf(value).some(isReport),
  doubtful: isEmptyList,
  walk(root, folder) {
    const byTool = new Map<string, Walked>()
    const notesFor = (tool: string): Notes => {
      const walked = byTool.get(tool) ?? { tool, notes: notesOf(tool, folder) }
      byTool.set(tool, walked)
      return walked.notes
    }
    for (const report of resourcesOf(root, isReport)) readReport(report, notesFor)
    if (byTool.size === 0) notesFor('openreports')
    return [...byTool.values()]
  },
})

function readReport(report: Node, notesFor: (tool: string) => Notes): void {
  if (!isReport(report.value) || !kinds.has(text(report, 'kind'))) refuse(report, `is no report; known kinds: ${[...kinds].join(', ')}`)
  const source = textIf(report, 'source')
  if (source !== undefined) notesFor(source)
  const metadata = objectIf(report, 'metadata')
  const namespace = metadata === undefined ? undefined : textIf(metadata, 'namespace')
  const scope = objectIf(report, 'scope')
  for (const result of listIf(report, 'results')) {
    const notes = notesFor(textIf(result, 'source') ?? source ?? 'openreports')
    addResult(result, judgedIn(result, scope, namespace), notes)
  }
  checkSummary(report)
}

function addResult(result: Node, resources: readonly (string | undefined)[], notes: Notes): void {
  const outcome = text(result, 'result').toLowerCase()
  if (outcome === 'pass') return
  const found = draft(result)
  if (outcome === 'skip') {
    if (isExcepted(result)) notes.suppress(found.rule, undefined, 'policy exception', found.message)
    return
  }
  if (outcome !== 'fail' && outcome !== 'error' && outcome !== 'warn') refuse(result, 'has an unknown `result`')
  for (const resource of resources) notes.add({ ...found, resource })
}

function draft(result: Node): Draft {
  const [policy, rule] = [text(result, 'policy'), textIf(result, 'rule')]
  const message = textIf(result, 'message') ?? textIf(result, 'description')
  return { rule: rule === undefined ? policy : `${policy}/${rule}`, severity: severityOf(textIf(result, 'severity')), title: message, message }
}

/** Kyverno names the exceptions among the properties; before 1.13 only in words. */
function isExcepted(result: Node): boolean {
  const properties = objectIf(result, 'properties')
  return (properties !== undefined && hasKeys(properties.value, 'exceptions')) || /policy exception/iu.test(textIf(result, 'message') ?? '')
}

/** The resources that a result names, else the one that the report is about, which lies in the report's namespace. */
function judgedIn(result: Node, scope: Node | undefined, namespace: string | undefined): readonly (string | undefined)[] {
  const own = [...listOrNull(result, 'resources'), ...listOrNull(result, 'subjects')]
  if (own.length > 0) return own.map((each) => nameOf(each, undefined))
  return [scope === undefined ? undefined : nameOf(scope, namespace)]
}

function nameOf(reference: Node, namespace: string | undefined): string | undefined {
  const [kind, name] = [textIf(reference, 'kind'), textIf(reference, 'name')]
  return kind === undefined || name === undefined ? undefined : kubernetesName(kind, textIf(reference, 'namespace') ?? namespace, name)
}

/** A report that counts failures and lists no result was cut. */
function checkSummary(report: Node): void {
  const summary = objectIf(report, 'summary')
  if (summary === undefined || listIf(report, 'results').length > 0) return
  for (const outcome of ['fail', 'error', 'warn']) {
    const counted = member(summary, outcome)?.value ?? 0
    if (counted !== 0) refuse(report, `counts results of the kind \`${outcome}\` and lists none`)
  }
}
