/** Spoils one opt-out of a bundle with two, and tells what became of it. */
import type { AgreedTerms, Instant, LifecycleEvent } from '@exeat/core'
import { expect } from 'vitest'
import type { Bundle } from '../../src/index.ts'
import { type BundleOptions, type Draft, type Life, type LifeOptions, must, person, scene, verified } from './scene.ts'

export type Item = Bundle['active'][number]
export type Entry = Item['entries'][number]

/** The code with which `log4j` is refused while `other` stands, or what became of it. */
export function outcome(options: LifeOptions & BundleOptions & { readonly now?: Instant } = {}): string {
  const it = scene()
  const other = it.life('other', { over: { controls: ['trivy/other'] } })
  const life = it.life('log4j', options)
  const value = must(verified(it.bundle([other, life], options), it.pins, options.now === undefined ? {} : { now: options.now }))
  const { optOuts, problems } = value
  expect(optOuts.active.map(({ document }) => document.metadata.name)).toContain('other')
  const problem = problems.find(({ uid }) => uid === life.uid)
  if (problem !== undefined) {
    expect(problem.problem.message).toMatch(/^\P{Cc}*[^.\p{Cc}]$/u)
    expect(optOuts.active.some(({ uid }) => uid === life.uid)).toBe(false)
    const refused = optOuts.refused.find(({ uid }) => uid === life.uid)
    if (refused !== undefined) expect(refused.because.map(({ code, message }) => [code, message])).toEqual([['NOT_IN_LOG', problem.problem.message]])
    return problem.problem.code
  }
  const ended = optOuts.ended.find(({ uid }) => uid === life.uid)
  return ended === undefined ? optOuts.active.some(({ uid }) => uid === life.uid) ? 'active' : 'gone' : ended.ended.state
}

/** By whoever holds the bundle key alone, after publication. */
export const item = (change: (item: Item) => void) => outcome({ after: ({ active }) => { change(active[1] as Item) } })
export const entry = (position: number, change: (entry: Entry, item: Item) => void) => item((each) => { change(each.entries[position] as Entry, each) })
/** By whoever holds the log's key too, and writes what nobody judged. */
export const forged = (change: (drafts: Draft[]) => Draft[] | void, options: LifeOptions = {}) => outcome({ ...options, forge: change })

type Proposal = Extract<LifecycleEvent, { readonly requester: unknown }>
type EventOf<T> = T extends Proposal['type'] ? Proposal : Extract<LifecycleEvent, { readonly type: T }>
export const eventOf = <T extends LifecycleEvent['type']>(drafts: readonly Draft[], type: T) => drafts.find(({ event }) => event.type === type)?.event as { -readonly [K in keyof EventOf<T>]: EventOf<T>[K] }

/** As a bundle tells those that ended. */
export const endedOf = ({ impact: _impact, ...rest }: Life['item']) => rest

/** The same act by somebody else, signed by them. */
export function redone({ event, envelope }: Draft, who: string): Draft {
  return { event: { ...event, by: person(who) } as LifecycleEvent, ...(envelope === undefined ? {} : { envelope: { ...envelope, actor: person(who) } }) }
}

/** The same act at another time, and signed then. */
export function moved({ event, envelope }: Draft, after: number): Draft {
  const when = (event.at + after) as Instant
  return { event: { ...event, at: when }, ...(envelope === undefined ? {} : { envelope: { ...envelope, at: when } }) }
}

/** One that must be there. */
export function nth<T>(list: readonly T[], position: number): T {
  const found = list[position]
  if (found === undefined) throw new Error(`there is no ${position}`)
  return found
}

export function envelopeOf({ envelope }: Draft): NonNullable<Draft['envelope']> {
  if (envelope === undefined) throw new Error('nobody signed it')
  return envelope
}

export function emergencyTerms({ terms: { emergency } }: { readonly terms: AgreedTerms }): NonNullable<AgreedTerms['emergency']> {
  if (emergency === undefined) throw new Error('its terms know no emergency')
  return emergency
}
