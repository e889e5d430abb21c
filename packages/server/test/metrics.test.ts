/** What Prometheus is told: read by somebody else's parser, and held against rules, dashboard and documentation. */
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { parser as promql } from '@prometheus-io/lezer-promql'
import parsePrometheus from 'parse-prometheus-text-format'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { parse } from 'yaml'
import { by, type Site, site } from './main/support.ts'
import { fileOf, hour, optOut } from './use/support.ts'

interface Family {
  readonly name: string
  readonly type: string
  readonly metrics: readonly { readonly value?: string; readonly labels?: Readonly<Record<string, string>>; readonly count?: string; readonly buckets?: Readonly<Record<string, string>> }[]
}

let at: Site
let keys = 0
const post = (path: string, body: unknown, actor = 'alice') => at.ask(path, { method: 'POST', body, headers: { ...by(actor), 'idempotency-key': `metrics-${keys += 1}` } })
const read = (path: string): string => readFileSync(fileURLToPath(new URL(`../../../${path}`, import.meta.url)), 'utf8')
const scrape = async (): Promise<ReadonlyMap<string, Family>> => new Map((parsePrometheus((await at.ask('/metrics', { over: 'network' })).text) as readonly Family[]).map((family) => [family.name, family]))
const value = (families: ReadonlyMap<string, Family>, name: string, labels: Readonly<Record<string, string>> = {}): number => {
  const found = families.get(name)?.metrics.filter(({ labels: own = {} }) => Object.entries(labels).every(([label, text]) => own[label] === text)) ?? []
  return found.reduce((sum, each) => sum + Number(each.value), found.length === 0 ? Number.NaN : 0)
}

beforeAll(async () => {
  at = await site()
  at.configure((config) => ({ ...config, sinks: [{ name: 'siem', kind: 'webhook', url: 'https://siem.invalid/' }] }))
  await at.start()
  await vi.waitFor(async () => { if ((await at.ask('/readyz')).json()['checkedAt'] === undefined) throw new Error('it is not ready') }, { timeout: 20_000 })
  const document = optOut('log4j')
  await post('/v1/opt-outs', { document })
  const { binding } = (await at.ask('/v1/opt-outs/log4j')).json() as { binding: unknown }
  await post('/v1/opt-outs/log4j/approvals', { signed: binding }, 'bob')
  at.repository.commit({ [fileOf('log4j')]: JSON.stringify(document) })
  const { uid } = ((await post('/v1/opt-outs/log4j/activation', { signed: binding }, 'dave')).json() as { optOut: { uid: string } }).optOut
  await at.ask('/v1/uses', { method: 'POST', body: { uses: [{ uid, point: 'ci', subject: 'a' }, { uid, point: 'ci', subject: 'b' }] } })
  // Text that would be a label, or a line, if anything of it became one.
  await post('/v1/opt-outs', { document: optOut('hostile', { controls: ['trivy/"} 1\\n# HELP forged x'], until: 2 * hour }) })
}, 60_000)
afterAll(async () => at.close())

test('counts what the log says, by type and class', async () => {
  const families = await scrape()
  expect(value(families, 'optout_events_total', { type: 'optout.activated' })).toBe(1)
  expect(value(families, 'optout_events_total', { type: 'use.claimed' })).toBe(2)
  expect(value(families, 'optout_used_total')).toBe(2)
  expect(value(families, 'optout_break_glass_total')).toBe(0)
  expect(value(families, 'optout_active')).toBe(1)
  expect(value(families, 'optout_active_beyond_end')).toBe(0)
  expect(value(families, 'audit_log_size')).toBe(Number(/^\d+$/m.exec((await at.ask('/log/checkpoint', { token: null })).text)?.[0]))
  expect(value(families, 'audit_log_writable')).toBe(1)
  expect(value(families, 'audit_verify_failures_total')).toBe(0)
  expect(value(families, 'audit_last_full_verify_timestamp_seconds')).toBeGreaterThan(0)
  expect(value(families, 'sink_lag_entries', { sink: 'siem' })).toBeGreaterThanOrEqual(0)
  expect(Number(families.get('audit_append_seconds')?.metrics[0]?.count)).toBeGreaterThan(3)
})

test('an opt-out that has ended is counted no more, and a restart changes no count', async () => {
  const before = await scrape()
  await post('/v1/opt-outs/log4j/revocation', { reason: 'fixed' })
  await at.stop()
  await at.start()
  const after = await scrape()
  expect(value(after, 'optout_active')).toBe(0)
  expect(value(after, 'optout_used_total')).toBe(value(before, 'optout_used_total'))
  expect(value(after, 'optout_events_total', { type: 'optout.activated' })).toBe(1)
  expect(value(after, 'optout_events_total', { type: 'optout.revoked' })).toBe(1)
})

