/**
 * An auditor's reading of a log: every act of people verified once more, from entries, bodies and documents alone. What one entry says is held against what the log said
 * before it: the keys that counted then, the workspace that governed then, the opt-out as it stood then.
 */
import type { HexDigest } from '@exeat/core'
import type { LogEvent } from '@exeat/core/entry'
import { formatVerifierKey } from '@exeat/log'
import { refuse } from '../codes.ts'
import type { VerifyDeps } from '../bundle/verified.ts'
import { readEntry } from '../entry/read.ts'
import { enrolmentOf } from '../evidence/enrolments.ts'
import type { AuditedAct, AuditPins, DocumentReader, EvidenceAudit, SoughtBody } from './evidence-types.ts'
import { addPolicies, addWorkspace, checkDelegations } from './governing.ts'
import { addHearing, isHearing, noteEmergency } from './hearing.ts'
import { addKeyEntry } from './keys.ts'
import { addAct } from './lives.ts'
import { type Reading, newReading, unread, wrong } from './reading.ts'
import { addShadow, isShadow } from './shadow.ts'

export interface EvidenceAuditor {
  /** The next entry that matters, in the order of the log; `leaf` is proven to stand at `index`. Total. */
  readonly add: (index: number, leaf: string, body: SoughtBody) => Promise<void>
  /** In place of an entry that is not asked about: of its opt-out it is enough to know that there is one. */
  readonly pass: (uid: HexDigest | null) => void
  /** Once, behind the last entry. */
  readonly finish: () => EvidenceAudit
}

/** Whoever asks about one entry adds the others of its opt-out before it, and all of which `isGround` is true, and passes over the rest. */
export function evidenceAuditor(pins: AuditPins, documents: DocumentReader, deps: VerifyDeps): EvidenceAuditor {
  const reading = newReading(pins, documents, deps)
  return {
    add: async (index, leaf, body) => {
      const read = readEntry(body.state === 'found' ? { leaf, body: body.value } : { leaf }, deps.sha256)
      if (!read.ok) {
        wrong(reading, index, { ...read.problem, message: `entry ${index}: ${read.problem.message}` })
        lost(reading, 'an entry before it cannot be read', typeIn(leaf))
        return
      }
      const { leaf: { type, body: digest, uid, time }, event } = read.value
      note(reading, uid)
      if (event === null) noBody(reading, { index, type, at: time, uid, digest }, body)
      else {
        reading.held.add(`event ${digest}`)
        if (event.source === pins.origin) await addEvent(reading, index, event)
        else wrong(reading, index, refuse('ENTRY_MALFORMED', `entry ${index} is of the log \`${event.source}\`, not of \`${pins.origin}\``).problem)
      }
    },
    pass: (uid) => { note(reading, uid) },
    finish: () => finish(reading),
  }
}

function note({ uids }: Reading, uid: HexDigest | null): void {
  if (uid !== null) uids.add(uid)
}

const groundTypes = /^dev\.exeat\.(?:workspace\.changed|enrolment\.[a-z]+|drill\.[a-z]+|shadow\.[a-z]+|body\.erased)\.v1$/

/** Whether an entry of this type is part of what every act is held against. */
export const isGround = (type: string): boolean => groundTypes.test(type)

async function addEvent(reading: Reading, index: number, event: LogEvent): Promise<void> {
  switch (event.type) {
    case 'dev.exeat.workspace.changed.v1': return addWorkspace(reading, index, event.data)
    case 'dev.exeat.policy.changed.v1': return addPolicies(reading, index, event)
    case 'dev.exeat.body.erased.v1': {
      for (const { kind, digest } of event.data.erased) reading.erased.add(`${kind} ${digest}`)
      return undefined
    }
    default: {
      if (isHearing(event)) {
        addHearing(reading, index, event)
        return undefined
      }
      if (isShadow(event)) {
        addShadow(reading, index, event)
        return undefined
      }
      if (event.type === 'dev.exeat.emergency.activated.v1') noteEmergency(reading, index, event.subject, event.data)
      const entry = enrolmentOf(event, index)
      if (entry === undefined) return addAct(reading, index, event)
      addKeyEntry(reading, entry)
      return undefined
    }
  }
}

interface Bare extends Pick<AuditedAct, 'index' | 'type' | 'at'> {
  readonly uid: HexDigest | null
  readonly digest: HexDigest
}

/** A body that is not there, or not the one: what it said counts for nothing, and what rests on it is not judged. */
function noBody(reading: Reading, { index, type, at, uid, digest }: Bare, body: SoughtBody): void {
  const isAct = /\.(?:optout|emergency|enrolment|drill|shadow)\./.test(type) && !/\.(?:stale|exhausted)\./.test(type)
  if (body.state === 'absent') reading.absent.push({ kind: 'event', digest, index, erasable: uid !== null, ...(isAct ? { act: reading.acts.length } : {}) })
  else if (body.state === 'unreadable') unread(reading, index, `the body of entry ${index} cannot be read: ${body.because}`)
  else if (body.state === 'broken') wrong(reading, index, refuse('ENTRY_NOT_COVERED', `the body of entry ${index} is not the one that the entry commits to: ${body.because}`).problem)
  if (isAct) reading.acts.push({ index, type, at, ...(uid === null ? {} : { uid }), state: 'unchecked', because: 'its body is missing' })
  lost(reading, 'the body of an entry before it is gone or missing', type)
  const life = uid === null ? undefined : reading.lives.get(uid)
  if (life !== undefined && isAct && !/\.acknowledged\./.test(type)) life.lost ??= 'the body of an entry before it is gone or missing'
}

function lost(reading: Reading, because: string, type: string): void {
  if (/\.(?:drill\.started|emergency\.activated)\./.test(type)) reading.raisedLost = true
  if (/\.shadow\./.test(type)) reading.shadowsLost = true
  if (/\.enrolment\./.test(type)) reading.keysLost ??= because
  // Which of them it was, who governs or to whom was delegated, nobody knows.
  if (/\.workspace\./.test(type)) Object.assign(reading, { workspace: undefined, delegationsLost: true })
}

function typeIn(leaf: string): string {
  return /"type":"([a-z.0-9]{1,80})"/.exec(leaf)?.[1] ?? '.enrolment.'
}

function finish(reading: Reading): EvidenceAudit {
  checkDelegations(reading)
  const acts = [...reading.acts]
  const missing = new Set<string>()
  for (const { kind, digest, index, act, erasable } of reading.absent) {
    const told = kind === 'event' ? `the body of entry ${index}` : `the ${kind} \`${digest}\` that entry ${index} names`
    const isErased = reading.erased.has(`${kind} ${digest}`)
    const row = act === undefined ? undefined : acts[act]
    if (!isErased) missing.add(`${kind} ${digest}`)
    if (isErased && !erasable) wrong(reading, index, refuse('ENTRY_ERASED', `${told} was erased, and nothing erases it`).problem)
    else if (!isErased) unread(reading, index, `${told} is not there, and no entry says that it was erased`)
    if (isErased && act !== undefined && row !== undefined) acts[act] = { ...row, because: 'erased' }
  }
  const { faults, held, erased, founders, governed, pins } = reading
  return {
    acts, faults: [...faults].sort((a, b) => a.index - b.index), content: { held: held.size, erased: erased.size, missing: missing.size }, founders: (founders?.roots ?? []).map(formatVerifierKey), pinned: pins.roots !== undefined, governed,
  }
}
