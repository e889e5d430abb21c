/** The shadow opt-outs that were ever reported, in the order of their entries, a page at a time. */
import { canonicalInstant } from '@exeat/core'
import { shadowQuerySchema, type ShadowQuery, type Shadows, type ShadowView } from '@exeat/core/wire'
import type { StateReader } from '../ports/log.ts'
import { shaped } from './input.ts'
import { useError } from './problem.ts'
import { fromBytes, recordKinds, type StoredShadow } from './stored.ts'

const ordinaryLimit = 50
/** Records that one page looks at, whatever it answers of them. */
const mostLooked = 2_000

/** @throws {ExeatError} INPUT_INVALID, for an `after` that no page gave too */
export async function shadows(reader: Pick<StateReader, 'records'>, sent: ShadowQuery): Promise<Shadows> {
  const { limit = ordinaryLimit, state, after: given } = shaped(shadowQuerySchema, sent)
  if (given !== undefined && !/^\d{12}$/.test(given)) throw useError('INPUT_INVALID', '`after` is none that a page of this list ended with', 'leave it out to begin at the first')
  const items: ShadowView[] = []
  const page = 200
  let after = given ?? ''
  for (let looked = 0; looked < mostLooked; looked += page) {
    // oxlint-disable-next-line no-await-in-loop -- each page begins where the one before ended
    const found = await reader.records(recordKinds.shadow, after === '' ? { limit: page } : { after, limit: page })
    for (const { key, value } of found) {
      const view = viewOf(fromBytes<StoredShadow>(value))
      if (state === undefined || view.state === state) {
        if (items.length === limit) return { items, next: after }
        items.push(view)
      }
      after = key
    }
    if (found.length < page) return { items }
  }
  return { items, next: after }
}

function viewOf({ index, at, about, optOut, resolved }: StoredShadow): ShadowView {
  const { ends, at: happened, ...said } = about
  return {
    index, detected: canonicalInstant(at), state: resolved !== undefined ? 'resolved' : optOut === undefined ? 'open' : 'covered', at: canonicalInstant(happened), ...said,
    ...(ends === undefined ? {} : { ends: canonicalInstant(ends) }), ...(optOut === undefined ? {} : { optOut }),
    ...(resolved === undefined ? {} : { resolved: { index: resolved.index, at: canonicalInstant(resolved.at) } }),
  }
}
