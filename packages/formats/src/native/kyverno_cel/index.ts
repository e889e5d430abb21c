/**
 * `PolicyException` (`policies.kyverno.io/v1`) for policies in CEL, one object by kind, namespace and name. A condition that failed to evaluate
 * would fail the policy for every other object, so each attribute is asked for first, and the object too, which a deletion lacks.
 * `expiresAt` is written, but servers before 1.19 drop it unseen and keep the exception for ever: the form counts as one without an end.
 */
import { type Finding, formatInstant } from '@exeat/core'
import { stringify } from 'yaml'
import { heading, lastSecond, oneLine } from '../text.ts'
import type { NativeForm, Row, Target } from '../types.ts'

/** RFC 1123 subdomains, which need no escape in CEL. */
const name = /^[a-z0-9](?:[-a-z0-9.]*[a-z0-9])?$/u
const kind = /^[A-Z][A-Za-z0-9]*$/u

function target({ rule, path, resource }: Finding): Target | string {
  if (!name.test(rule)) return 'its rule is not the name of a policy alone, as those in CEL are'
  const parts = resource?.split('/') ?? []
  const [ofKind = '', namespace = '', object = ''] = parts
  if (parts.length !== 3 || !kind.test(ofKind) || !name.test(namespace) || !name.test(object)) return 'its resource is not a kind, a namespace and a name'
  return { match: { rule, ...(resource === undefined ? {} : { resource }) }, exact: path === undefined }
}

const condition = (field: string, value: string): string => `has(object.${field}) && object.${field} == "${value}"`

function exception({ target: { match: { rule, resource = '' } }, excuse: { by }, findings, ends }: Row): object {
  const [ofKind = '', namespace = '', object = ''] = resource.split('/')
  const expression = ['object != null', condition('kind', ofKind), condition('metadata.namespace', namespace), condition('metadata.name', object)].join(' && ')
  return {
    apiVersion: 'policies.kyverno.io/v1', kind: 'PolicyException',
    metadata: { name: `exeat-${findings[0]?.fingerprint.slice(0, 16) ?? ''}`, namespace, annotations: { 'exeat.dev/opt-out': by.name, 'exeat.dev/reason': oneLine(by.reason) } },
    spec: {
      // Reports name a policy and not its kind, so findings of both are one control.
      policyRefs: ['ValidatingPolicy', 'ImageValidatingPolicy'].map((each) => ({ name: rule, kind: each })),
      matchConditions: [{ name: 'exeat', expression }],
      expiresAt: formatInstant(lastSecond(ends)),
    },
  }
}

export const kyvernoCelForm: NativeForm = {
  name: 'kyverno-cel',
  tool: 'kyverno',
  selfExpiring: false,
  target,
  render: (rows, context) => [{
    path: 'exeat-cel-exceptions.yaml',
    content: [heading(context).map((line) => `# ${line}\n`).join(''), ...rows.map((row) => stringify(exception(row), { lineWidth: 0, defaultStringType: 'QUOTE_DOUBLE', defaultKeyType: 'PLAIN' }))].join('---\n'),
  }],
}
