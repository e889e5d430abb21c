/**
 * Checkov, `-o json`: one framework, or a list of them.
 *
 * | of Exeat | of Checkov |
 * |---|---|
 * | rule | `check_id` |
 * | severity | `severity`; null, without a platform key, is none |
 * | path | `repo_file_path`, else `file_path`; Checkov puts a `/` before relative paths |
 * | line | first of `file_line_range` |
 * | resource | `resource` |
 * | aliases | `bc_check_id` |
 * | suppression | `skipped_checks`; each is a finding as well |
 *
 * With `--quiet` skipped checks and files that did not parse are only counted: a report that counts skipped ones is refused.
 * Files that did not parse (`parsing_errors`) were not judged: the report is not completed.
 */
import { notesOf, reader, severityOf } from '../draft.ts'
import type { Draft, Notes } from '../draft.ts'
import { elements, fault, hasKeys, isList, list, listOrNull, member, numberIf, object, objectIf, refuse, text, textIf } from '../shape.ts'
import type { Node } from '../shape.ts'
import type { Json, NativeReader } from '../types.ts'

const isFramework = (value: Json): boolean => hasKeys(value, 'check_type', 'results')
/** What Checkov writes where it found nothing to check. */
const isEmpty = (value: Json): boolean => hasKeys(value, 'checkov_version', 'passed', 'failed')

export const checkov: NativeReader = reader({
  format: 'checkov',
  detect: (value) => isFramework(value) || isEmpty(value) || (isList(value) && value.some((each) => isFramework(each) || isEmpty(each))),
  walk(root, folder) {
    const notes = notesOf('checkov', folder)
    const frameworks = isList(root.value) ? elements(root) : [root]
    if (frameworks.length === 0) refuse(root, 'is an empty list, which Checkov does not write')
    const completed = frameworks.map((framework) => (isEmpty(framework.value) ? readEmpty(framework) : readFramework(framework, notes)))
    return [{ tool: 'checkov', notes, completed: completed.every((each) => each) }]
  },
})

function readEmpty(summary: Node): boolean {
  if (numberIf(summary, 'failed') !== 0) refuse(summary, 'counts failed checks and lists none')
  return (numberIf(summary, 'parsing_errors') ?? 0) === 0
}

/** False where files did not parse. */
function readFramework(framework: Node, notes: Notes): boolean {
  const type = text(framework, 'check_type')
  const results = object(framework, 'results')
  const failed = list(results, 'failed_checks')
  const summary = objectIf(framework, 'summary')
  const counted = summary === undefined ? undefined : numberIf(summary, 'failed')
  if (counted !== undefined && failed.length < counted) refuse(results, `lists ${failed.length} failed checks where the summary counts ${counted}`)
  for (const check of failed) notes.add(draft(check, type))
  for (const check of skippedIn(results, summary)) {
    const result = objectIf(check, 'check_result')
    notes.addSuppressed(draft(check, type), 'skipped_checks', result === undefined ? undefined : textIf(result, 'suppress_comment'))
  }
  return listOrNull(results, 'parsing_errors').length === 0 && (summary === undefined || (numberIf(summary, 'parsing_errors') ?? 0) === 0)
}

/** With `--quiet` failed checks alone are listed: what was skipped must then be none, or nobody would see it. */
function skippedIn(results: Node, summary: Node | undefined): readonly Node[] {
  if (member(results, 'skipped_checks') !== undefined) return list(results, 'skipped_checks')
  const counted = summary === undefined ? undefined : numberIf(summary, 'skipped')
  if (counted !== 0) refuse(results, counted === undefined ? 'does not say which checks were skipped' : `counts ${counted} skipped checks and lists none: run Checkov without \`--quiet\``)
  return []
}

function draft(check: Node, type: string): Draft {
  const path = textIf(check, 'repo_file_path') ?? textIf(check, 'file_path')
  const [line] = listOrNull(check, 'file_line_range')
  const alias = textIf(check, 'bc_check_id')
  return {
    rule: text(check, 'check_id'),
    severity: severityOf(textIf(check, 'severity')),
    title: textIf(check, 'check_name'),
    snippet: codeOf(check),
    message: type,
    path: path?.replace(/^\//u, ''),
    line: line === undefined || typeof line.value === 'number' ? line?.value as number | undefined : fault(line, 'a number'),
    resource: textIf(check, 'resource'),
    aliases: alias === undefined ? [] : [alias],
  }
}

/** `code_block` is a list of pairs of a line's number and its text. */
function codeOf(check: Node): string | undefined {
  const block = member(check, 'code_block')
  if (block === undefined) return undefined
  const lines = elements(block).map((pair) => {
    const line = elements(pair)[1]
    return typeof line?.value === 'string' ? line.value : fault(line ?? pair, 'the text of a line')
  })
  return lines.length === 0 ? undefined : lines.join('')
}
