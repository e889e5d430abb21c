/** Exeat's own fingerprint (design §4). A tool's own is shown, never believed: it can be steered by what the tool scans. */
import { toHex } from '../digest/hex.ts'
import { utf8 } from '../digest/utf8.ts'
import type { HexDigest, Sha256 } from '../model/digest.ts'
import type { Finding } from '../model/finding.ts'

/** White space says nothing: a reformatted line keeps its fingerprint. */
const normalised = (text: string): string => text.replace(/\s+/gu, ' ').trim()

const contentOf = (finding: Finding): string => normalised(finding.snippet ?? finding.message ?? finding.title)

/**
 * Fingerprint of the finding at an index: SHA-256 over `exeat/fingerprint/v1` ‖ 0 ‖ JSON of [tool, rule, repository id, path, resource,
 * snippet or message with white space folded, ordinal among equals]. Equals are told apart by their order of lines, so a moved line keeps
 * its fingerprint and a second equal flaw gets one of its own. Lazy: nothing is hashed until it is asked for, each at most once.
 */
export function fingerprints(findings: readonly Finding[], repositoryId: string, sha256: Sha256): (index: number) => HexDigest {
  const known: (HexDigest | undefined)[] = []
  let ordinalAt: ((index: number) => number) | undefined
  return (index) => {
    const finding = findings[index]
    if (finding === undefined) throw new RangeError(`no finding at ${index}`)
    ordinalAt ??= ordinals(findings)
    const { tool, rule, path, resource } = finding
    const identity = [tool, rule, repositoryId, path ?? null, resource ?? null, contentOf(finding), ordinalAt(index)]
    return known[index] ??= toHex(sha256(utf8(`exeat/fingerprint/v1\0${JSON.stringify(identity)}`)))
  }
}

/** Position of a finding among its equals; worked out for one rule and path at a time. */
function ordinals(findings: readonly Finding[]): (index: number) => number {
  const groups = new Map<string, number[]>()
  const groupOf = ({ tool, rule, path, resource }: Finding): string => `${tool}\0${rule}\0${path ?? ''}\0${resource ?? ''}`
  for (const [index, finding] of findings.entries()) {
    const key = groupOf(finding)
    const group = groups.get(key)
    if (group === undefined) groups.set(key, [index])
    else group.push(index)
  }
  const numbered = new Map<number, number>()
  return (index) => {
    if (!numbered.has(index)) number(findings, groups.get(groupOf(findings[index] as Finding)) ?? [], numbered)
    return numbered.get(index) ?? 0
  }
}

function number(findings: readonly Finding[], group: readonly number[], numbered: Map<number, number>): void {
  const at = (index: number): Finding => findings[index] as Finding
  const next = new Map<string, number>()
  for (const index of [...group].sort((a, b) => compare(at(a), at(b)))) {
    const { path, resource } = at(index)
    const key = JSON.stringify([path === undefined, resource === undefined, contentOf(at(index))])
    const ordinal = next.get(key) ?? 0
    numbered.set(index, ordinal)
    next.set(key, ordinal + 1)
  }
}

/** By line, then by whatever else could tell two equals apart, so that the order of a report says nothing. */
function compare(a: Finding, b: Finding): number {
  if (a.line !== b.line) return (a.line ?? Infinity) - (b.line ?? Infinity)
  const rest = ({ severity, title, image, message, toolFingerprint }: Finding): string =>
    JSON.stringify([severity ?? null, title, image ?? null, message ?? null, toolFingerprint ?? null])
  const left = rest(a)
  const right = rest(b)
  return left < right ? -1 : left > right ? 1 : 0
}
