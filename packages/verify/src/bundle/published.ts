/** Every bundle says what the log has on record as published, so that a monitor sees what every point sees. */
import type { HexDigest, Sha256 } from '@exeat/core'
import { type Answer, ok, refuse, type Refusal } from '../codes.ts'
import { provenEntry, type ProvenUnder } from '../entry/proven.ts'
import { contentDigest } from './content.ts'
import type { Bundle } from './types.ts'

/** `lagging`: witnesses are asked for, so the checkpoint may not reach the entry yet. */
export function checkPublished(bundle: Bundle, under: ProvenUnder, lagging: boolean, sha256: Sha256): Answer<HexDigest> {
  const { published, commit } = bundle
  const content = contentDigest(bundle, sha256)
  if (content !== published.content) return unpublished(`its content has the digest \`${content}\`, and it states \`${published.content}\``)
  if (published.entry === null) return lagging ? ok(content) : unpublished('it names no entry of the log that records it')
  const proven = provenEntry(published.entry, under, sha256)
  if (!proven.ok) return proven
  const { index, event } = proven.value
  if (event.type !== 'dev.exeat.bundle.published.v1') return unpublished(`entry ${index} is of type \`${event.type}\``)
  const { data } = event
  if (data.content !== content || data.commit !== commit || !(data.size <= index)) {
    return unpublished(`entry ${index} records the content \`${data.content}\` of commit \`${data.commit}\`, and it has \`${content}\` of \`${commit}\``)
  }
  return ok(content)
}

const unpublished = (because: string): Refusal => refuse('BUNDLE_CONTENT', `the bundle is not what was published: ${because}`)
