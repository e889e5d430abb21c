/** Impacts of a tree, each held against its name and against the others. */
import { decodeImpact, impactDigest } from '@exeat/core/impact'
import type { HexDigest, Problem, Sha256 } from '@exeat/core'
import { parseStrictJson } from '@exeat/formats'
import type { GovernanceFile } from './entries.ts'
import { gitProblem, startOf } from './problem.ts'

export interface Impacts {
  /** By digest of the opt-out. An impact that cannot be trusted leaves an empty list: it excuses nothing, and that is not "no impact". */
  readonly byOptOut: ReadonlyMap<HexDigest, readonly HexDigest[]>
  readonly warnings: readonly Problem[]
}

interface Read {
  readonly file: string
  readonly optOut?: HexDigest
  readonly fingerprints: readonly HexDigest[]
  readonly problem?: Problem
}

/** `standing`: digests of the opt-outs that stand. */
export function readImpacts(files: readonly GovernanceFile[], standing: ReadonlySet<HexDigest>, sha256: Sha256): Impacts {
  const read = files.map((file) => readImpact(file, sha256))
  const warnings: Problem[] = read.flatMap(({ problem }) => problem ?? [])
  const byOptOut = new Map<HexDigest, readonly HexDigest[]>()
  for (const [optOut, impacts] of Map.groupBy(read, (impact) => impact.optOut)) {
    if (optOut === undefined) continue
    const sound = impacts.length === 1 && impacts.every(({ problem }) => problem === undefined)
    byOptOut.set(optOut, sound ? impacts.flatMap(({ fingerprints }) => fingerprints) : [])
    if (impacts.length > 1) warnings.push(...impacts.map(({ file }) => repeated(file, optOut, impacts.length)))
    if (!standing.has(optOut)) warnings.push(...impacts.map(({ file }) => unused(file, optOut)))
  }
  return { byOptOut, warnings }
}

function readImpact({ path, bytes }: GovernanceFile, sha256: Sha256): Read {
  const parsed = parseStrictJson(bytes, path)
  if (!parsed.ok) return { file: path, fingerprints: [], problem: parsed.problem }
  const answer = decodeImpact(parsed.value, path)
  if (!answer.ok) return { file: path, fingerprints: [], problem: answer.problem, ...(answer.optOut === undefined ? {} : { optOut: answer.optOut }) }
  const { optOut, fingerprints } = answer.impact
  const wanted = `.exeat/impacts/${impactDigest(answer.impact, sha256)}.json`
  if (path === wanted) return { file: path, optOut, fingerprints }
  const problem = gitProblem('IMPACT_NAME', `\`${path}\` has the content of \`${wanted}\``, 'it was edited after it was written: write it anew, and have it approved anew', startOf(path))
  return { file: path, optOut, fingerprints: [], problem }
}

const repeated = (file: string, optOut: HexDigest, count: number): Problem =>
  gitProblem('IMPACT_REPEATED', `${count} impacts speak of opt-out \`${optOut}\`, so none of them counts`, 'keep the one that was approved', startOf(file))

const unused = (file: string, optOut: HexDigest): Problem =>
  gitProblem('IMPACT_UNUSED', `no opt-out that stands has the digest \`${optOut}\``, 'the opt-out was changed or removed: remove its impact, or ask anew', startOf(file))
