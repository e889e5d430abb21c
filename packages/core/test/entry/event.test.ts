import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decodeEvent, encodeEvent, type EventType, eventTypes, lifecycleOf, type LogEvent, MAX_BODY_SIZE, recorded, recordedStrengths } from '../../src/entry/index.ts'
import { fold } from '../../src/lifecycle/index.ts'
import { bodyOf, envelopeOf, lifecycle, samples } from './samples.ts'

const text = (event: LogEvent): string => Buffer.from(encodeEvent(event)).toString('utf8')
const all = samples()
type Json = { [key: string]: unknown }

describe('every type', () => {
  test('is among the samples', () => { expect(new Set(all.map(({ type }) => type))).toEqual(new Set<EventType>(eventTypes)) })
  test('comes back as it went in, from the same bytes', () => {
    for (const event of all) {
      const decoded = decodeEvent(text(event))
      expect(decoded).toEqual({ ok: true, event })
      if (decoded.ok) expect(text(decoded.event)).toBe(text(event))
      expect(Buffer.byteLength(text(event))).toBeLessThan(MAX_BODY_SIZE)
    }
  })
  test('is a CloudEvent 1.0', () => {
    for (const event of all) {
      const json = JSON.parse(text(event)) as Json
      expect(json).toMatchObject({ specversion: '1.0', id: event.id, source: event.source, type: event.type, datacontenttype: 'application/json' })
      expect(json['time']).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)
      expect('subject' in json).toBe(event.subject !== null)
    }
  })
})

describe('the lifecycle', () => {
  const events = lifecycle()
  test('every kind of event was granted', () => {
    expect(new Set(events.map(({ type }) => type)).size).toBe(12)
  })
  test('is what its bodies record, and folds to the same state', () => {
    const back = events.map((event) => lifecycleOf(bodyOf(event)))
    expect(back).toEqual(events)
    const read = events.flatMap((event) => {
      const decoded = decodeEvent(text(bodyOf(event)))
      return decoded.ok ? lifecycleOf(decoded.event) ?? [] : []
    })
    expect(fold(read)).toEqual(fold(events))
  })
  test('is no part of what is said of the workspace or the log', () => {
    for (const event of all.filter(({ subject, type }) => subject === null || type === 'dev.exeat.body.erased.v1')) expect(lifecycleOf(event)).toBeUndefined()
    const [first] = all
    expect(first !== undefined && lifecycleOf({ ...first, subject: null })).toBeUndefined()
  })
  test('an act is recorded with its envelope and with the evidence that it was judged by', () => {
    const approved = events.find(({ type }) => type === 'optout.approved')
    const exhausted = events.find(({ type }) => type === 'optout.exhausted')
    if (approved === undefined || exhausted === undefined) throw new Error('both were granted')
    expect(() => recorded(approved, null)).toThrow(TypeError)
    expect(recorded(exhausted, null)).toEqual({ type: 'dev.exeat.optout.exhausted.v1', data: {} })
    const stronger = { ...approved, evidence: 'user-signed' as const }
    expect(() => recorded(stronger, { envelope: envelopeOf(), evidence: { strength: 'operator-asserted', name: 'alice' } })).toThrow(TypeError)
    expect(recordedStrengths).toEqual(['user-signed', 'idp-signed', 'server-asserted', 'operator-asserted', 'none'])
  })
})

describe('strictness', () => {
  const refused = (given: string): string => {
    const decoded = decodeEvent(given)
    return decoded.ok ? 'accepted' : 'refused'
  }
  const spoiled = (event: LogEvent, change: (json: Json & { data: Json }) => void): string => {
    const json = JSON.parse(text(event)) as Json & { data: Json }
    change(json)
    return refused(JSON.stringify(json))
  }
  test('a member that no event has, at any depth', () => {
    for (const event of all) {
      expect(spoiled(event, (json) => { json['more'] = 1 })).toBe('refused')
      expect(spoiled(event, (json) => { json.data['more'] = 1 })).toBe('refused')
      for (const part of ['envelope', 'evidence', 'asked', 'terms', 'binding', 'by', 'requester']) {
        if (typeof (JSON.parse(text(event)) as { data: Json }).data[part] !== 'object') continue
        expect([event.type, part, spoiled(event, (json) => { (json.data[part] as Json)['more'] = 1 })]).toEqual([event.type, part, 'refused'])
      }
    }
  })
  test('a member that is missing', () => {
    for (const event of all) {
      for (const key of ['specversion', 'id', 'source', 'type', 'time', 'datacontenttype', 'data']) expect(spoiled(event, (json) => { Reflect.deleteProperty(json, key) })).toBe('refused')
    }
  })
  test('another spelling of what it says', () => {
    const [event] = all
    if (event === undefined) throw new Error('there are some')
    const changes: Readonly<Record<string, unknown>> = {
      specversion: '1.1', id: event.id.toUpperCase().replace('0', 'A'), type: 'dev.exeat.optout.proposed.v2', time: '2026-11-22T10:00:00Z', subject: event.subject?.toUpperCase().replace('E', 'G'),
      datacontenttype: 'application/cloudevents+json', source: '', data: null,
    }
    for (const [key, value] of Object.entries(changes)) expect([key, spoiled(event, (json) => { json[key] = value })]).toEqual([key, 'refused'])
    for (const time of ['2026-11-22T11:00:00.000+01:00', '2026-11-22T10:00:00.0000Z', '2026-11-22', '2026-13-22T10:00:00.000Z', 1]) expect(spoiled(event, (json) => { json['time'] = time })).toBe('refused')
  })
  test('numbers that are none of its kind', () => {
    const proposed = all.find(({ type }) => type === 'dev.exeat.optout.proposed.v1')
    if (proposed === undefined) throw new Error('there is one')
    for (const value of [-1, 0.5, 1e300, '1', null]) {
      expect(spoiled(proposed, (json) => { json.data['renewal'] = value })).toBe('refused')
      expect(spoiled(proposed, (json) => { json.data['total'] = value })).toBe('refused')
      expect(spoiled(proposed, (json) => { (json.data['terms'] as Json)['duration'] = value })).toBe('refused')
    }
  })
  test('data of another type than it says', () => {
    for (const event of all) for (const other of all) {
      if (event.type === other.type) continue
      const decoded = decodeEvent(JSON.stringify({ ...JSON.parse(text(event)) as Json, data: (JSON.parse(text(other)) as Json)['data'] }))
      if (decoded.ok) expect(new Set([event.type, other.type].map((type) => type.replace(/proposed|renewed/, '#').replace(/rejected|withdrawn|revoked/, '+').replace(/degraded|restored/, '='))).size).toBe(1)
    }
  })
  test('no JSON, no object, hostile keys: never a throw', () => {
    for (const given of ['', '{', 'null', '[]', '1', '"x"', '{"__proto__":{}}', `${'['.repeat(100_000)}`, `{"data":${'['.repeat(50_000)}${']'.repeat(50_000)}}`]) expect(refused(given)).toBe('refused')
    fc.assert(fc.property(fc.string(), (given) => { expect(refused(given)).toBe('refused') }))
    fc.assert(fc.property(fc.constantFrom(...all), fc.jsonValue(), (event, data) => { decodeEvent(JSON.stringify({ ...JSON.parse(text(event)) as Json, data })) }))
    const polluted = JSON.stringify(JSON.parse(text(all[0] as LogEvent))).replace('"data":{', '"data":{"__proto__":{"polluted":1},')
    decodeEvent(polluted)
    expect(({} as { polluted?: number }).polluted).toBeUndefined()
  })
})
