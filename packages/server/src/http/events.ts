/** Events as they happen: server-sent events over the log, from any entry on. */
import type { RouteConfig } from '@hono/zod-openapi'
import * as z from 'zod'
import { identityKey } from '@exeat/core'
import { serverError } from '../config/codes.ts'
import type { Feed } from '../events/feed.ts'
import type { Growth } from '../events/growth.ts'
import type { Teller } from '../events/notices/teller.ts'
import { isSelector, wants } from '../events/select.ts'
import { eventStream } from '../events/stream.ts'
import type { Caller } from '../identity/types.ts'
import { type App, createRoute, forPoints, plainAnswers, wholeNumber } from './parts.ts'
import type { People } from './people/services.ts'

export const eventsPath = '/v1/events'

/** Streams that are open at once: of all, and of one caller. Points share a token, so each of theirs may have as many as all. */
export const streamLimits = { all: 1_000, one: 20 } as const

const selectors = z.string().min(1).max(1000).transform((text) => text.split(',')).pipe(z.array(z.string().refine(isSelector, 'it names no type of event: `optout.*`, `emergency.activated`')).max(50))

const stream = createRoute({
  security: forPoints, tags: ['reads'], method: 'get', path: eventsPath, summary: 'Events as they happen',
  request: {
    query: z.strictObject({
      after: z.exactOptional(wholeNumber).meta({ description: 'Index of the last entry that is known; those behind it come first. The header `Last-Event-ID` goes before it. Without either, what happens from now on.' }),
      types: z.exactOptional(selectors).meta({ description: 'Only these: `optout.*,emergency.activated`.' }),
    }),
  },
  responses: plainAnswers('text/event-stream', '`id`: index of the entry; `event`: its type; `data`: a CloudEvent in JSON. An `id` alone is a heartbeat.'),
})

export const eventRoutes: readonly RouteConfig[] = [stream]

export interface EventOptions {
  readonly feed: Feed
  readonly growth: Growth
  readonly notices: Pick<Teller, 'listen'>
  /** Aborted when the server stops. */
  readonly streamsEnd: AbortSignal
  /** How many are open, kept here. */
  readonly streams: { open: number }
}

export function addEvents(app: App, { feed, growth, notices, streamsEnd, streams }: EventOptions, people: Pick<People, 'sessions'>): void {
  const open = new Map<string, number>()

  /** Counts it, and gives back what takes it off the count. @throws {ExeatError} EVENTS_BUSY */
  function begun(caller: Caller): () => void {
    const name = nameOf(caller)
    const own = open.get(name) ?? 0
    const most = caller.kind === 'point' || caller.kind === 'operator' ? streamLimits.all : streamLimits.one
    if (streams.open >= streamLimits.all || own >= most) throw serverError('EVENTS_BUSY', `${own >= most ? own : streams.open} listen already, as many as are let in${own >= most ? ' for one caller' : ''}`, 'close what nobody looks at, and come back')
    streams.open += 1
    open.set(name, own + 1)
    return () => {
      streams.open -= 1
      const left = (open.get(name) ?? 1) - 1
      if (left === 0) open.delete(name)
      else open.set(name, left)
    }
  }

  app.openapi(stream, async (c) => {
    const { after, types = [] } = c.req.valid('query')
    await growth.look()
    const from = firstWanted(c.req.header('last-event-id'), after, growth.size())
    const caller = c.get('caller')
    const allowed = async (): Promise<boolean> => caller.kind !== 'person' || people.sessions.stands(caller.session)
    const body = eventStream({ feed, growth, from, wants: wants(types), notices, allowed, stopping: streamsEnd, ended: begun(caller) })
    return new Response(body, { headers: { 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-store', 'x-accel-buffering': 'no' } })
  })
}

/** @throws {ExeatError} REQUEST_INVALID; EVENTS_AHEAD where somebody knows more of the log than there is */
function firstWanted(last: string | undefined, after: number | undefined, size: number): number {
  if (last !== undefined && !wholeNumber.safeParse(last).success) throw serverError('REQUEST_INVALID', 'the header `Last-Event-ID` is no whole number')
  const known = last === undefined ? after : Number(last)
  if (known === undefined) return size
  if (known >= size) throw serverError('EVENTS_AHEAD', `entry ${known} was seen, and the log has ${size} entries`, 'the log was restored or is another: verify it (exeat log verify), then begin without a place')
  return known + 1
}

function nameOf(caller: Caller): string {
  if (caller.kind === 'person') return `person ${identityKey(caller.session.person)}`
  if (caller.kind === 'api-key') return `key ${identityKey(caller.owner)} ${caller.name}`
  return caller.kind === 'point' ? `point ${caller.name}` : caller.kind
}
