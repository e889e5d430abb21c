/** One entry of `Results`: what was found in one target. */
import { severityOf } from '../draft.ts'
import type { Draft, Notes } from '../draft.ts'
import { isPackageUrl, packageUrl } from '../purl.ts'
import { numberIf, object, objectIf, refuse, text, textIf, textsIf } from '../shape.ts'
import type { Node, listIf } from '../shape.ts'

/** What holds for all results of a report or a resource. */
export interface Scanned {
  /** Reads a list that may be missing; old reports write null for none. */
  readonly lists: typeof listIf
  readonly image?: string | undefined
  /** Kubernetes object in which all of it was found. */
  readonly resource?: string
  /** True where targets are names of images, so that only packages and files in them are paths. */
  readonly inImage?: boolean
}

/** Where a result looked. */
interface Place extends Scanned {
  readonly target: string
  readonly class: string | undefined
  readonly type: string | undefined
}

/** Targets that stand for all packages of a language. */
const aggregates: ReadonlySet<string> = new Set(['Java', 'Node.js', 'Python', 'Ruby', 'Conda', 'Kubernetes', 'OS Packages', 'Loose File License(s)'])

export function addResult(result: Node, scanned: Scanned, notes: Notes): void {
  const place: Place = { ...scanned, target: text(result, 'Target'), class: textIf(result, 'Class'), type: textIf(result, 'Type') }
  for (const each of scanned.lists(result, 'Vulnerabilities')) notes.add(vulnerability(each, place))
  for (const each of scanned.lists(result, 'Misconfigurations')) if (fails(each)) notes.add(misconfiguration(each, place))
  for (const each of scanned.lists(result, 'Secrets')) notes.add(secret(each, place))
  for (const each of scanned.lists(result, 'Licenses')) notes.add(licence(each, place))
  for (const each of scanned.lists(result, 'ExperimentalModifiedFindings')) addModified(each, place, notes)
}

const drafts: ReadonlyMap<string, (node: Node, place: Place) => Draft> = new Map([
  ['vulnerability', vulnerability], ['misconfiguration', misconfiguration], ['secret', secret], ['license', licence],
])

/** What an ignore file or a VEX document took out of the findings. */
function addModified(modified: Node, place: Place, notes: Notes): void {
  const type = text(modified, 'Type')
  const draft = drafts.get(type) ?? refuse(modified, 'has an unknown `Type`')
  const source = textIf(modified, 'Source')
  const reasons = [textIf(modified, 'Statement'), source === undefined ? undefined : `(${source})`].filter((each) => each !== undefined)
  notes.addSuppressed(draft(object(modified, 'Finding'), place), text(modified, 'Status'), reasons.length === 0 ? undefined : reasons.join(' '))
}

function fails(misconfiguration: Node): boolean {
  const status = textIf(misconfiguration, 'Status') ?? 'FAIL'
  if (status !== 'FAIL' && status !== 'PASS' && status !== 'EXCEPTION') refuse(misconfiguration, 'has an unknown `Status`')
  return status === 'FAIL'
}

const common = (place: Place): Pick<Draft, 'image'> => ({ image: place.image })

function vulnerability(node: Node, place: Place): Draft {
  const name = text(node, 'PkgName')
  const version = textIf(node, 'InstalledVersion')
  const identifier = objectIf(node, 'PkgIdentifier')
  const written = identifier === undefined ? undefined : textIf(identifier, 'PURL')
  const purl = isPackageUrl(written) ? written : packageUrl(place.type, name, version)
  const lockFile = place.class === 'lang-pkgs' || place.class === undefined && !isDistribution(place) ? fileOf(place) : undefined
  return {
    ...common(place),
    rule: text(node, 'VulnerabilityID'),
    severity: severityOf(textIf(node, 'Severity')),
    title: textIf(node, 'Title'),
    // Names what is affected and nothing that a later database words anew, so that the fingerprint stays.
    message: version === undefined ? name : `${name} ${version}`,
    path: textIf(node, 'PkgPath') ?? lockFile,
    resource: place.resource ?? purl,
    aliases: textsIf(node, 'VendorIDs'),
    toolFingerprint: textIf(node, 'Fingerprint'),
  }
}

/** Reports of before 0.20 name no class; a target of a distribution ends in its name and version. */
const isDistribution = (place: Place): boolean => place.type !== undefined && place.target.includes(`(${place.type} `)

const fileOf = (place: Place): string | undefined => (place.resource !== undefined || aggregates.has(place.target) ? undefined : place.target)

function misconfiguration(node: Node, place: Place): Draft {
  const cause = objectIf(node, 'CauseMetadata')
  const avd = textIf(node, 'AVDID')
  return {
    ...common(place),
    rule: text(node, 'ID'),
    severity: severityOf(textIf(node, 'Severity')),
    title: textIf(node, 'Title'),
    message: textIf(node, 'Message'),
    path: fileOf(place),
    line: cause === undefined ? undefined : numberIf(cause, 'StartLine'),
    resource: place.resource ?? (cause === undefined ? undefined : textIf(cause, 'Resource')),
    aliases: avd === undefined ? [] : [avd],
  }
}

function secret(node: Node, place: Place): Draft {
  return {
    ...common(place),
    rule: text(node, 'RuleID'),
    severity: severityOf(textIf(node, 'Severity')),
    title: textIf(node, 'Title'),
    // Trivy has masked it.
    snippet: textIf(node, 'Match'),
    path: fileOf(place),
    line: numberIf(node, 'StartLine'),
    resource: place.resource,
  }
}

function licence(node: Node, place: Place): Draft {
  const name = text(node, 'Name')
  const holder = textIf(node, 'PkgName')
  return {
    ...common(place),
    rule: name,
    severity: severityOf(textIf(node, 'Severity')),
    title: [name, textIf(node, 'Category')].filter((each) => each !== undefined).join(', '),
    message: holder,
    path: textIf(node, 'FilePath') ?? fileOf(place),
    resource: place.resource,
  }
}
