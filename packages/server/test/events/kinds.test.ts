/** What chats, collectors and SIEMs are sent: read by their own libraries where there are some, for every type of event, whatever somebody typed into it. */
import type { KnownBlock } from '@slack/types'
import { AdaptiveCard, SerializationContext } from 'adaptivecards'
import { eventTypes, type EventType, noticeTypes } from '@exeat/core/entry'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { slack, teams } from '../../src/events/kinds/chat.ts'
import { ocsf } from '../../src/events/kinds/ocsf.ts'
import { otlp } from '../../src/events/kinds/otlp.ts'
import { saidOf } from '../../src/events/kinds/words.ts'
import type { Manner, Telling } from '../../src/ports/sinks.ts'
import { shortType } from '@exeat/core/entry'

const uid = 'a'.repeat(64)
const allTypes = [...eventTypes, ...noticeTypes]
const hostile = '<!channel> <@U123> <https://evil.example|click> *bold* `code` & "x" \u202E\u001B[31m\u0000 [a](https://evil.example) <script>alert(1)</script> @everyone'

function telling(type: EventType | (typeof noticeTypes)[number], more: { readonly data?: Record<string, unknown>; readonly index?: number; readonly subject?: string | null } = {}): Telling {
  const { data = {}, index = 7, subject = uid } = more
  const told = { specversion: '1.0' as const, id: `id-${index}`, source: 'log.acme.example', type, ...(subject === null ? {} : { subject }), time: '2026-11-22T10:00:00.000Z', datacontenttype: 'application/json' as const, data: { ...data, entry: index } }
  return { key: String(index).padStart(16, '0'), index, type, subject, time: Date.UTC(2026, 10, 22, 10), told, json: JSON.stringify(told) }
}

const asked = (reason: string, name = 'log4j') => ({ asked: { name, reason, window: { from: '2026-11-22T10:00:00.000Z', until: '2026-11-24T10:00:00.000Z' }, scope: { controls: ['trivy/CVE-2021-44228'], targets: { environments: ['production'] } } }, requester: { iss: 'https://idp.example', sub: 'ann' } })
const chatOptions = { console: () => 'https://exeat.acme.example' }
const bodyOf = (manner: Manner, items: readonly Telling[]): readonly string[] => manner.parcels(items).map((parcel) => Buffer.from(manner.post(parcel).body).toString('utf8'))
const kinds: Readonly<Record<string, Manner>> = { slack: slack(chatOptions), teams: teams(chatOptions), otlp: otlp({ authorization: () => undefined, version: '1', now: () => 0 }), ocsf: ocsf({ authorization: () => undefined, version: '1' }) }

interface SlackMessage { readonly text: string; readonly blocks: readonly KnownBlock[] }
interface TeamsMessage { readonly attachments: readonly { readonly content: Record<string, unknown> }[] }

/** Every text in a value that a chat would read as markup. */
function markup(value: unknown): readonly string[] {
  if (typeof value !== 'object' || value === null) return []
  if (Array.isArray(value)) return value.flatMap(markup)
  const { type, text } = value as { readonly type?: unknown; readonly text?: unknown }
  return [...(type === 'mrkdwn' && typeof text === 'string' ? [text] : []), ...(type === 'TextBlock' || type === 'FactSet' ? [JSON.stringify(value)] : []), ...Object.values(value).flatMap(markup)]
}

describe('every type of event', () => {
  test.each(allTypes)('%s has a shape for each kind', (type) => {
    expect(saidOf(telling(type)).title).not.toBe(shortType(type))
    for (const [kind, manner] of Object.entries(kinds)) expect([kind, bodyOf(manner, [telling(type, { data: asked('x') })]).length]).toEqual([kind, 1])
  })
})

