/** Opt-outs as data of a Rego module: tested one after the other, or those of exactly one control looked up by it. */
import { spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { homedir, tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { compilePattern } from '../../packages/core/src/index.ts'
import type { ActiveOptOut } from '../../packages/core/src/index.ts'
import type { Workload } from '../../packages/testkit/src/workload.ts'
import type { EngineRun } from '../engines.ts'

type Encoding = 'scan' | 'arranged'

export function findOpa(): string | undefined {
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), join(homedir(), 'go', 'bin')]
  return folders.map((folder) => join(folder, 'opa')).find((path) => existsSync(path))
}

/** Cheap tests first, as in the naive loop. */
const rego = `package exeat

scan(finding) := [o.name | some o in data.all; fits(o, finding); control_fits(o, finding); path_fits(o, finding)]

arranged(finding) := array.concat(
  [o.name | some o in data.exact[finding.control]; fits(o, finding); path_fits(o, finding)],
  [o.name | some o in data.patterned; fits(o, finding); control_fits(o, finding); path_fits(o, finding)],
)

fits(o, finding) if {
  finding.environment in o.environments
  o.from <= finding.now
  finding.now < o.until
  repository_fits(o, finding)
}

repository_fits(o, _) if not o.repositories

repository_fits(o, finding) if finding.repository in o.repositories

control_fits(o, finding) if {
  some pattern in o.controls
  glob.match(pattern, null, finding.control)
}

path_fits(o, _) if not o.paths

path_fits(o, finding) if {
  some pattern in o.paths
  glob.match(pattern, ["/"], finding.path)
}

each_scan := [scan(finding) | some finding in input.findings]

each_arranged := [arranged(finding) | some finding in input.findings]
`

/** All findings in one process. What it takes without any, start and reading of the data, counts as getting ready. */
export const opaEval = (opa: string, encoding: Encoding) => (work: Workload): Promise<EngineRun> => inFolder(work, (files) => {
  const decideAll = (inputs: readonly object[]): { readonly fitting: readonly (readonly string[])[]; readonly took: number } => {
    const start = performance.now()
    const { status, stdout, stderr } = spawnSync(opa, ['eval', '--format', 'raw', '--stdin-input', ...files.flatMap((file) => ['--data', file]), `data.exeat.each_${encoding}`], {
      input: JSON.stringify({ findings: inputs }), encoding: 'utf8', maxBuffer: 2 ** 28,
    })
    if (status !== 0) throw new Error(stderr || stdout)
    return { took: performance.now() - start, fitting: JSON.parse(stdout) as string[][] }
  }
  const { took: ready } = decideAll([])
  const { took, fitting } = decideAll(inputsOf(work))
  return { fitting, ready, took: Math.max(took - ready, 0) }
})

/** One request a finding over one kept connection; the process is ended afterwards. */
export const opaServer = (opa: string, encoding: Encoding) => (work: Workload): Promise<EngineRun> => inFolder(work, async (files) => {
  const start = performance.now()
  const address = `127.0.0.1:${await freePort()}`
  const server = spawn(opa, ['run', '--server', '--disable-telemetry', '--log-level', 'error', '--addr', address, ...files], { stdio: 'ignore' })
  const decideOne = async (input: object): Promise<readonly string[]> => {
    const answer = await fetch(`http://${address}/v1/data/exeat/each_${encoding}`, { method: 'POST', body: JSON.stringify({ input: { findings: [input] } }) })
    const { result } = await answer.json() as { readonly result?: readonly (readonly string[])[] }
    const [fitting] = result ?? []
    if (fitting === undefined) throw new Error(`opa answered ${answer.status} and no result`)
    return fitting
  }
  try {
    await untilHealthy(`http://${address}/health`)
    const inputs = inputsOf(work)
    for (const input of inputs.slice(0, 5)) await decideOne(input)
    const ready = performance.now() - start
    const fitting: (readonly string[])[] = []
    const begun = performance.now()
    for (const input of inputs) fitting.push(await decideOne(input))
    return { fitting, ready, took: performance.now() - begun }
  } finally {
    server.kill()
  }
})

async function inFolder<T>(work: Workload, use: (files: readonly string[]) => T | Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'exeat-bench-opa-'))
  const files = [join(folder, 'exeat.rego'), join(folder, 'data.json')] as const
  try {
    writeFileSync(files[0], rego)
    writeFileSync(files[1], JSON.stringify(dataOf(work)))
    return await use(files)
  } finally {
    rmSync(folder, { recursive: true })
  }
}

function inputsOf({ findings, facts, now }: Workload): readonly object[] {
  const run = { now, environment: facts.environment?.value, repository: facts.repository?.value.name }
  return findings.map(({ tool, rule, path }) => ({ ...run, control: `${tool}/${rule}`, path }))
}

function dataOf({ optOuts }: Workload) {
  const all = optOuts.active.map(recordOf)
  const isExact = ({ controls }: { readonly controls: readonly string[] }): boolean => controls.every((control) => !/[*?]/.test(control))
  const exact: Record<string, typeof all> = Object.create(null) as Record<string, typeof all>
  for (const record of all.filter(isExact)) for (const control of record.controls) (exact[control] ??= []).push(record)
  return { all, exact, patterned: all.filter((record) => !isExact(record)) }
}

function recordOf({ document: { metadata, spec: { controls, targets = {}, window } } }: ActiveOptOut) {
  return {
    name: metadata.name, from: window.from, until: window.until,
    environments: targets.environments, repositories: targets.repositories,
    controls: controls.flatMap((source) => alternativesOf(source, 'name')),
    paths: targets.paths?.flatMap((source) => alternativesOf(source, 'path')).flatMap(withoutFolders),
  }
}

function alternativesOf(source: string, kind: 'name' | 'path'): readonly string[] {
  const answer = compilePattern(source, kind)
  if (!answer.ok) throw new Error(answer.problem.message)
  return answer.pattern.alternatives
}

/** OPA's `**` between slashes wants a segment; ours takes none as well. */
function withoutFolders(pattern: string): readonly string[] {
  const without = pattern.replace(/(^|\/)\*\*\//, '$1')
  return without === pattern ? [pattern] : [pattern, without]
}

async function freePort(): Promise<number> {
  const { promise, resolve } = Promise.withResolvers<number>()
  const probe = createServer()
  probe.listen(0, '127.0.0.1', () => {
    const address = probe.address()
    probe.close(() => {
      resolve(typeof address === 'object' && address !== null ? address.port : 0)
    })
  })
  return promise
}

async function untilHealthy(url: string): Promise<void> {
  for (let attempt = 0; attempt < 300; attempt++) {
    const answer = await fetch(url).catch(() => undefined)
    if (answer?.ok === true) return
    await setTimeout(100)
  }
  throw new Error(`opa does not answer at ${url}`)
}
