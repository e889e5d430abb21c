/** The inventory: every opt-out there ever was, in the order of names, a page at a time. */
import { phaseAt, type OptOutRecord, type Scope, scopesMeet } from '@exeat/core'
import { listQuerySchema, type OptOutView, type Wire } from '@exeat/core/wire'
import { shaped } from './input.ts'
import { readOptOut } from './load.ts'
import { useError } from './problem.ts'
import { recordKinds, type StoredOptOut } from './stored.ts'
import { recordNow, type Seen, viewOf } from './view.ts'

type Query = Wire['listQuerySchema']

const ordinaryLimit = 50

/** @throws {ExeatError} INPUT_INVALID, for an `after` that no page gave too */
export async function optOuts(seen: Seen, sent: Query): Promise<Wire['listAnswerSchema']> {
  const query = shaped(listQuerySchema, sent)
  const limit = query.limit ?? ordinaryLimit
  const items: OptOutView[] = []
  let last = ''
  for await (const { name, uid } of namesAfter(seen, query)) {
    const stored = (await readOptOut(seen.reader, uid))?.value
    if (stored === undefined || !matches(stored, query, seen)) continue
    if (items.length === limit) return { items, next: Buffer.from(last, 'utf8').toString('base64url') }
    items.push(await viewOf(stored, seen))
    last = name
  }
  return { items }
}

async function* namesAfter({ reader }: Seen, { after: given, name }: Query) {
  const page = 200
  let after = given === undefined ? '' : afterOf(given)
  if (name !== undefined) {
    const found = name > after ? await reader.record(recordKinds.name, name) : undefined
    if (found !== undefined) yield { name, uid: Buffer.from(found.value).toString('utf8') }
    return
  }
  for (;;) {
    const names = await reader.records(recordKinds.name, after === '' ? { limit: page } : { after, limit: page })
    for (const { key, value } of names) yield { name: key, uid: Buffer.from(value).toString('utf8') }
    const last = names.at(-1)
    if (last === undefined || names.length < page) return
    after = last.key
  }
}

/** Opaque to callers: a name. Names are DNS labels, so that no other text passes. */
function afterOf(given: string): string {
  const name = Buffer.from(given, 'base64url').toString('utf8')
  if (/^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?$/.test(name)) return name
  throw useError('INPUT_INVALID', '`after` is none that a page of this list ended with', 'leave it out to begin at the first')
}

function matches(stored: StoredOptOut, { phase, control, repository, environment }: Query, { revoked, now }: Seen): boolean {
  const record: OptOutRecord = recordNow(stored, revoked)
  if (phase !== undefined && phaseAt(record, now) !== phase) return false
  const { scope } = record.asked
  const wanted: Scope = {
    controls: control === undefined ? scope.controls : [control],
    targets: { ...(repository === undefined ? {} : { repositories: [repository] }), ...(environment === undefined ? {} : { environments: [environment] }) },
  }
  return control === undefined && repository === undefined && environment === undefined || scopesMeet(wanted, scope)
}