describe('Slack', () => {
  const messages = (items: readonly Telling[]): readonly SlackMessage[] => bodyOf(slack(chatOptions), items).map((body) => JSON.parse(body) as SlackMessage)

  test('says what, which, why and until when, with a link and no button that acts', () => {
    const [{ text, blocks } = { text: '', blocks: [] }] = messages([telling('dev.exeat.optout.proposed.v1', { data: asked('the release breaks') })])
    expect(text).toBe('Opt-out asked for: log4j')
    expect(blocks.map(({ type }) => type)).toEqual(['header', 'section', 'section', 'section', 'context'])
    expect(JSON.stringify(blocks)).toContain('reason: the release breaks')
    expect(JSON.stringify(blocks)).toContain(`<https://exeat.acme.example/opt-outs/${uid}|Look at it>`)
    expect(JSON.stringify(blocks)).not.toMatch(/"type":"(?:actions|button|input)"/)
  })

  test('tells uses of one opt-out together, what is urgent first, and of too much only how much', () => {
    const uses = Array.from({ length: 300 }, (_, i) => telling('dev.exeat.use.claimed.v1', { index: i, data: { name: 'log4j', point: 'ci', subject: `c${i}` } }))
    const other = telling('dev.exeat.use.claimed.v1', { index: 300, subject: 'b'.repeat(64), data: { name: 'other', point: 'ci', subject: 'x' } })
    const fire = telling('dev.exeat.emergency.activated.v1', { index: 301, data: asked('down', 'fire') })
    expect(messages([...uses, other, fire]).map(({ text }) => text)).toEqual(['EMERGENCY: fire', 'Opt-out used, 300 times: log4j', 'Opt-out used: other'])
    const many = Array.from({ length: 50 }, (_, i) => telling('dev.exeat.optout.approved.v1', { index: i, subject: String(i).padStart(64, '0'), data: { name: `n${i}` } }))
    const said = messages(many)
    expect([said.length, said.at(-1)?.text]).toEqual([20, '31 more events: Opt-out approved (31)'])
  })

  test('hostile text is plain text, on one line, and cut: it mentions nobody, links nowhere, and hides nothing', () => {
    fc.assert(fc.property(fc.constantFrom(...allTypes), fc.oneof(fc.constant(hostile), fc.string({ unit: 'binary' }), fc.constant('x'.repeat(1024 * 1024))), (type, text) => {
      const data = { ...asked(text, text), reason: text, by: { iss: text, sub: text }, groups: [text], point: text, subject: text, message: text, name: text, verdict: text, emergency: text }
      const [body = ''] = bodyOf(slack(chatOptions), [telling(type, { data, subject: null })])
      const message = JSON.parse(body) as SlackMessage
      expect(body.length).toBeLessThan(20_000)
      expect(markup(message.blocks)).toEqual(['<https://exeat.acme.example|Look at it>'])
      expect(message.text).not.toMatch(/[<>]/)
      expect(body).not.toMatch(/[\u202E\u001B]/)
      for (const block of message.blocks) if (block.type === 'section') for (const field of block.fields ?? []) expect(field.text.length).toBeLessThanOrEqual(2000)
    }), { numRuns: 200 })
  })
})

describe('Teams', () => {
  const cardIn = (body: string): Record<string, unknown> => (JSON.parse(body) as TeamsMessage).attachments[0]?.content ?? {}

  test('is a card that Microsoft\'s own library reads without a complaint', () => {
    for (const type of allTypes) {
      const [body = ''] = bodyOf(teams(chatOptions), [telling(type, { data: asked('x') })])
      const card = new AdaptiveCard()
      const context = new SerializationContext()
      card.parse(cardIn(body), context)
      expect([type, Array.from({ length: context.eventCount }, (_, i) => context.getEventAt(i).message), card.getItemCount() > 1]).toEqual([type, [], true])
      expect(card.getActionCount()).toBe(1)
      expect(card.getActionAt(0)?.getJsonTypeName()).toBe('Action.OpenUrl')
    }
  })
  test('hostile text stands in text runs alone, which no card reads as Markdown', () => {
    const [body = ''] = bodyOf(teams(chatOptions), [telling('dev.exeat.optout.revoked.v1', { data: { name: hostile, reason: hostile, by: { iss: 'x', sub: hostile } } })])
    expect(markup(cardIn(body))).toEqual([])
    expect(body).not.toMatch(/[\u202E\u001B]/)
    expect(body).toContain('<!channel>')
  })
})

