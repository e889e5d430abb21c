import { JsonFault } from '../../json/fault.ts'
import { byte } from '../../json/bytes.ts'
import { firstInto, list, members, number, object, starts, text } from './read.ts'
import type { Fill, Read } from './read.ts'
import { descriptorReference } from './shapes.ts'
import type { DescriptorReference, Suppression } from './shapes.ts'

/** What of one result (§3.27) a finding needs, in one flat object: a large report has a million of them. */
export interface RawResult {
  /** Index among the results of its run. */
  index: number
  ruleId: string | undefined
  ruleIndex: number | undefined
  rule: DescriptorReference | undefined
  kind: string | undefined
  level: string | undefined
  baselineState: string | undefined
  message: string | undefined
  markdown: string | undefined
  messageId: string | undefined
  arguments: string[] | undefined
  /** The first location is the finding's place: SARIF gives more only where one flaw needs a change in each (§3.27.12). */
  physical: boolean
  uri: string | undefined
  uriBaseId: string | undefined
  artifact: number | undefined
  line: number | undefined
  snippet: string | undefined
  logicalName: string | undefined
  logicalKind: string | undefined
  logicalIndex: number | undefined
  fingerprint: string | undefined
  partialFingerprint: string | undefined
  taxa: DescriptorReference[] | undefined
  invocation: number | undefined
  suppressions: readonly Suppression[]
}

const noSuppressions: readonly Suppression[] = []

export const blankResult = (): RawResult => ({
  index: -1, ruleId: undefined, ruleIndex: undefined, rule: undefined, kind: undefined, level: undefined, baselineState: undefined,
  message: undefined, markdown: undefined, messageId: undefined, arguments: undefined, physical: false, uri: undefined, uriBaseId: undefined,
  artifact: undefined, line: undefined, snippet: undefined, logicalName: undefined, logicalKind: undefined, logicalIndex: undefined,
  fingerprint: undefined, partialFingerprint: undefined, taxa: undefined, invocation: undefined, suppressions: noSuppressions,
})

const reference = object(descriptorReference)

const physicalLocation = members<RawResult>({
  artifactLocation: members<RawResult>({
    uri: (reading, raw, name) => { raw.uri = text(reading, name) },
    uriBaseId: (reading, raw, name) => { raw.uriBaseId = text(reading, name) },
    index: (reading, raw, name) => { raw.artifact = number(reading, name) },
  }),
  region: members<RawResult>({
    startLine: (reading, raw, name) => { raw.line = number(reading, name) },
    snippet: members<RawResult>({ text: (reading, raw, name) => { raw.snippet = text(reading, name) } }),
  }),
})

const location = members<RawResult>({
  physicalLocation: (reading, raw, name) => {
    raw.physical = reading.scanner.peek() === byte.openObject
    physicalLocation(reading, raw, name)
  },
  logicalLocations: firstInto(members<RawResult>({
    fullyQualifiedName: (reading, raw, name) => { raw.logicalName = text(reading, name) },
    kind: (reading, raw, name) => { raw.logicalKind = text(reading, name) },
    index: (reading, raw, name) => { raw.logicalIndex = number(reading, name) },
  })),
})

const message = members<RawResult>({
  text: (reading, raw, name) => { raw.message = text(reading, name) },
  markdown: (reading, raw, name) => { raw.markdown = text(reading, name) },
  id: (reading, raw, name) => { raw.messageId = text(reading, name) },
  arguments: (reading, raw, name) => { raw.arguments = list(text)(reading, name) },
})

/** Each is compared with those before it. */
const mostFingerprints = 100

/** The value under the smallest key: one of several, whatever their order. */
const smallest: Read<string> = (reading, name) => {
  const { scanner, strings } = reading
  if (!starts(scanner, byte.openObject, name, 'an object') || !scanner.enterObject()) return undefined
  const keys: string[] = []
  let found: string | undefined
  let under: string | undefined
  do {
    const offset = scanner.offset
    const key = scanner.readKey(strings.read)
    if (keys.length === mostFingerprints) scanner.fail('JSON_TOO_LARGE', `a result has more than ${mostFingerprints} fingerprints`)
    if (keys.includes(key)) throw new JsonFault('JSON_DUPLICATE_KEY', offset, `a key stands twice in \`${name}\``)
    keys.push(key)
    const value = text(reading, name)
    if (value !== undefined && (under === undefined || key < under)) {
      found = value
      under = key
    }
  } while (scanner.nextElement())
  return found
}

export const resultMembers: Readonly<Record<string, Fill<RawResult>>> = {
  ruleId: (reading, raw, name) => { raw.ruleId = text(reading, name) },
  ruleIndex: (reading, raw, name) => { raw.ruleIndex = number(reading, name) },
  rule: (reading, raw, name) => { raw.rule = reference(reading, name) },
  kind: (reading, raw, name) => { raw.kind = text(reading, name) },
  level: (reading, raw, name) => { raw.level = text(reading, name) },
  baselineState: (reading, raw, name) => { raw.baselineState = text(reading, name) },
  message,
  locations: firstInto(location),
  fingerprints: (reading, raw, name) => { raw.fingerprint = smallest(reading, name) },
  partialFingerprints: (reading, raw, name) => { raw.partialFingerprint = smallest(reading, name) },
  taxa: (reading, raw, name) => { raw.taxa = list(reference)(reading, name) },
  provenance: members<RawResult>({ invocationIndex: (reading, raw, name) => { raw.invocation = number(reading, name) } }),
}
