/** AuthZEN evaluations a second beside an empty route of the same server in the same run, with some opt-outs active, in turns. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { Agent, request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { logWorld, type World } from '../packages/cli/test/log-world.ts'

const [turns, callers, optOuts] = [5, 16, 20]
const slice = process.argv.includes('--full') ? 5_000 : 1_000
const unlimited = { perSecond: 100_000, burst: 100_000 }
const agent = new Agent({ keepAlive: true, maxSockets: callers })

const question = JSON.stringify({
  subject: { type: 'service', id: 'acme/payments' }, action: { name: 'bypass' }, context: { environment: 'development' },
  resource: { type: 'finding', id: 'trivy/CVE-2019-12900', properties: { severity: 'critical', resource: 'pkg:apk/alpine/libbz2@1.0.6-r7' } },
})

export async function run(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'exeat-bench-authzen-'))
  execFileSync(process.execPath, [fileURLToPath(new URL('../tools/build.ts', import.meta.url)), join(folder, 'built')], { stdio: 'ignore' })
  const world = await logWorld(join(folder, 'built', 'main.cjs'))
  try {
    await world.configure({ limits: { point: unlimited, address: unlimited } })
    for (let i = 0; i < optOuts; i += 1) world.activate(`bench-${i}`)
    const first = await ask(world, 'POST', '/access/v1/evaluation', question)
    if (!(JSON.parse(first) as { readonly decision: boolean }).decision) throw new Error(`the question is not answered with yes: ${first}`)
    const asked: Measured[] = []
    const empty: Measured[] = []
    for (let turn = 0; turn < turns; turn += 1) {
      // oxlint-disable no-await-in-loop -- they take turns, because others may use the machine
      asked.push(await measure(() => ask(world, 'POST', '/access/v1/evaluation', question)))
      empty.push(await measure(() => ask(world, 'GET', '/healthz')))
      // oxlint-enable no-await-in-loop
    }
    const [own, bare] = [medianOf(asked), medianOf(empty)]
    console.log(`  ${callers} callers, ${optOuts} active opt-outs: ${shown(own)}; an empty route ${shown(bare)}; ${(100 * own.rate / bare.rate).toFixed(0)} %`)
  } finally {
    agent.destroy()
    await world.remove()
    rmSync(folder, { recursive: true, force: true })
  }
}

interface Measured {
  /** A second. */
  readonly rate: number
  /** Milliseconds. */
  readonly p50: number
  readonly p99: number
}

async function measure(once: () => Promise<unknown>): Promise<Measured> {
  const start = performance.now()
  const times: number[] = []
  await Promise.all(Array.from({ length: callers }, async () => {
    while (performance.now() - start < slice) {
      const from = performance.now()
      // oxlint-disable-next-line no-await-in-loop -- each caller waits for its answer
      await once()
      times.push(performance.now() - from)
    }
  }))
  times.sort((a, b) => a - b)
  const at = (share: number): number => times[Math.min(times.length - 1, Math.floor(times.length * share))] ?? Number.NaN
  return { rate: (times.length * 1000) / (performance.now() - start), p50: at(0.5), p99: at(0.99) }
}

function ask(world: World, method: string, path: string, body?: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const sent = request(`${world.url}${path}`, { method, agent, headers: { authorization: `Bearer ${world.token}`, ...(body === undefined ? {} : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }) } }, (answer) => {
      let text = ''
      answer.setEncoding('utf8').on('data', (piece: string) => { text += piece }).on('end', () => { if (answer.statusCode === 200) resolve(text); else reject(new Error(`${path} answers ${answer.statusCode}: ${text}`)) })
    })
    sent.on('error', reject)
    sent.end(body)
  })
}

const middle = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN
const medianOf = (all: readonly Measured[]): Measured => ({ rate: middle(all.map(({ rate }) => rate)), p50: middle(all.map(({ p50 }) => p50)), p99: middle(all.map(({ p99 }) => p99)) })
const shown = ({ rate, p50, p99 }: Measured): string => `${Math.round(rate).toLocaleString('en-GB')}/s, p50 ${p50.toFixed(1)} ms, p99 ${p99.toFixed(1)} ms`
