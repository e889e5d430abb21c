/** What Prometheus is told (docs/metrics.md). Labels are of closed sets, but for names that the operator gave: of sinks and of witnesses. */
import { Counter, Gauge, Histogram, Registry } from 'prom-client'
import { inForce, type Instant, type OptOutRecord, phaseAt, reviewAt } from '@exeat/core'
import type { Governed } from '../ports/governance.ts'
import type { LogStore } from '../ports/log.ts'
import type { SinkStatus } from '../ports/sinks.ts'
import { recordsOf } from '../use/load.ts'
import { fromBytes, recordKinds } from '../use/stored.ts'
import { classOf, type Counts, countsOf, type PolicyClass, policyClasses } from './counts.ts'
import type { Measures } from './measured.ts'

export interface MetricsOptions {
  readonly log: Pick<LogStore, 'snapshot' | 'head' | 'status'>
  readonly governed: () => Governed | undefined
  readonly sinks: () => Promise<readonly SinkStatus[]>
  readonly witnesses: () => readonly { readonly name: string; readonly lag: number }[]
  /** Of the last whole reading of the log. */
  readonly checked: () => { readonly at: number; readonly ok: boolean } | undefined
  /** Streams of events that are open. */
  readonly streams: () => number
  /** Milliseconds since the epoch. */
  readonly now: () => number
}

export interface Metrics {
  /** The text format, version 0.0.4. */
  readonly text: () => Promise<string>
  readonly contentType: string
}

/** What is measured while the server runs, begun before there is a log to tell of. */
export interface Instruments extends Measures {
  readonly registry: Registry
}

/** Seconds: from the 0.2 ms of a disk that acknowledges at once to one that is not well. */
const buckets = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]

export function instruments(): Instruments {
  const registry = new Registry()
  const appends = new Histogram({ name: 'audit_append_seconds', help: 'How long appending an operation to the log took, waiting included.', buckets, registers: [registry] })
  const failures = new Counter({ name: 'audit_append_failures_total', help: 'Appends that the store refused, by its code, since the server started.', labelNames: ['reason'], registers: [registry] })
  return { registry, appended: (seconds) => { appends.observe(seconds) }, failed: (reason) => { failures.inc({ reason }) } }
}

export function metricsOf(options: MetricsOptions, { registry }: Instruments): Metrics {
  const counts = countsOf(options.log, (record) => classBy(options.governed(), record))
  aboutOptOuts(registry, options, counts)
  aboutTheLog(registry, options)
  aboutSinks(registry, options)
  gauge(registry, 'event_streams_open', 'Streams of events that are open.', (metric) => { metric.set(options.streams()) })
  return { text: () => registry.metrics(), contentType: registry.contentType }
}

function gauge(registry: Registry, name: string, help: string, collect: (metric: Gauge) => void | Promise<void>, labelNames: readonly string[] = []): void {
  registry.registerMetric(new Gauge({ name, help, labelNames: [...labelNames], registers: [], async collect() { await collect(this) } }))
}

/** One reading for all metrics of one scrape. */
function shared<T>(read: () => Promise<T>): () => Promise<T> {
  let reading: { readonly at: number; readonly value: Promise<T> } | undefined
  return () => {
    const at = performance.now()
    if (reading === undefined || at - reading.at > 500) reading = { at, value: read() }
    return reading.value
  }
}

/** One that is counted elsewhere: begun anew at each reading. */
function counter(registry: Registry, name: string, help: string, collect: (metric: Counter) => void | Promise<void>, labelNames: readonly string[] = []): void {
  registry.registerMetric(new Counter({
    name, help, labelNames: [...labelNames], registers: [],
    async collect() {
      this.reset()
      await collect(this)
    },
  }))
}

