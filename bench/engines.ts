/** The same matching in Cedar and OPA, as somebody would first write it, at sizes that they can bear; every answer is compared with ours. */
import { hash } from 'node:crypto'
import { decider } from '../packages/core/src/index.ts'
import { workload } from '../packages/testkit/src/workload.ts'
import type { Workload } from '../packages/testkit/src/workload.ts'
import { cedar } from './engines/cedar.ts'
import { findOpa, opaEval, opaServer } from './engines/opa.ts'

/** Names of the opt-outs that fit each finding, and what it took: to make ready, and for all findings. Milliseconds. */
export interface EngineRun {
  readonly fitting: readonly (readonly string[])[]
  readonly ready: number
  readonly took: number
}

type Engine = (work: Workload) => EngineRun | Promise<EngineRun>

const findings = 200
const size = { seed: 17, findings, repositories: 1 }
/** Ours is measured over many rounds: one is too short for the clock. */
const rounds = 20

export async function run(): Promise<void> {
  console.log('straightforward encodings: one Cedar policy an opt-out; a list of opt-outs in Rego, plain and arranged by exact control')
  const opa = findOpa()
  if (opa === undefined) console.log('opa: absent; looked for it in PATH and in ~/go/bin')
  const engines: readonly (readonly [string, Engine])[] = [
    ['cedar-wasm, policies parsed once', cedar],
    ...(opa === undefined ? [] : [
      ['opa eval, all findings in one process', opaEval(opa, 'scan')],
      ['opa eval, arranged by control', opaEval(opa, 'arranged')],
      ['opa run --server, one request a finding', opaServer(opa, 'scan')],
      ['opa run --server, arranged by control', opaServer(opa, 'arranged')],
    ] as const),
  ]
  for (const optOuts of [100, 1000]) {
    const work = workload({ ...size, optOuts })
    const ours = exeat(work)
    console.log(`\n${findings} findings, ${optOuts} opt-outs, one decision after the other; ${ours.excusedBy.filter((name) => name !== undefined).length} excused`)
    line('exeat', ours.ready, ours.perDecision)
    for (const [name, engine] of engines) {
      const { fitting, ready, took } = await engine(work)
      requireSame(name, ours.excusedBy, fitting)
      line(name, ready, took / findings, ours.perDecision)
    }
  }
}

/** Once to warm up, as a server would be; then measured. */
function exeat({ policySet, optOuts, findings: all, facts, now }: Workload) {
  const sha256 = (bytes: Uint8Array): Uint8Array => hash('sha256', bytes, 'buffer')
  const start = performance.now()
  const answer = decider(policySet, optOuts)
  const decideEach = (): (string | undefined)[] => all.map((finding) => answer([finding], facts, now, { sha256 })[0]?.optOut?.name)
  decideEach()
  const ready = performance.now() - start
  const begun = performance.now()
  for (let round = 1; round < rounds; round++) decideEach()
  const excusedBy = decideEach()
  return { excusedBy, ready, perDecision: (performance.now() - begun) / (rounds * all.length) }
}

/** Excused by us exactly where something fits, and by one of those that fit. */
function requireSame(name: string, excusedBy: readonly (string | undefined)[], fitting: readonly (readonly string[])[]): void {
  const differ = excusedBy.filter((by, index) => {
    const names = fitting[index]
    return names === undefined || (by === undefined ? names.length > 0 : !names.includes(by))
  }).length
  if (differ > 0 || fitting.length !== excusedBy.length) throw new Error(`${differ} of ${excusedBy.length} decisions differ from ${name}`)
}

function line(name: string, ready: number, perDecision: number, ours?: number): void {
  const ratio = ours === undefined ? '' : `, ${Math.round(perDecision / ours).toLocaleString('en-GB').padStart(7)} times ours; 0 of ${findings} differ`
  console.log(`  ${name.padEnd(40)} ready in ${ready.toFixed(1).padStart(8)} ms, ${perDecision.toFixed(4).padStart(9)} ms a decision${ratio}`)
}
