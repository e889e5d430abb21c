/** `.checkov.baseline`, for `--baseline`: checks by file and resource, which is what tells findings of Checkov apart. It knows no end. */
import type { Finding } from '@exeat/core'
import type { NativeForm, Row, Target } from '../types.ts'

function target({ rule, path, resource }: Finding): Target | string {
  if (path === undefined || resource === undefined) return 'it has no path or no resource'
  return { match: { rule, path, resource }, exact: true }
}

/** Checkov compares the file with a `/` before it. */
function failedChecks(rows: readonly Row[]): readonly object[] {
  const files = new Map<string, Map<string, string[]>>()
  for (const { target: { match: { rule, path = '', resource = '' } } } of rows) {
    const resources = files.get(path) ?? new Map<string, string[]>()
    files.set(path, resources)
    resources.set(resource, [...resources.get(resource) ?? [], rule])
  }
  return [...files].map(([path, resources]) => ({ file: `/${path}`, findings: [...resources].map(([resource, ids]) => ({ resource, check_ids: ids })) }))
}

export const checkovForm: NativeForm = {
  name: 'checkov',
  tool: 'checkov',
  selfExpiring: false,
  target,
  render: (rows) => [{ path: '.checkov.baseline', content: `${JSON.stringify({ failed_checks: failedChecks(rows) }, undefined, 2)}\n` }],
}
