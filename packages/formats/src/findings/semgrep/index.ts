/**
 * Semgrep and Opengrep, `--json`.
 *
 * | of Exeat | of Semgrep |
 * |---|---|
 * | rule | `check_id` |
 * | severity | `extra.severity`: `ERROR` is high, `WARNING` medium, `INFO` low, or the words themselves |
 * | path, line | `path`, `start.line` |
 * | resource | package URL of a dependency (`extra.sca_info`) |
 * | suppression | `extra.is_ignored` (`nosemgrep`), each a finding as well; files in `paths.skipped` that an ignore file or a flag left out |
 *
 * `errors` of level `error`, and files whose analysis failed, mean that the report is not completed.
 */
import type { Severity } from '@exeat/core'
import { notesOf, reader, severityOf } from '../draft.ts'
import type { Draft, Notes } from '../draft.ts'
import { packageUrl } from '../purl.ts'
import { flagIf, hasKeys, isList, list, listOrNull, numberIf, object, objectIf, ownValue, text, textIf } from '../shape.ts'
import type { Node } from '../shape.ts'
import type { NativeReader } from '../types.ts'

export const semgrep: NativeReader = reader({
  format: 'semgrep',
  detect: (value) => isList(ownValue(value, 'results')) && isList(ownValue(value, 'errors')) && !hasKeys(value, 'metrics'),
  walk(root, folder) {
    const notes = notesOf('semgrep', folder)
    for (const result of list(root, 'results')) {
      const extra = object(result, 'extra')
      if (flagIf(extra, 'is_ignored') === true) notes.addSuppressed(draft(result, extra), 'nosemgrep', undefined)
      else notes.add(draft(result, extra))
    }
    const failed = list(root, 'errors').filter((error) => (textIf(error, 'level') ?? 'error').toLowerCase() === 'error')
    return [{ tool: 'semgrep', notes, completed: readSkipped(root, notes) && failed.length === 0 }]
  },
})

const levels: ReadonlyMap<string, Severity> = new Map([['ERROR', 'high'], ['WARNING', 'medium'], ['INFO', 'low']])

function draft(result: Node, extra: Node): Draft {
  const severity = textIf(extra, 'severity')
  const dependency = objectIf(objectIf(extra, 'sca_info') ?? extra, 'dependency_match')
  const found = dependency === undefined ? undefined : objectIf(dependency, 'found_dependency')
  const message = textIf(extra, 'message')
  return {
    rule: text(result, 'check_id'),
    severity: levels.get(severity ?? '') ?? severityOf(severity),
    title: message?.split('\n')[0],
    message,
    path: text(result, 'path'),
    line: numberIf(object(result, 'start'), 'line'),
    resource: found === undefined ? undefined : packageUrl(textIf(found, 'ecosystem'), textIf(found, 'package'), textIf(found, 'version')),
    ...written(extra),
  }
}

/** Without a login Semgrep writes these words in place of both. */
const withheld = 'requires login'

const written = (extra: Node): Pick<Draft, 'snippet' | 'toolFingerprint'> => {
  const [snippet, toolFingerprint] = [textIf(extra, 'lines'), textIf(extra, 'fingerprint')]
  return { snippet: snippet === withheld ? undefined : snippet, toolFingerprint: toolFingerprint === withheld ? undefined : toolFingerprint }
}

const leftOut: ReadonlySet<string> = new Set(['semgrepignore_patterns_match', 'gitignore_patterns_match', 'cli_exclude_flags_match', 'cli_include_flags_do_not_match'])

/** False where the analysis of a file failed. */
function readSkipped(root: Node, notes: Notes): boolean {
  const paths = objectIf(root, 'paths')
  let completed = true
  for (const skipped of paths === undefined ? [] : listOrNull(paths, 'skipped')) {
    const reason = text(skipped, 'reason')
    if (leftOut.has(reason)) notes.suppress('*', text(skipped, 'path'), 'paths.skipped', reason)
    if (reason.startsWith('analysis_failed')) completed = false
  }
  return completed
}
