/**
 * KICS, `--report-formats json`.
 *
 * | of Exeat | of KICS |
 * |---|---|
 * | rule | `query_id` |
 * | title | `query_name` |
 * | severity | `severity`; `TRACE` is info |
 * | path, line | `file_name`, `line` |
 * | resource | `resource_type` and `resource_name` as a Terraform address |
 * | tool's fingerprint | `similarity_id` |
 *
 * Files or queries that failed mean that the report is not completed. What comments exclude it does not write.
 */
import { notesOf, reader, severityOf } from '../draft.ts'
import type { Draft } from '../draft.ts'
import { hasKeys, isList, list, numberIf, ownValue, refuse, text, textIf } from '../shape.ts'
import type { Node } from '../shape.ts'
import type { NativeReader } from '../types.ts'

export const kics: NativeReader = reader({
  format: 'kics',
  detect: (value) => isList(ownValue(value, 'queries')) && hasKeys(value, 'files_scanned', 'queries_total'),
  walk(root, folder) {
    const notes = notesOf('kics', folder)
    if (!hasKeys(root.value, 'files_scanned', 'queries_total')) refuse(root, 'lacks the counts of a KICS report')
    for (const query of list(root, 'queries')) for (const file of list(query, 'files')) notes.add(draft(query, file))
    const counted = numberIf(root, 'total_counter') ?? 0
    if (notes.findings.length < counted) refuse(root, `lists ${notes.findings.length} results where \`total_counter\` says ${counted}`)
    const failures = (numberIf(root, 'files_failed_to_scan') ?? 0) + (numberIf(root, 'queries_failed_to_execute') ?? 0)
    return [{ tool: 'kics', notes, completed: failures === 0 }]
  },
})

function draft(query: Node, file: Node): Draft {
  const severity = textIf(query, 'severity')
  const [type, name] = [textIf(file, 'resource_type'), textIf(file, 'resource_name')]
  const values = [textIf(file, 'expected_value'), textIf(file, 'actual_value')].filter((each) => each !== undefined)
  return {
    rule: text(query, 'query_id'),
    severity: severity === 'TRACE' ? 'info' : severityOf(severity),
    title: textIf(query, 'query_name'),
    message: [textIf(file, 'search_key'), ...values].filter((each) => each !== undefined).join('; '),
    path: text(file, 'file_name'),
    line: numberIf(file, 'line'),
    resource: type === undefined || name === undefined ? undefined : `${type}.${name}`,
    toolFingerprint: textIf(file, 'similarity_id'),
  }
}
