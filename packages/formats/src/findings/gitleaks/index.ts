/**
 * Gitleaks, `--report-format json`: the list of version 8, and that of version 7.
 *
 * | of Exeat | of Gitleaks 8 (7) |
 * |---|---|
 * | rule | `RuleID` (`rule`) |
 * | severity | none: Gitleaks states none |
 * | path, line | `File`, `StartLine` (`file`, `lineNumber`) |
 * | message | the match without the secret, and the commit in which it stands |
 * | tool's fingerprint | `Fingerprint` |
 *
 * The secret itself is in no finding: outputs are read by more people than the repository. Gitleaks writes no suppressions. No leak is
 * `[]`, and `null` in early releases of version 8, which others write as well: taken only with `--input-format`.
 */
import { notesOf, reader } from '../draft.ts'
import type { Draft } from '../draft.ts'
import { elements, hasKeys, isList, numberIf, text, textIf } from '../shape.ts'
import type { Node } from '../shape.ts'
import type { Json, NativeReader } from '../types.ts'

const isCurrent = (value: Json): boolean => hasKeys(value, 'RuleID', 'File', 'StartLine')
const isOld = (value: Json): boolean => hasKeys(value, 'offender', 'rule', 'file')

export const gitleaks: NativeReader = reader({
  format: 'gitleaks',
  detect: (value) => isList(value) && value.some((each) => isCurrent(each) || isOld(each)),
  doubtful: (value) => value === null || (isList(value) && value.length === 0),
  walk(root, folder) {
    const notes = notesOf('gitleaks', folder)
    for (const leak of root.value === null ? [] : elements(root)) notes.add(isOld(leak.value) ? old(leak) : current(leak))
    return [{ tool: 'gitleaks', notes }]
  },
})

function current(leak: Node): Draft {
  const secret = textIf(leak, 'Secret')
  return {
    rule: text(leak, 'RuleID'),
    title: textIf(leak, 'Description'),
    message: described(textIf(leak, 'Match'), secret, textIf(leak, 'Commit')),
    path: text(leak, 'File'),
    line: numberIf(leak, 'StartLine'),
    toolFingerprint: textIf(leak, 'Fingerprint'),
  }
}

function old(leak: Node): Draft {
  return {
    rule: text(leak, 'rule'),
    title: undefined,
    message: described(textIf(leak, 'line'), textIf(leak, 'offender'), textIf(leak, 'commit')),
    path: text(leak, 'file'),
    line: numberIf(leak, 'lineNumber'),
  }
}

/** The commit tells apart two secrets that stand in the same words. */
function described(match: string | undefined, secret: string | undefined, commit: string | undefined): string | undefined {
  const masked = match === undefined || secret === undefined ? undefined : match.replaceAll(secret, 'REDACTED')
  const parts = [masked, commit === undefined ? undefined : `(commit ${commit})`].filter((each) => each !== undefined)
  return parts.length === 0 ? undefined : parts.join(' ')
}
