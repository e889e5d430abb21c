/** Ignore files, baselines and configurations that are YAML or JSON. */
import { at, type Branch, entriesOf, entryAt, isTrue, itemsOf, textOf, textsOf, treesOf } from '../tree.ts'
import type { Found, SuppressionKind } from '../types.ts'
import { found, ofList } from './found.ts'
import type { FileReader } from './index.ts'

/** Reads each document of a file; one that cannot be read silences what it silences all the same, and is told as a whole. */
const structured = (tool: string, mark: string, kind: SuppressionKind, read: (root: Branch) => readonly Found[]): FileReader => (text, path) => {
  const trees = treesOf(path, text)
  return trees === undefined ? [found({ tool, kind, mark: `${mark} (unread)` }, '*', 0)] : trees.flatMap(read)
}

const place = (tool: string, mark: string, kind: SuppressionKind = 'configuration') => ({ tool, mark, kind }) as const

/** A setting that takes the teeth from a tool, where it is true. */
const flag = (root: Branch, key: string, tool: string): readonly Found[] => {
  const entry = entryAt(root, key)
  return entry !== undefined && isTrue(entry.value) ? [found(place(tool, key), '*', entry.offset)] : []
}

const lists = (root: Branch, tool: string, ...keys: readonly string[]): readonly Found[] => keys.flatMap((key) => ofList(place(tool, key), at(root, key)))

export const trivyIgnoreYaml = structured('trivy', '.trivyignore.yaml', 'ignore-file', (root) => ['vulnerabilities', 'misconfigurations', 'secrets', 'licenses'].flatMap((section) =>
  itemsOf(at(root, section)).map((item) => found(place('trivy', '.trivyignore.yaml', 'ignore-file'), textOf(at(item, 'id')) ?? '*', item.offset, { reason: textOf(at(item, 'statement')), expires: textOf(at(item, 'expired_at')), paths: textsOf(at(item, 'paths')) }))))

export const trivyConfig = structured('trivy', 'trivy.yaml', 'configuration', (root) => {
  const exit = entryAt(root, 'exit-code')
  return exit !== undefined && textOf(exit.value) === '0' ? [found(place('trivy', 'exit-code: 0'), '*', exit.offset)] : []
})

export const checkovConfig = structured('checkov', '.checkov.yaml', 'configuration', (root) =>
  [...lists(root, 'checkov', 'skip-check', 'soft-fail-on', 'skip-framework'), ...flag(root, 'soft-fail', 'checkov'), ...ofPaths(root, 'checkov', 'skip-path')])

const ofPaths = (root: Branch, tool: string, key: string): readonly Found[] => {
  const entry = entryAt(root, key)
  const paths = textsOf(entry?.value)
  return entry === undefined || paths.length === 0 ? [] : [found(place(tool, key), '*', entry.offset, { paths })]
}

