/**
 * Hadolint, `-f json`.
 *
 * | of Exeat | of Hadolint |
 * |---|---|
 * | rule | `code` |
 * | severity | `level`: `error` is high, `warning` medium, `info` low, `style` info |
 * | path, line | `file`, `line` |
 *
 * What comments ignore it does not write. Without a finding it writes `[]`, which others write as well: taken only with `--input-format`.
 */
import type { Severity } from '@exeat/core'
import { notesOf, reader } from '../draft.ts'
import { elements, hasKeys, isList, numberIf, text, textIf } from '../shape.ts'
import type { NativeReader } from '../types.ts'

const levels: ReadonlyMap<string, Severity> = new Map([['error', 'high'], ['warning', 'medium'], ['info', 'low'], ['style', 'info']])

export const hadolint: NativeReader = reader({
  format: 'hadolint',
  detect: (value) => isList(value) && value.some((each) => hasKeys(each, 'code', 'level', 'file', 'line')),
  doubtful: (value) => isList(value) && value.length === 0,
  walk(root, folder) {
    const notes = notesOf('hadolint', folder)
    for (const result of elements(root)) {
      const message = textIf(result, 'message')
      notes.add({ rule: text(result, 'code'), severity: levels.get(textIf(result, 'level') ?? ''), title: message, message, path: text(result, 'file'), line: numberIf(result, 'line') })
    }
    return [{ tool: 'hadolint', notes }]
  },
})