test('labels are of closed sets: nothing that anybody typed is one', async () => {
  const families = await scrape()
  const labels = new Map<string, Set<string>>()
  for (const { metrics } of families.values()) for (const { labels: own = {} } of metrics) for (const [name, text] of Object.entries(own)) labels.set(name, (labels.get(name) ?? new Set()).add(text))
  expect([...labels.keys()].sort()).toEqual(['policy_class', 'sink', 'type'])
  expect([...labels.get('policy_class') ?? []].every((each) => ['emergency', 'protected', 'other', 'none'].includes(each))).toBe(true)
  expect((await at.ask('/metrics')).text).not.toMatch(/log4j|hostile|forged|alice|acme/)
})

test('is for those alone who may read', async () => {
  expect((await at.ask('/metrics', { over: 'network', token: null })).json()).toMatchObject({ status: 401, code: 'TOKEN_MISSING' })
  expect((await at.ask('/metrics', { over: 'network', token: 'forged' })).json()).toMatchObject({ status: 401, code: 'TOKEN_UNKNOWN' })
  const reply = await at.ask('/metrics', { over: 'network' })
  expect([reply.status, reply.headers['content-type'], reply.headers['cache-control']]).toEqual([200, 'text/plain; version=0.0.4; charset=utf-8', 'no-store'])
})

/** What a query asks for, by the parser of Prometheus' own console; an error node is none that it reads. */
function asked(expression: string): { readonly names: readonly string[]; readonly valid: boolean } {
  const names: string[] = []
  let valid = true
  promql.parse(expression).iterate({
    enter: ({ type, from, to }) => {
      if (type.isError) valid = false
      if (type.name === 'VectorSelector') names.push(/^[a-zA-Z_:][\w:]*/.exec(expression.slice(from, to))?.[0] ?? '')
    },
  })
  return { names, valid }
}

describe('what is shipped beside it', () => {
  interface Rule { readonly alert: string; readonly expr: string; readonly annotations: { readonly runbook: string; readonly summary: string } }
  const rules = (parse(read('deploy/prometheus/exeat.rules.yml')) as { groups: readonly { rules: readonly Rule[] }[] }).groups.flatMap((group) => group.rules)
  const panels = (JSON.parse(read('deploy/grafana/exeat.json')) as { panels: readonly { title: string; targets: readonly { expr: string }[] }[] }).panels
  const known = async (): Promise<readonly string[]> => [...(await scrape()).values()].flatMap(({ name, type }) => (type === 'HISTOGRAM' ? [`${name}_bucket`, `${name}_sum`, `${name}_count`] : [name])).concat('audit_append_failures_total', 'audit_witness_lag_entries')

  test('every alert asks for what is there, in expressions that Prometheus reads', async () => {
    const names = await known()
    for (const { alert, expr } of rules) {
      const { names: wanted, valid } = asked(expr)
      expect([alert, valid, wanted.filter((name) => !names.includes(name))]).toEqual([alert, true, []])
      expect([alert, wanted.length > 0]).toEqual([alert, true])
    }
    expect(asked('sum by (x) (rate(nothing[5m]').valid).toBe(false)
  })
  test('so does every panel of the dashboard', async () => {
    const names = await known()
    for (const { title, targets } of panels) for (const { expr } of targets) {
      const { names: wanted, valid } = asked(expr)
      expect([title, valid, wanted.filter((name) => !names.includes(name))]).toEqual([title, true, []])
    }
  })
  test('every alert has its page in the runbook, and every page its alert', () => {
    const pages = [...read('docs/runbook.md').matchAll(/^## (\w+)$/gm)].map(([, name = '']) => name)
    expect(rules.map(({ alert }) => alert).sort()).toEqual([...pages].sort())
    for (const { alert, annotations } of rules) expect(annotations.runbook).toBe(`docs/runbook.md#${alert.toLowerCase()}`)
  })
  test('every metric is documented, and nothing else is', async () => {
    const table = read('docs/metrics.md').split('\n').filter((line) => line.startsWith('| `')).flatMap((line) => [...(line.split('|')[1] ?? '').matchAll(/`([a-z_]+)(?:\{[^}]*\})?`/g)].map(([, name = '']) => name))
    const names = [...(await scrape()).keys()]
    expect([...new Set(table)].sort()).toEqual([...new Set([...names, 'audit_append_failures_total', 'audit_witness_lag_entries'])].sort())
  })
})