describe('OpenTelemetry', () => {
  interface Record_ { readonly timeUnixNano: string; readonly severityNumber: number; readonly eventName: string; readonly body: { readonly stringValue: string }; readonly attributes: readonly { readonly key: string; readonly value: Record<string, unknown> }[] }
  const recordsIn = (body: string): readonly Record_[] => (JSON.parse(body) as { resourceLogs: [{ scopeLogs: [{ logRecords: readonly Record_[] }] }] }).resourceLogs[0].scopeLogs[0].logRecords

  test('is one request for many, each with its event as it is told and 64-bit numbers as text', () => {
    const items = [telling('dev.exeat.optout.proposed.v1', { data: asked('x') }), telling('dev.exeat.emergency.activated.v1', { index: 8, data: asked('y', 'fire') })]
    const [body = '', ...none] = bodyOf(kinds['otlp'] as Manner, items)
    expect(none).toEqual([])
    const [first, second] = recordsIn(body)
    expect(first).toMatchObject({ timeUnixNano: `${Date.UTC(2026, 10, 22, 10)}000000`, severityNumber: 9, eventName: 'dev.exeat.optout.proposed.v1', body: { stringValue: items[0]?.json } })
    expect(second).toMatchObject({ severityNumber: 21 })
    expect(first?.attributes).toContainEqual({ key: 'optout.name', value: { stringValue: 'log4j' } })
    expect(first?.attributes).toContainEqual({ key: 'exeat.log.index', value: { intValue: '7' } })
  })
})

describe('OCSF', () => {
  const lines = (items: readonly Telling[]): readonly Record<string, unknown>[] => bodyOf(kinds['ocsf'] as Manner, items).flatMap((body) => body.trimEnd().split('\n')).map((line) => JSON.parse(line) as Record<string, unknown>)

  test.each([
    ['dev.exeat.optout.proposed.v1', 3004, 1], ['dev.exeat.optout.approved.v1', 3004, 8], ['dev.exeat.optout.rejected.v1', 3004, 3], ['dev.exeat.optout.activated.v1', 3004, 10], ['dev.exeat.optout.lapsed.v1', 3004, 11], ['dev.exeat.optout.revoked.v1', 3004, 9],
    ['dev.exeat.use.claimed.v1', 6003, 99], ['dev.exeat.emergency.activated.v1', 2004, 1], ['dev.exeat.optout.asked-after-end.v1', 2004, 1],
  ] as const)('%s is class %i, activity %i', (type, classUid, activity) => {
    expect(lines([telling(type, { data: asked('x') })])[0]).toMatchObject({ class_uid: classUid, activity_id: activity, type_uid: classUid * 100 + activity, category_uid: Math.floor(classUid / 1000), metadata: { version: '1.8.0', sequence: 7 } })
  })
  test('every type has what every class of OCSF must have', () => {
    for (const event of lines(allTypes.map((type, index) => telling(type, { index, data: asked('x') })))) {
      for (const name of ['category_uid', 'class_uid', 'activity_id', 'type_uid', 'time', 'severity_id']) expect([event['type_name'], name, typeof event[name]]).toEqual([event['type_name'], name, 'number'])
      const { product } = event['metadata'] as { product: { name: string; vendor_name: string } }
      expect(product).toMatchObject({ name: 'Exeat', vendor_name: 'Exeat' })
      if (event['class_uid'] === 2004) expect(event['finding_info']).toMatchObject({ uid: expect.any(String) as string, title: expect.any(String) as string })
      if (event['class_uid'] === 6003) expect(event).toMatchObject({ api: { operation: 'use' }, actor: expect.any(Object) as object, src_endpoint: expect.any(Object) as object })
      if (event['class_uid'] === 3004) expect(event['entity']).toMatchObject({ type_id: 99 })
    }
  })
  test('one line an event whatever stands in it', () => {
    expect(lines([telling('dev.exeat.optout.revoked.v1', { data: { reason: 'a\nb\r\n{"class_uid":1}\u2028' } }), telling('dev.exeat.optout.revoked.v1', { index: 8 })]).length).toBe(2)
  })
})
