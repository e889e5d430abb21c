/**
 * Decision workloads of any size: skewed rules and paths, opt-outs from exact to broad (in control, path or repository: one of them at
 * most), 70 % of them for one repository, of which the first, that of the run, has most: of 10,000 over 200 repositories every 17th finding
 * is excused. Seeded: the same size gives the same workload.
 */
import { compilePolicySet, judgeGitOptOuts, parseDuration, parseInstant } from '@exeat/core'
import type { Facts, Finding, Instant, OptOut, OptOutSet, PolicySet, StandingOptOut } from '@exeat/core'

export interface WorkloadSize {
  readonly seed: number
  readonly findings: number
  readonly optOuts: number
  /** Opt-outs spread over this many repositories; the run is of the first. */
  readonly repositories: number
  /** `one rule`: every opt-out names the first rule and a pattern with wildcards in several segments, and findings have distinct paths. */
  readonly shape?: 'mixed' | 'one rule'
}

export interface Workload {
  readonly policySet: PolicySet
  readonly optOuts: OptOutSet
  readonly findings: readonly Finding[]
  readonly facts: Facts
  readonly now: Instant
}

type Random = () => number

/** mulberry32: 32 bits of state, in the public domain. */
export function random(seed: number): Random {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let value = Math.imul(state ^ (state >>> 15), state | 1)
    value ^= value + Math.imul(value ^ (value >>> 7), value | 61)
    return ((value ^ (value >>> 14)) >>> 0) / 2 ** 32
  }
}

const hour = 3_600_000
const environments = ['staging', 'test', 'preview'] as const
const tools = ['trivy', 'checkov', 'semgrep', 'kyverno'] as const
const severities = ['low', 'medium', 'high', 'critical'] as const

export function workload(size: WorkloadSize): Workload {
  const next = random(size.seed)
  const now = instant('2026-11-23T12:00:00Z')
  const controls = ruleNames(next)
  const rules = split(controls)
  const paths = pathNames(next, 19_138)
  const policySet = openPolicy(size.repositories)
  const standing = Array.from({ length: size.optOuts }, (_, index) => (size.shape === 'one rule'
    ? standingOf(index, next, now, repositoryName(Math.floor(next() * size.repositories)), [controls[0] as string], complexPath(paths, next))
    : mixed(index, next, now, size.repositories, controls, paths)))
  const findings = Array.from({ length: size.findings }, (_, index): Finding => (size.shape === 'one rule'
    ? findingOf(rules[0] as Pick<Finding, 'tool' | 'rule'>, paths[index % paths.length] as string, next)
    : findingOf(skewed(rules, next), skewed(paths, next, 1.5), next)))
  const facts: Facts = {
    repository: { value: { name: repositoryName(0), id: '0' }, provenance: 'asserted', from: 'workload' },
    environment: { value: 'staging', provenance: 'asserted', from: 'workload' },
  }
  return { policySet, optOuts: judgeGitOptOuts(policySet, standing, now), findings, facts, now }
}

function instant(text: string): Instant {
  const value = parseInstant(text)
  if (value === undefined) throw new Error(`no instant: ${text}`)
  return value
}

const repositoryName = (index: number): string => `acme/repository-${index}`
const pick = <T>(list: readonly T[], next: Random): T => list[Math.floor(next() * list.length)] as T
const skewed = <T>(list: readonly T[], next: Random, power = 3): T => list[Math.floor(list.length * next() ** power)] as T

/** Tool and rule of each control: findings share strings, as those of a reader do. */
const split = (controls: readonly string[]): readonly Pick<Finding, 'tool' | 'rule'>[] => controls.map((control) => {
  const slash = control.indexOf('/')
  return { tool: control.slice(0, slash), rule: control.slice(slash + 1) }
})

/** 1,850 controls of four tools, shuffled: the first are the most frequent. */
function ruleNames(next: Random): readonly string[] {
  const words = ['lang', 'security', 'audit', 'injection', 'crypto', 'express', 'django', 'spring', 'xss', 'ssrf']
  const names = [
    ...Array.from({ length: 900 }, (_, index) => `trivy/CVE-${2014 + (index % 12)}-${10_000 + index * 37}`),
    ...Array.from({ length: 250 }, (_, index) => `trivy/AVD-AWS-${String(index).padStart(4, '0')}`),
    ...Array.from({ length: 300 }, (_, index) => `checkov/CKV_${pick(['AWS', 'GCP', 'AZURE', 'K8S'], next)}_${index}`),
    ...Array.from({ length: 300 }, (_, index) => `semgrep/${pick(['javascript', 'python', 'java', 'go'], next)}.${pick(words, next)}.${pick(words, next)}.rule-${index}`),
    ...Array.from({ length: 100 }, (_, index) => `kyverno/require-${pick(words, next)}-${index}`),
  ]
  return names.map((name) => ({ name, key: next() })).sort((a, b) => a.key - b.key).map(({ name }) => name)
}

function pathNames(next: Random, count: number): readonly string[] {
  const tops = ['services', 'packages', 'infra', 'apps', 'libs', 'deploy']
  const folders = ['api', 'core', 'web', 'ledger', 'billing', 'search', 'auth', 'common', 'src', 'main', 'internal', 'modules', 'handlers', 'test']
  const extensions = ['ts', 'java', 'py', 'go', 'tf', 'yaml', 'json', 'xml']
  const names = new Set<string>()
  while (names.size < count) {
    const middle = Array.from({ length: 1 + Math.floor(next() * 5) }, () => pick(folders, next))
    names.add(`${[pick(tops, next), ...middle, `file-${Math.floor(next() * 400)}`].join('/')}.${pick(extensions, next)}`)
  }
  return [...names]
}

