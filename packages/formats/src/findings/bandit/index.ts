/**
 * Bandit, `-f json`.
 *
 * | of Exeat | of Bandit |
 * |---|---|
 * | rule | `test_id` |
 * | title | `test_name` |
 * | severity | `issue_severity`; `UNDEFINED` is none |
 * | path, line | `filename`, `line_number` |
 * | snippet | `code` |
 *
 * `errors` are files that were not judged: the report is not completed. What `# nosec` hides Bandit only counts.
 */
import { notesOf, reader, severityOf } from '../draft.ts'
import { hasKeys, isList, list, numberIf, object, ownValue, text, textIf } from '../shape.ts'
import type { NativeReader } from '../types.ts'

export const bandit: NativeReader = reader({
  format: 'bandit',
  detect: (value) => isList(ownValue(value, 'results')) && hasKeys(value, 'errors', 'metrics'),
  walk(root, folder) {
    const notes = notesOf('bandit', folder)
    object(root, 'metrics')
    for (const result of list(root, 'results')) {
      notes.add({
        rule: text(result, 'test_id'),
        severity: severityOf(textIf(result, 'issue_severity')),
        title: textIf(result, 'test_name'),
        message: textIf(result, 'issue_text'),
        path: text(result, 'filename'),
        line: numberIf(result, 'line_number'),
        snippet: textIf(result, 'code')?.replaceAll(/^\d+ /gmu, ''),
      })
    }
    return [{ tool: 'bandit', notes, completed: list(root, 'errors').length === 0 }]
  },
})
