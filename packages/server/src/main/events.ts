/** Events and whoever hears of them, put together: the feed, the outbox from what the operator set, and notices. */
import type { SignerKey } from '@exeat/log'
import { createHash, randomInt } from 'node:crypto'
import { serverError } from '../config/codes.ts'
import { stands } from '../config/folder.ts'
import type { ServerConfig, SinkConfig } from '../config/schema.ts'
import { type Feed, feedOf } from '../events/feed.ts'
import manifest from '../../package.json' with { type: 'json' }
import { slack, teams } from '../events/kinds/chat.ts'
import { ocsf } from '../events/kinds/ocsf.ts'
import { otlp } from '../events/kinds/otlp.ts'
import { webhook } from '../events/kinds/webhook.ts'
import { type Notices, notices } from '../events/notices/index.ts'
import { type Teller, teller } from '../events/notices/teller.ts'
import { type Outbox, outbox } from '../events/outbox/index.ts'
import type { Transmit } from '../events/outbox/send.ts'
import { sinkRows } from '../events/outbox/state.ts'
import { sinkWorker } from '../events/outbox/worker.ts'
import { wants } from '../events/select.ts'
import { isWebhookSecret } from '../events/standard-webhooks.ts'
import { readSecrets } from '../keys/secret.ts'
import type { Manner } from '../ports/sinks.ts'
import { signerOf } from '../store/ed25519.ts'
import type { Health } from '../use/health.ts'
import { isSinkUrl } from '../alarm/url.ts'
import { composeConnect } from './alarms.ts'
import type { Foundation } from './foundation.ts'
import { secretAt } from './keys.ts'

const { version } = manifest

export interface Composing extends Foundation {
  /** That the founders delegated to. */
  readonly webhook: SignerKey
  readonly enterHealth: (state: Health, code: string, message: string) => Promise<void>
}

export interface Events {
  readonly feed: Feed
  readonly outbox: Outbox
  readonly notices: Notices
  /** What is told beside entries. */
  readonly told: Pick<Teller, 'listen'>
}

/** @throws {ExeatError} KEY_UNREADABLE, KEY_OPEN where a sink's secret is none */
export function composeEvents(composing: Composing): Events {
  const { config, log, governance, rows, now } = composing
  const feed = feedOf({ log, origin: config.origin, monotonic: () => performance.now() })
  const sinks = composeOutbox(composing, feed)
  const told = teller({ rows, origin: config.origin, tell: sinks.tell, now })
  return { feed, outbox: sinks, told, notices: notices({ log, governed: governance.latest, teller: told, rows, points: config.points, now }) }
}

function composeOutbox(composing: Composing, feed: Feed): Outbox {
  const { config, paths, log, growth, rows, enterHealth, now, report } = composing
  const kept = sinkRows(rows, now)
  // One process owns a data folder: when it comes back it goes on at once.
  const id = createHash('sha256').update(paths.folder).digest('hex').slice(0, 32)
  const workers = (config.sinks ?? []).map((sink) => sinkWorker({
    name: sink.name, kind: sink.kind, manner: mannerOf(sink, composing), wants: wants(sink.types ?? []), transmit: transmitter(config, sink, paths.sink(sink.name)), rows: kept, feed,
    size: async () => (await log.head()).size, id, now, jitter: () => randomInt(1_000_000) / 1_000_000, enterHealth: (state, message) => enterHealth(state, 'SINK_LOST', message), report,
  }))
  return outbox({ workers, growth, report })
}

function mannerOf(sink: SinkConfig, { config: { origin }, paths, webhook: key, governance, now }: Composing): Manner {
  const secret = paths.sink(sink.name)
  const authorization = (): string | undefined => secretAt(secret)
  // Where people tap is where they look at it.
  const chat = { console: () => governance.latest()?.governance.workspace.document.spec.identity?.relyingParty?.origins[0] }
  switch (sink.kind) {
    case 'otlp': return otlp({ authorization, version, now })
    case 'ocsf': return ocsf({ authorization, version })
    case 'slack': return slack(chat)
    case 'teams': return teams(chat)
    case 'webhook': {
      const sign = signerOf(key.seed)
      return webhook({ name: sink.name, origin, batch: sink.batch ?? false, sign: (bytes) => sign(key.seed, bytes), secrets: secretsOf(secret), now })
    }
  }
}

const signing = { of: 'a webhook', is: isWebhookSecret, shape: '`whsec_` and 24 to 64 bytes in base64', most: 4 }

/** While one follows another, both sign. */
const secretsOf = (path: string): readonly string[] => (stands(path) ? readSecrets(path, signing) : [])

function transmitter(config: ServerConfig, sink: SinkConfig, secret: string): Transmit {
  const connect = composeConnect(config)
  const url = sink.url ?? addressIn(secret, sink)
  return async ({ headers, body }) => {
    const { status, retryAfter } = await connect(url, { method: 'POST', headers, body, most: 0 })
    return { status, ...(retryAfter === undefined ? {} : { retryAfter }) }
  }
}

/** @throws {ExeatError} CONFIG_INVALID, KEY_UNREADABLE, KEY_OPEN */
function addressIn(path: string, { name, kind }: SinkConfig): string {
  const url = secretAt(path)
  if (url === undefined) throw serverError('CONFIG_INVALID', `the sink \`${name}\` has no address`, `put the address of the ${kind} webhook into \`${path}\`, mode 0600`)
  if (!isSinkUrl(url)) throw serverError('KEY_UNREADABLE', `\`${path}\` holds no address of a sink: it is neither encrypted nor on this machine`)
  return url
}