function findingOf({ tool, rule }: Pick<Finding, 'tool' | 'rule'>, path: string, next: Random): Finding {
  return {
    tool, rule, severity: pick(severities, next), title: 'a flaw', path, line: 1 + Math.floor(next() * 500),
  }
}

/** Any control is as likely as another: opt-outs do not follow what is found most. 60 % exact, 25 % a prefix, 10 % a star inside, 5 % a whole tool. */
function controlPattern(controls: readonly string[], next: Random): { readonly pattern: string; readonly broad: boolean } {
  const name = pick(controls, next)
  const kind = next()
  if (kind < 0.6) return { pattern: name, broad: false }
  if (kind < 0.85) return { pattern: `${name.slice(0, name.length - 2)}*`, broad: false }
  const slash = name.indexOf('/')
  if (kind < 0.95) return { pattern: `${name.slice(0, slash + 3)}*${name.slice(-3)}`, broad: false }
  return { pattern: `${name.slice(0, slash)}/*`, broad: true }
}

/** 30 % exact, 42 % a folder, 10 % an extension, 12 % complex, 6 % anywhere. */
function pathPattern(paths: readonly string[], next: Random): { readonly pattern: string | undefined; readonly broad: boolean } {
  const path = pick(paths, next)
  const kind = next()
  if (kind < 0.3) return { pattern: path, broad: false }
  if (kind < 0.72) return { pattern: `${path.slice(0, path.lastIndexOf('/'))}/**`, broad: false }
  if (kind < 0.82) return { pattern: `**/*${path.slice(path.lastIndexOf('.'))}`, broad: true }
  if (kind < 0.94) return { pattern: complexPath(paths, next), broad: false }
  return { pattern: undefined, broad: true }
}

function narrowPath(paths: readonly string[], next: Random): ReturnType<typeof pathPattern> {
  for (;;) {
    const path = pathPattern(paths, next)
    if (!path.broad) return path
  }
}

function complexPath(paths: readonly string[], next: Random): string {
  const segments = pick(paths, next).split('/')
  const file = segments.at(-1) as string
  const dot = file.lastIndexOf('.')
  const name = pick([`*${file.slice(dot - 2)}`, `${file.slice(0, dot - 1)}?${file.slice(dot)}`, `${file.slice(0, dot)}.{ts,java,py}`, `*-${file.slice(5, dot)}.*`], next)
  const middle = segments.slice(1, -1).map((segment) => (next() < 0.3 ? '*' : segment))
  return [segments[0] as string, ...(next() < 0.5 ? ['**', ...middle.slice(-1)] : middle), name].join('/')
}

function mixed(index: number, next: Random, now: Instant, repositories: number, controls: readonly string[], paths: readonly string[]): StandingOptOut {
  const control = controlPattern(controls, next)
  const repository = !control.broad && repositories > 1 && next() < 0.3 ? undefined : repositoryName(Math.floor(repositories * next() ** 1.5))
  const broad = control.broad || repository === undefined
  const path = broad ? narrowPath(paths, next) : pathPattern(paths, next)
  return standingOf(index, next, now, repository, [control.pattern], path.pattern)
}

function standingOf(index: number, next: Random, now: Instant, repository: string | undefined, controls: string[], path: string | undefined): StandingOptOut {
  // One in ten has ended, one in twenty has not begun.
  const moved = next()
  const shift = moved < 0.1 ? -200 : moved < 0.15 ? 200 : 0
  const from = (now + (shift - Math.floor(next() * 90)) * hour) as Instant
  const chosen = environments.filter(() => next() < 0.6)
  const document: OptOut = {
    apiVersion: 'exeat.dev/v1', kind: 'OptOut', metadata: { name: `opt-out-${index}` },
    spec: {
      controls,
      targets: {
        environments: chosen.length === 0 ? ['staging'] : chosen,
        ...(repository === undefined ? {} : { repositories: [repository] }),
        ...(path === undefined ? {} : { paths: [path] }),
      },
      category: 'waiver', reason: 'Made for a measurement', owner: 'alice@acme.example',
      window: { from, until: (from + 100 * hour) as Instant }, limits: { findings: 1_000_000 },
    },
  }
  const uid = index.toString(16).padStart(64, '0')
  return { document, digest: uid, uid, origin: { file: '.exeat/opt-outs.yaml', line: index + 1, column: 1 } }
}

function openPolicy(repositories: number): PolicySet {
  const placed = <T>(document: T, name: string) => ({ document, digest: '0'.repeat(64), origin: { file: `.exeat/${name}.yaml`, line: 1, column: 1 } })
  const duration = parseDuration('14d')
  if (duration === undefined) throw new Error('no duration: 14d')
  const answer = compilePolicySet({
    workspace: placed({
      apiVersion: 'exeat.dev/v1' as const, kind: 'Workspace' as const, metadata: { name: 'acme' },
      spec: {
        id: 'acme', protectedRef: 'main',
        sources: Array.from({ length: repositories }, (_, index) => ({ name: repositoryName(index), forge: 'none' as const, repositoryId: String(index), may: ['optOuts' as const] })),
        environments: environments.map((name) => ({ name, proof: 'asserted' as const })),
      },
    }, 'workspace'),
    policies: [placed({
      apiVersion: 'exeat.dev/v1' as const, kind: 'OptOutPolicy' as const, metadata: { name: 'open' },
      spec: {
        effect: 'permit' as const, controls: tools.map((tool) => `${tool}/*`), environments: [...environments], request: 'anyone' as const, approve: 'none' as const,
        activate: 'anyone' as const, mfa: 'none' as const, limits: { duration, findings: 1_000_000 }, wildcards: true, requires: { impact: false },
      },
    }, 'policies/open')],
  })
  if (!answer.ok) throw new Error(answer.problems.map(({ message }) => message).join('\n'))
  return answer.set
}
