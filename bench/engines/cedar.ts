/**
 * Opt-outs as Cedar policies. Cedar's `like` knows `*` alone and takes slashes with it, so a path comes apart into its segments, counted from
 * both ends, with their lengths, which say what `?` says.
 */
import { createRequire } from 'node:module'
import type * as CedarModule from '@cedar-policy/cedar-wasm/nodejs'
import { compilePattern } from '../../packages/core/src/index.ts'
import type { ActiveOptOut, Finding } from '../../packages/core/src/index.ts'
import type { Workload } from '../../packages/testkit/src/workload.ts'
import type { EngineRun } from '../engines.ts'

const setId = 'opt-outs'

export function cedar({ optOuts, findings, facts, now }: Workload): EngineRun {
  const start = performance.now()
  const engine = createRequire(import.meta.url)('@cedar-policy/cedar-wasm/nodejs') as typeof CedarModule
  const staticPolicies = Object.fromEntries(optOuts.active.map((optOut) => [optOut.document.metadata.name, policyOf(optOut)]))
  const parsed = engine.preparsePolicySet(setId, { staticPolicies })
  if (parsed.type === 'failure') throw new Error(parsed.errors.map(({ message }) => message).join('\n'))
  const run = { now, environment: facts.environment?.value ?? '', repository: facts.repository?.value.name ?? '' }
  const decideOne = (finding: Finding): readonly string[] => {
    const answer = engine.statefulIsAuthorized({
      principal: { type: 'Gate', id: 'ci' }, action: { type: 'Action', id: 'excuse' }, resource: { type: 'Finding', id: 'one' },
      context: { ...run, control: `${finding.tool}/${finding.rule}`, ...segmentsOf(finding.path ?? '') }, preparsedPolicySetId: setId, entities: [],
    })
    if (answer.type === 'failure' || answer.response.diagnostics.errors.length > 0) throw new Error(JSON.stringify(answer))
    return answer.response.diagnostics.reason
  }
  findings.slice(0, 5).forEach(decideOne)
  const ready = performance.now() - start
  const begun = performance.now()
  const fitting = findings.map(decideOne)
  return { fitting, ready, took: performance.now() - begun }
}

function segmentsOf(path: string) {
  const segments = path.split('/')
  const named = (prefix: string, list: readonly string[]) =>
    list.flatMap((segment, index) => [[`${prefix}${index}`, segment], [`${prefix}${index}_length`, segment.length]] as const)
  return { path, count: segments.length, ...Object.fromEntries([...named('first', segments), ...named('last', segments.toReversed())]) }
}

function policyOf({ document: { spec: { controls, targets = {}, window } } }: ActiveOptOut): string {
  const isOneOf = (values: readonly string[], what: string): string => `${JSON.stringify(values)}.contains(${what})`
  const tests = [
    `context.now >= ${window.from} && context.now < ${window.until}`,
    ...(targets.environments === undefined ? [] : [isOneOf(targets.environments, 'context.environment')]),
    ...(targets.repositories === undefined ? [] : [isOneOf(targets.repositories, 'context.repository')]),
    anyOf(controls.flatMap((source) => alternativesOf(source, 'name')).map((pattern) => textTest('context.control', pattern))),
    ...(targets.paths === undefined ? [] : [anyOf(targets.paths.flatMap((source) => alternativesOf(source, 'path')).map(pathTest))]),
  ]
  return `permit(principal, action, resource) when { ${tests.join(' && ')} };`
}

const anyOf = (tests: readonly string[]): string => `(${tests.join(' || ')})`

function alternativesOf(source: string, kind: 'name' | 'path'): readonly string[] {
  const answer = compilePattern(source, kind)
  if (!answer.ok) throw new Error(answer.problem.message)
  return answer.pattern.alternatives
}

/** Cheap forms first: a whole path, all below a folder, an extension. */
function pathTest(pattern: string): string {
  const segments = pattern.split('/')
  const deep = segments.indexOf('**')
  if (deep !== segments.lastIndexOf('**')) throw new Error(`no Cedar for \`${pattern}\``)
  if (!/[*?]/.test(pattern)) return textTest('context.path', pattern)
  if (/^[^*?]+\/\*\*$/.test(pattern)) return textTest('context.path', pattern.slice(0, -1))
  if (/^\*\*\/\*[^*?/]+$/.test(pattern)) return textTest('context.path', pattern.slice(3))
  const from = (prefix: string, list: readonly string[]): readonly string[] => list.map((segment, index) => textTest(`context.${prefix}${index}`, segment))
  if (deep === -1) return [`context.count == ${segments.length}`, ...from('first', segments)].join(' && ')
  const final = deep === segments.length - 1
  return [
    `context.count >= ${final ? segments.length : segments.length - 1}`,
    ...from('first', segments.slice(0, deep)), ...from('last', segments.slice(deep + 1).toReversed()),
  ].join(' && ')
}

function textTest(attribute: string, pattern: string): string {
  if (pattern === '*') return 'true'
  if (!/[*?]/.test(pattern)) return `${attribute} == ${JSON.stringify(pattern)}`
  const like = `${attribute} like ${JSON.stringify(pattern.replaceAll('?', '*'))}`
  if (!pattern.includes('?')) return like
  if (pattern.includes('*') || /\?.*\?/.test(pattern)) throw new Error(`no Cedar for \`${pattern}\``)
  return `${attribute}_length == ${pattern.length} && ${like}`
}
