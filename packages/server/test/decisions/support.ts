/** Runs that are decided by the real log and bundle of a world in memory. */
import { createHash } from 'node:crypto'
import type { Fact, Facts, Instant, Json } from '@exeat/core'
import type { DecisionRequest } from '@exeat/core/wire'
import { type DecisionContext, decisionSchema, type SignedDecision, verifyDecision } from '@exeat/verify'
import { type DecisionDependencies, decisionMaker, type Requester } from '../../src/decisions/index.ts'
import { bytesOf, deps, keys, must, type World } from '../bundle/world.ts'

export const minute = 60_000
export const commit = '1'.repeat(40)

/** A SARIF report of Trivy with one finding of severity high for each rule, all in `pom.xml`. */
export const sarif = (rules: readonly string[], run: { readonly [key: string]: Json } = {}): string => JSON.stringify({
  version: '2.1.0', runs: [{
    tool: { driver: { name: 'Trivy', rules: [...new Set(rules)].map((id) => ({ id, properties: { 'security-severity': '8.0' } })) } },
    results: rules.map((ruleId, index) => ({
      ruleId, level: 'error', message: { text: 'a flaw' }, locations: [{ physicalLocation: { artifactLocation: { uri: 'pom.xml' }, region: { startLine: index + 1 } } }],
    })), ...run,
  }],
})

export const digestOf = (text: string | Uint8Array): string => createHash('sha256').update(text).digest('hex')

export const request = (text: string, over: Partial<DecisionRequest> = {}): DecisionRequest =>
  ({ repository: 'acme/payments', commit, environment: 'staging', reports: [{ name: 'trivy.sarif', text }], ...over })

export const operator: Requester = { caller: { kind: 'operator' }, proven: {}, preview: false }

const verified = <T>(value: T): Fact<T> => ({ value, provenance: 'verified', from: 'token of `github`' })
export const workflow = { ref: 'acme/ci/gate.yaml@refs/heads/main', sha: '2'.repeat(40) }

/** What an edge makes of a job's token. */
export const job = (facts: Facts = {}, over: Partial<Requester> = {}): Requester => ({
  caller: { kind: 'workload', provider: 'github', subject: 'repo:acme/payments', refProtected: true, event: 'push', workflow }, preview: false,
  proven: { repository: verified({ name: 'acme/payments', id: '1001' }), commit: verified(commit), environment: verified('production'), ref: verified('refs/heads/main'), ...facts }, ...over,
})
export { verified }

export const dependencies = (it: World, over: Partial<DecisionDependencies> = {}): DecisionDependencies =>
  ({ useCases: it.use, bundleKey: () => keys.bundle, now: () => it.clock.now, ...over })

export interface Told {
  readonly decision: SignedDecision
  readonly blocked: Awaited<ReturnType<ReturnType<typeof decisionMaker>>>['blocked']
}

/** Decided, and verified as whoever is shown the decision verifies it. */
export async function decided(it: World, asked: DecisionRequest, requester: Requester = operator, context: Partial<DecisionContext> = {}): Promise<Told> {
  const { decision, blocked } = await decisionMaker(dependencies(it))(asked, requester)
  const { environment } = decisionSchema.parse(JSON.parse(Buffer.from(decision.payload, 'base64').toString('utf8'))).facts
  const run: DecisionContext = {
    now: it.clock.now as Instant, repository: '1001', commit: asked.commit ?? commit, ...(environment === undefined ? {} : { environment: environment.value }), proven: false,
    reports: asked.reports.map((report) => digestOf('text' in report ? report.text : Buffer.from(report.base64, 'base64'))), ...context,
  }
  return { decision: must(verifyDecision(bytesOf(decision), it.pins, run, deps)).decision, blocked }
}

export const outcomes = ({ decisions }: SignedDecision): readonly string[] => decisions.map(({ control, outcome, reasons }) => `${control}: ${outcome}: ${reasons.join(' ')}`)

/** What an opt-out was counted as used. */
export const usesOf = async (it: World, name: string): Promise<number> => (await it.use.optOut(name)).uses.counted