export const checkovBaseline = structured('checkov', '.checkov.baseline', 'baseline', (root) => itemsOf(at(root, 'failed_checks')).flatMap((file) =>
  itemsOf(at(file, 'findings')).flatMap((finding) => ofList(place('checkov', '.checkov.baseline', 'baseline'), at(finding, 'check_ids'), { paths: [(textOf(at(file, 'file')) ?? '').replace(/^\//, '')] }))))

/** `ignore: { ID: [ { path: { reason, expires } } ] }` (snyk-policy). */
export const snykPolicy = structured('snyk', '.snyk', 'ignore-file', (root) => ['ignore', 'patch'].flatMap((section) => entriesOf(at(root, section)).flatMap(({ key, offset, value }) => {
  const rows = itemsOf(value).flatMap(entriesOf)
  const mark = place('snyk', section === 'ignore' ? '.snyk' : '.snyk patch', 'ignore-file')
  return (rows.length === 0 ? [undefined] : rows).map((row, index) => found(mark, key, index === 0 ? offset : row?.offset ?? offset, { reason: textOf(at(row?.value, 'reason')), expires: textOf(at(row?.value, 'expires')) }))
})))

export const grypeConfig = structured('grype', '.grype.yaml', 'ignore-file', (root) => [
  ...itemsOf(at(root, 'ignore')).map((item) => found(place('grype', '.grype.yaml', 'ignore-file'), textOf(at(item, 'vulnerability')) ?? '*', item.offset, { reason: textOf(at(item, 'reason')), paths: textsOf(at(item, 'package', 'location')) })),
  ...ofPaths(root, 'grype', 'exclude'), ...flag(root, 'only-fixed', 'grype'),
])

export const hadolintConfig = structured('hadolint', '.hadolint.yaml', 'configuration', (root) => [...lists(root, 'hadolint', 'ignored'), ...flag(root, 'no-fail', 'hadolint')])
export const banditConfig = structured('bandit', 'bandit.yaml', 'configuration', (root) => [...lists(root, 'bandit', 'skips'), ...ofPaths(root, 'bandit', 'exclude_dirs')])
export const tfsecConfig = structured('tfsec', 'tfsec config', 'configuration', (root) => [
  ...lists(root, 'tfsec', 'exclude', 'exclude_ignores'),
  ...entriesOf(at(root, 'severity_overrides')).filter(({ value }) => textOf(value)?.toUpperCase() === 'NONE').map(({ key, offset }) => found(place('tfsec', 'severity_overrides'), key, offset)),
])
export const kicsConfig = structured('kics', 'kics config', 'configuration', (root) => [
  ...lists(root, 'kics', 'exclude-queries', 'exclude-categories', 'exclude-severities', 'exclude-results'), ...ofPaths(root, 'kics', 'exclude-paths'),
  ...(['all', 'results'].includes(textOf(at(root, 'ignore-on-exit')) ?? '') ? [found(place('kics', 'ignore-on-exit'), '*', entryAt(root, 'ignore-on-exit')?.offset ?? 0)] : []),
])
export const kubeLinter = structured('kube-linter', '.kube-linter.yaml', 'configuration', (root) => ofList(place('kube-linter', 'checks.exclude'), at(root, 'checks', 'exclude')))

/** One finding a file and type that somebody has taken for no secret, or never looked at (Yelp, detect-secrets). */
export const secretsBaseline = structured('detect-secrets', '.secrets.baseline', 'baseline', (root) => entriesOf(at(root, 'results')).flatMap(({ key: path, value }) =>
  itemsOf(value).map((item) => found(place('detect-secrets', '.secrets.baseline', 'baseline'), textOf(at(item, 'type')) ?? '*', item.offset, { paths: [path] }))))

export const brakemanIgnore = structured('brakeman', 'brakeman.ignore', 'ignore-file', (root) => itemsOf(at(root, 'ignored_warnings')).map((item) =>
  found(place('brakeman', 'brakeman.ignore', 'ignore-file'), textOf(at(item, 'check_name')) ?? textOf(at(item, 'warning_type')) ?? '*', item.offset, { reason: textOf(at(item, 'note')), paths: textsOf(at(item, 'file')) })))

export const codeqlConfig = structured('codeql', 'codeql-config', 'configuration', (root) => [
  ...itemsOf(at(root, 'query-filters')).flatMap((filter) => ofList(place('codeql', 'query-filters'), at(filter, 'exclude', 'id'))), ...ofPaths(root, 'codeql', 'paths-ignore'),
])

/** `allowlist` of audit-ci: ids, paths or objects of them with an end. */
export const auditAllowlist = structured('npm-audit', 'allowlist', 'ignore-file', (root) => itemsOf(at(root, 'allowlist')).flatMap((item) => {
  const mark = place('npm-audit', 'allowlist', 'ignore-file')
  const entries = entriesOf(item)
  return entries.length === 0 ? [found(mark, textOf(item) ?? '*', item.offset)]
    : entries.map(({ key, offset, value }) => found(mark, key, offset, { reason: textOf(at(value, 'notes')), expires: textOf(at(value, 'expiry')) }))
}))
