/**
 * Conftest, `-o json`.
 *
 * | of Exeat | of Conftest |
 * |---|---|
 * | rule | `metadata.query` (`data.main.deny`), else `data.` and the namespace |
 * | severity | a failure is high, a warning medium, as its SARIF levels `error` and `warning` |
 * | path | `filename` |
 * | message | `msg` |
 * | suppression | `exceptions`; Conftest does not say what they kept from failing, so they are no findings |
 */
import type { Severity } from '@exeat/core'
import { notesOf, reader } from '../draft.ts'
import type { Draft, Notes } from '../draft.ts'
import { elements, hasKeys, isList, listIf, member, numberIf, objectIf, ownValue, refuse, text, textIf } from '../shape.ts'
import type { Node } from '../shape.ts'
import type { Json, NativeReader } from '../types.ts'

const outcomes = ['successes', 'failures', 'warnings', 'exceptions', 'skipped'] as const
const isChecked = (value: Json): boolean => hasKeys(value, 'filename') && outcomes.some((outcome) => hasKeys(value, outcome))

export const conftest: NativeReader = reader({
  format: 'conftest',
  detect: (value) => isList(value) && value.some(isChecked),
  walk(root, folder) {
    const notes = notesOf('conftest', folder)
    if (elements(root).length === 0) refuse(root, 'is an empty list: Conftest looked at no file')
    for (const checked of elements(root)) read(checked, notes)
    return [{ tool: 'conftest', notes }]
  },
})

function read(checked: Node, notes: Notes): void {
  const path = text(checked, 'filename')
  const namespace = textIf(checked, 'namespace')
  const fallback = namespace === undefined ? 'data' : `data.${namespace}`
  if (!isChecked(checked.value)) refuse(checked, 'says neither what passed nor what failed')
  // A list before 0.21.
  if (!isList(ownValue(checked.value, 'successes'))) numberIf(checked, 'successes')
  const add = (key: string, severity: Severity): void => {
    for (const result of listIf(checked, key)) notes.add(draft(result, path, fallback, severity))
  }
  add('failures', 'high')
  add('warnings', 'medium')
  for (const exception of listIf(checked, 'exceptions')) notes.suppress(ruleOf(exception, fallback), path, 'exceptions', textIf(exception, 'msg'))
}

const draft = (result: Node, path: string, fallback: string, severity: Severity): Draft => {
  const message = text(result, 'msg')
  return { rule: ruleOf(result, fallback), severity, title: message, message, path, resource: resourceOf(result) }
}

function ruleOf(result: Node, fallback: string): string {
  const metadata = objectIf(result, 'metadata')
  return (metadata === undefined ? undefined : textIf(metadata, 'query')) ?? fallback
}

/** Policies may say in their own metadata what they judged. */
function resourceOf(result: Node): string | undefined {
  const metadata = objectIf(result, 'metadata')
  const resource = metadata === undefined ? undefined : member(metadata, 'resource')
  return typeof resource?.value === 'string' && resource.value !== '' ? resource.value : undefined
}
