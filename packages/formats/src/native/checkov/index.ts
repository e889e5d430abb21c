/**
 * `.checkov.baseline`, for `--baseline`. Checkov writes files into it and reads none back (`Baseline._is_check_in_baseline`, 3.x): an entry is for
 * a check and a resource of that name in every file that is scanned. It knows no end.
 */
import type { Finding } from '@exeat/core'
import type { NativeForm, Row, Target } from '../types.ts'

function target({ rule, path, resource }: Finding): Target | string {
  if (path === undefined || resource === undefined) return 'it has no path or no resource'
  return { match: { rule, resource }, exact: false }
}

/** Files as Checkov's own baselines have them, with a `/` before: for people and for readers that do compare them. */
function failedChecks(rows: readonly Row[]): readonly object[] {
  const files = new Map<string, Map<string, Set<string>>>()
  for (const { target: { match: { rule, resource = '' } }, findings } of rows) {
    for (const { finding: { path = '' } } of findings) {
      const resources = files.get(path) ?? new Map<string, Set<string>>()
      files.set(path, resources)
      resources.set(resource, (resources.get(resource) ?? new Set()).add(rule))
    }
  }
  return [...files].map(([path, resources]) => ({ file: `/${path}`, findings: [...resources].map(([resource, ids]) => ({ resource, check_ids: [...ids] })) }))
}

export const checkovForm: NativeForm = {
  name: 'checkov',
  tool: 'checkov',
  selfExpiring: false,
  target,
  render: (rows) => [{ path: '.checkov.baseline', content: `${JSON.stringify({ failed_checks: failedChecks(rows) }, undefined, 2)}\n` }],
}