function aboutOptOuts(registry: Registry, { log, governed, now }: MetricsOptions, counts: Counts): void {
  const totals = async (): Promise<NonNullable<ReturnType<Counts['totals']>>> => {
    await counts.advance()
    return counts.totals() ?? []
  }
  counter(registry, 'optout_events_total', 'Entries of the log by type, and by class of the opt-out that they are about; from the first entry on.', async (metric) => {
    for (const { type, policyClass, count } of await totals()) metric.inc({ type, policy_class: policyClass }, count)
  }, ['type', 'policy_class'])
  const sumOf = async (wanted: string): Promise<number> => (await totals()).filter(({ type }) => type === wanted).reduce((sum, { count }) => sum + count, 0)
  counter(registry, 'optout_used_total', 'Uses that were counted, from the first entry on.', async (metric) => { metric.inc(await sumOf('use.claimed')) })
  counter(registry, 'optout_break_glass_total', 'Emergencies that were activated, from the first entry on.', async (metric) => { metric.inc(await sumOf('emergency.activated')) })
  const open = shared(() => openRecords(log))
  gauge(registry, 'optout_active', 'Opt-outs that may excuse now.', async (metric) => {
    const active = new Map<PolicyClass, number>(policyClasses.filter((each) => each !== 'none').map((each) => [each, 0]))
    const at = now() as Instant
    for (const record of await open()) {
      if (!inForce(record, at)) continue
      const policyClass = classBy(governed(), record)
      active.set(policyClass, (active.get(policyClass) ?? 0) + 1)
    }
    for (const [policyClass, count] of active) metric.set({ policy_class: policyClass }, count)
  }, ['policy_class'])
  gauge(registry, 'optout_active_beyond_end', 'Opt-outs that count as active although their window is over: never anything but 0.', async (metric) => {
    const at = now() as Instant
    metric.set((await open()).filter((record) => phaseAt(record, at) === 'active' && at >= record.asked.window.until).length)
  })
  gauge(registry, 'optout_reviews_overdue', 'Emergencies whose review is late.', async (metric) => {
    const at = now() as Instant
    metric.set((await open()).filter((record) => reviewAt(record, at) === 'overdue').length)
  })
}

function classBy(governed: Governed | undefined, record: OptOutRecord): PolicyClass {
  const environments = governed?.governance.workspace.document.spec.environments ?? []
  const closed = new Set(environments.filter((each) => each.protected === true).map(({ name }) => name))
  return classOf(record, (name) => closed.has(name), closed.size > 0)
}

const openRecords = (log: Pick<LogStore, 'snapshot'>): Promise<readonly OptOutRecord[]> => log.snapshot(async (reader) => {
  const records: OptOutRecord[] = []
  for await (const { value } of recordsOf(reader, recordKinds.open)) records.push(fromBytes<OptOutRecord>(value))
  return records
})

function aboutTheLog(registry: Registry, { log, witnesses, checked, now }: MetricsOptions): void {
  gauge(registry, 'audit_log_size', 'Entries of the log.', async (metric) => { metric.set((await log.head()).size) })
  gauge(registry, 'audit_log_writable', '1 while the log takes entries.', (metric) => { metric.set(log.status().state === 'open' ? 1 : 0) })
  gauge(registry, 'audit_checkpoint_age_seconds', 'Since the newest checkpoint was signed: since the last act or use.', async (metric) => { metric.set(Math.max(0, (now() - (await log.head()).at) / 1000)) })
  gauge(registry, 'audit_last_full_verify_timestamp_seconds', 'When the last whole reading of the log ended; absent before the first.', (metric) => {
    const last = checked()
    metric.reset()
    if (last === undefined) metric.remove()
    else metric.set(last.at / 1000)
  })
  counter(registry, 'audit_verify_failures_total', 'Whole readings of the log that found it other than its head says, since the server started.', (metric) => { metric.inc(checked()?.ok === false ? 1 : 0) })
  gauge(registry, 'audit_witness_lag_entries', 'Entries that a witness has not cosigned.', (metric) => {
    for (const { name, lag } of witnesses()) metric.set({ witness: name }, lag)
  }, ['witness'])
}

function aboutSinks(registry: Registry, { sinks, now }: MetricsOptions): void {
  const statuses = shared(sinks)
  const each = (name: string, help: string, value: (status: SinkStatus) => number): void => {
    gauge(registry, name, help, async (metric) => { for (const status of await statuses()) metric.set({ sink: status.name }, value(status)) }, ['sink'])
  }
  each('sink_lag_entries', 'Entries of the log that a sink was not told of yet.', ({ lag }) => lag)
  each('sink_oldest_undelivered_seconds', 'How long ago the first of what a sink did not get happened; 0 where it has everything.', ({ oldest }) => (oldest === undefined ? 0 : Math.max(0, (now() - oldest) / 1000)))
  each('sink_dead_letters', 'Messages that were given up, and wait for somebody to have them sent again.', ({ dead }) => dead)
  each('sink_up', '1 while a sink takes what it gets.', ({ state }) => (state === 'delivering' ? 1 : 0))
}
