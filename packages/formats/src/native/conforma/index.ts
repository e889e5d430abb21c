/**
 * `volatileConfig` of Conforma, to be put into a source of its policy. An entry names a rule (`package.rule`), which means the rule with any
 * term, or with a term (`package.rule:term`), and may name the digest of an image. The instant in `effectiveUntil` still counts, and one that
 * cannot be read would count for ever. `imageRef` is the older name of `imageDigest`: a version that knows one alone must not drop both.
 */
import { type Finding, formatInstant } from '@exeat/core'
import { lastMillisecond, oneLine, yamlFile } from '../text.ts'
import type { Match, NativeForm, Row, Target } from '../types.ts'

const code = /^[A-Za-z_]\w*\.[A-Za-z_]\w*(?<term>:\S+)?$/u
const digest = /^sha256:[0-9a-f]{64}$/u

function target({ rule, path, resource, image }: Finding): Target | string {
  const named = code.exec(rule)
  if (named === null) return 'its rule is not a package and the name of a rule'
  if (image !== undefined && !digest.test(image)) return 'its image is not a digest'
  const exact = named.groups?.['term'] !== undefined && image !== undefined && path === undefined && resource === undefined
  return { match: { rule, ...(image === undefined ? {} : { image }) }, exact }
}

/** The last two names of a code count, and a term only where the entry has one. */
function reaches({ rule, image }: Match, finding: Finding): boolean {
  const [whole = '', ...rest] = finding.rule.split(':')
  const short = whole.split('.').slice(-2).join('.')
  return (rule === short || rule === [short, ...rest].join(':')) && (image === undefined || image === finding.image)
}

const entry = ({ target: { match: { rule, image } }, excuse: { by }, ends }: Row): object => ({
  value: rule,
  effectiveUntil: formatInstant(lastMillisecond(ends)),
  ...(image === undefined ? {} : { imageDigest: image, imageRef: image }),
  reference: oneLine(`${by.name}: ${by.reason}`),
})

export const conformaForm: NativeForm = {
  name: 'conforma',
  tool: 'conforma',
  selfExpiring: true,
  last: lastMillisecond,
  target,
  reaches,
  render: (rows, context) => [{ path: 'exeat-volatile-config.yaml', content: yamlFile({ volatileConfig: { exclude: rows.map(entry) } }, context) }],
}
