/**
 * tfsec, `--format json`.
 *
 * | of Exeat | of tfsec |
 * |---|---|
 * | rule | `rule_id` |
 * | severity | `severity` |
 * | path, line | `location.filename` (always absolute: known only where the folder is), `location.start_line` |
 * | resource | `resource`, a Terraform address |
 * | aliases | `long_id`, `legacy_rule_id` |
 * | suppression | `status` ignored (`--include-ignored`); each is a finding as well |
 *
 * No finding is `{"results": null}`, which nobody else writes. An empty list is taken only with `--input-format`.
 */
import { notesOf, reader, severityOf } from '../draft.ts'
import type { Draft } from '../draft.ts'
import { hasKeys, isList, isObject, listOrNull, member, missing, numberIf, object, ownValue, refuse, text, textIf } from '../shape.ts'
import type { Node } from '../shape.ts'
import type { Json, NativeReader } from '../types.ts'

const onlyResults = (value: Json): boolean => isObject(value) && Object.keys(value).length === 1 && Object.hasOwn(value, 'results')

export const tfsec: NativeReader = reader({
  format: 'tfsec',
  detect(value) {
    const results = ownValue(value, 'results')
    return (results === null && onlyResults(value)) || (isList(results) && results.some((each) => hasKeys(each, 'rule_id', 'location')))
  },
  doubtful(value) {
    const results = ownValue(value, 'results')
    return onlyResults(value) && isList(results) && results.length === 0
  },
  walk(root, folder) {
    const notes = notesOf('tfsec', folder)
    if (!hasKeys(root.value, 'results')) missing(root, 'results', 'a list or null')
    for (const result of listOrNull(root, 'results')) {
      const status = statusOf(result)
      if (status === 'ignored') notes.addSuppressed(draft(result), 'ignored', undefined)
      else if (status === 'failed') notes.add(draft(result))
    }
    return [{ tool: 'tfsec', notes }]
  },
})

const statuses = ['failed', 'passed', 'ignored'] as const

/** A word, a number in later versions, or absent before there were others than failed. */
function statusOf(result: Node): (typeof statuses)[number] {
  const written = member(result, 'status')?.value ?? 'failed'
  return statuses.find((status, index) => written === status || written === index) ?? refuse(result, 'has an unknown `status`')
}

function draft(result: Node): Draft {
  const location = object(result, 'location')
  return {
    rule: text(result, 'rule_id'),
    severity: severityOf(textIf(result, 'severity')),
    title: textIf(result, 'rule_description'),
    message: textIf(result, 'description'),
    path: text(location, 'filename'),
    line: numberIf(location, 'start_line'),
    resource: textIf(result, 'resource'),
    aliases: [textIf(result, 'long_id'), textIf(result, 'legacy_rule_id')].filter((each) => each !== undefined),
  }
}
