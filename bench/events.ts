/** Events: how long after an act whoever listens hears of it, and what sinks, one of them dead, cost a thousand uses a second. A server process of its own; `--full`: for a minute each. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { Agent, createServer, request } from 'node:http'
import { type AddressInfo, createServer as createTcp } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { logWorld, type World } from '../packages/cli/test/log-world.ts'

const [seconds, aSecond, together] = [process.argv.includes('--full') ? 60 : 5, 1_000, 20]
const agent = new Agent({ keepAlive: true, maxSockets: 32 })

interface Heard {
  /** By subject of the use: when it was heard, and how often. */
  readonly at: Map<string, number>
  doubled: number
}

const newHeard = (): Heard => ({ at: new Map(), doubled: 0 })

function hear(heard: Heard, subject: string): void {
  if (heard.at.has(subject)) heard.doubled += 1
  else heard.at.set(subject, performance.now())
}

export async function run(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'exeat-bench-events-'))
  execFileSync(process.execPath, [fileURLToPath(new URL('../tools/build.ts', import.meta.url)), join(folder, 'built')], { stdio: 'ignore' })
  const heapFile = join(folder, 'heap')
  const world = await logWorld(join(folder, 'built', 'main.cjs'), undefined, { env: { NODE_OPTIONS: `--require=${fileURLToPath(new URL('live-heap.cjs', import.meta.url))}`, EXEAT_BENCH_HEAP: heapFile } })
  const received = newHeard()
  const sink = createServer((incoming, reply) => {
    let body = ''
    incoming.setEncoding('utf8').on('data', (piece: string) => { body += piece }).on('end', () => {
      for (const { data } of JSON.parse(body) as readonly { readonly data: { readonly subject?: string } }[]) if (data.subject !== undefined) hear(received, data.subject)
      reply.writeHead(204).end()
    })
  })
  // It takes connections, and says nothing ever.
  const dead = createTcp(() => undefined)
  try {
    for (const server of [sink, dead]) await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve) })
    const address = (server: typeof sink | typeof dead): string => `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
    await configure(world, [])
    world.activate('burst', { limits: '{ findings: 1 }' })
    const uid = (JSON.parse(world.exeat(['status', 'burst', '--format', 'json']).stdout) as { readonly optOut: { readonly uid: string } }).optOut.uid
    const sinks = [{ name: 'lake', kind: 'webhook', url: address(sink), batch: true, types: ['use.*'] }, { name: 'dead', kind: 'webhook', url: address(dead) }]
    await measure(world, uid, 'warm', 1)
    writeFileSync(heapFile, '')
    const calm = await measure(world, uid, 'calm', seconds)
    await configure(world, sinks)
    await measure(world, uid, 'warm-again', 1)
    const busy = await measure(world, uid, 'busy', seconds)
    print(calm, busy)
    const held = readFileSync(heapFile, 'utf8').trim().split('\n').map(Number)
    const wanted = busy.sent
    const since = performance.now()
    while ([...received.at.keys()].filter((subject) => subject.startsWith('busy-')).length < wanted && performance.now() - since < 60_000) await new Promise((resolve) => { setTimeout(resolve, 100) })
    const got = [...received.at.keys()].filter((subject) => subject.startsWith('busy-')).length
    console.log(`  the sink that lives got ${got} of ${wanted}, ${received.doubled} twice, ${((performance.now() - since) / 1000).toFixed(1)} s after the last was sent`)
    for (const [label, { resident }, from] of [['no sinks', calm, 0], ['a sink, and a dead one', busy, 6]] as const) {
      console.log(`  memory of the server by sixths of the run, MiB: ${label}: held after a collection ${held.slice(from, from + 6).map(mebibytes).join(' ')}; resident ${resident.map(mebibytes).join(' ')}`)
    }
  } finally {
    agent.destroy()
    await world.remove()
    sink.closeAllConnections()
    sink.close()
    dead.close()
    rmSync(folder, { recursive: true, force: true })
  }
}

async function configure(world: World, sinks: readonly object[]): Promise<void> {
  const rate = { perSecond: 100_000, burst: 100_000 }
  await world.configure({ alarms: { allow: ['127.0.0.1/32'] }, limits: { point: rate, address: rate }, sinks })
}

interface Measured {
  readonly sent: number
  /** Milliseconds of each request. */
  readonly acts: readonly number[]
  /** From the answer to the listener; negative where the listener was first. */
  readonly heard: readonly number[]
  readonly lost: number
  readonly doubled: number
  /** Resident set of the server in bytes, at the end of each sixth of the run. */
  readonly resident: readonly number[]
}

/** An open loop: requests are sent when their time has come, whether those before were answered or not. */
async function measure(world: World, uid: string, name: string, length: number): Promise<Measured> {
  const listened = newHeard()
  const stop = await listenTo(world, listened)
  const requests = (length * aSecond) / together
  const acts: number[] = []
  const answered = new Map<string, number>()
  const begun = performance.now()
  const running: Promise<void>[] = []
  const resident: number[] = []
  const look = (): void => {
    resident.push(residentOf(world))
    if (name === 'calm' || name === 'busy') process.kill(world.pid() ?? Number.NaN, 'SIGUSR2')
  }
  for (let i = 0; i < requests; i++) {
    const due = begun + (i * 1000 * together) / aSecond
    const wait = due - performance.now()
    if (wait > 0) await new Promise((resolve) => { setTimeout(resolve, wait) })
    if (i > 0 && i % (requests / 6) < 1) look()
    const subjects = Array.from({ length: together }, (_, j) => `${name}-${i}-${j}`)
    const from = performance.now()
    running.push(claim(world, subjects.map((subject) => ({ uid, point: 'bench', subject }))).then(() => {
      const at = performance.now()
      acts.push(at - from)
      for (const subject of subjects) answered.set(subject, at)
    }))
  }
  await Promise.all(running)
  look()
  const patience = performance.now() + 20_000
  while (listened.at.size < answered.size && performance.now() < patience) await new Promise((resolve) => { setTimeout(resolve, 20) })
  stop()
  const heard = [...answered].flatMap(([subject, at]) => (listened.at.has(subject) ? [(listened.at.get(subject) ?? 0) - at] : []))
  return { sent: answered.size, acts, heard, lost: answered.size - heard.length, doubled: listened.doubled, resident }
}

function claim(world: World, uses: readonly object[]): Promise<void> {
  return new Promise((resolve, reject) => {
    const body = JSON.stringify({ uses })
    const sent = request(`${world.url}/v1/uses`, { method: 'POST', agent, headers: { authorization: `Bearer ${world.token}`, 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) } }, (answer) => {
      answer.resume().on('end', () => { if (answer.statusCode === 200) resolve(); else reject(new Error(`a claim was answered with ${answer.statusCode}`)) })
    })
    sent.on('error', reject)
    sent.end(body)
  })
}

function listenTo(world: World, heard: Heard): Promise<() => void> {
  return new Promise((resolve, reject) => {
    const asked = request(`${world.url}/v1/events?types=use.*`, { agent: false, headers: { authorization: `Bearer ${world.token}` } }, (answer) => {
      let rest = ''
      answer.setEncoding('utf8').on('data', (piece: string) => {
        rest += piece
        for (let end = rest.indexOf('\n\n'); end >= 0; end = rest.indexOf('\n\n')) {
          const data = /^data: (.*)$/m.exec(rest.slice(0, end))?.[1]
          if (data !== undefined) hear(heard, (JSON.parse(data) as { readonly data: { readonly subject: string } }).data.subject)
          rest = rest.slice(end + 2)
        }
      }).on('error', () => undefined)
      resolve(() => { asked.destroy() })
    })
    asked.on('error', reject)
    asked.end()
  })
}

/** Resident set of the server, where the system tells. */
function residentOf({ pid }: World): number {
  try {
    return Number(/^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid()}/status`, 'utf8'))?.[1]) * 1024
  } catch {
    return Number.NaN
  }
}

const mebibytes = (bytes: number): string => (bytes / 1024 / 1024).toFixed(0)
const quantile = (values: readonly number[], q: number): number => [...values].sort((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * q))] ?? Number.NaN
const ms = (value: number): string => `${value.toFixed(1)} ms`.padStart(10)

function print(calm: Measured, busy: Measured): void {
  for (const [label, { sent, acts, heard, lost, doubled }] of [['no sinks', calm], ['a sink, and a dead one', busy]] as const) {
    console.log(`  ${label.padEnd(24)} ${sent} uses: answered p50 ${ms(quantile(acts, 0.5))} p99 ${ms(quantile(acts, 0.99))}; heard behind the answer p50 ${ms(quantile(heard, 0.5))} p99 ${ms(quantile(heard, 0.99))}; ${lost} lost, ${doubled} twice`)
  }
  const [p50, p99] = [0.5, 0.99].map((q) => quantile(busy.acts, q) / quantile(calm.acts, q))
  console.log(`  with sinks beside without: p50 ${(p50 ?? 0).toFixed(2)}, p99 ${(p99 ?? 0).toFixed(2)}`)
}
