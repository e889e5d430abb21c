/** Whether the log still is the one that this browser saw: its signed head, verified here, held against the head that was kept. */
import { checkSuccession, fetchTransport, httpLog, type LogSource, type LogAnswer, readHeads, readPublishedKeys, saysTampered, type SignedHead, type SignedHeads } from '@exeat/client/log'
import { formatVerifierKey, openCheckpoint, openTree, parseVerifierKey, type Trust, type VerifiedTree, type VerifierKey } from '@exeat/log'
import { sha256, verifyEd25519 } from '../crypto.ts'
import { keep, type Kept, readKept } from './kept.ts'

export interface LogProblem {
  readonly code: string
  readonly message: string
  readonly hint?: string | undefined
}

/** Whose word on the log is asked for beside its own key: as the workspace pins it. */
export interface Witnesses {
  /** C2SP verifier keys. */
  readonly keys: readonly string[]
  readonly quorum: number
}

export interface SoundLog {
  readonly kind: 'sound'
  readonly key: VerifierKey
  readonly head: SignedHead
  /** What was held against it: the head that was kept; undefined at the first visit. */
  readonly before: Kept | undefined
  /** False: this browser keeps nothing, so that a log which goes back is not noticed. */
  readonly kept: boolean
  /** Too few witnesses, or a key of one that cannot be read. */
  readonly witnessed: LogProblem | undefined
  /** Opens its tiles, each verified up to the head. */
  readonly tree: () => Promise<LogAnswer<VerifiedTree>>
}

export type LogCheck =
  | SoundLog
  /** It signed or serves what cannot be true. Both notes together prove it, where there are two. */
  | { readonly kind: 'alarm'; readonly problem: LogProblem; readonly notes: readonly string[] }
  | { readonly kind: 'unread'; readonly problem: LogProblem }

const nobody: Witnesses = { keys: [], quorum: 0 }
/** A cache on the way may serve a head that is so old, in milliseconds (`max-age` of `/log/checkpoint`, and a second). */
const cacheLife = 6_000

export async function checkLog(witnesses: Witnesses = nobody): Promise<LogCheck> {
  const first = await checkOnce(witnesses)
  if (first.kind !== 'alarm' || first.problem.code !== 'LOG_TRUNCATED') return first
  await new Promise((resolve) => { setTimeout(resolve, cacheLife) })
  return checkOnce(witnesses)
}

async function checkOnce(witnesses: Witnesses): Promise<LogCheck> {
  const kept = readKept()
  if (kept === 'unreadable') return { kind: 'alarm', problem: unreadable, notes: [] }
  const source = httpLog(`${location.origin}/log`, fetchTransport)
  const key = kept === 'none' ? await published(source) : parseVerifierKey(sha256, kept.key)
  if (!key.ok) return kept === 'none' ? { kind: 'unread', problem: key.problem } : { kind: 'alarm', problem: unreadable, notes: [kept.note] }
  return underKey(source, key.value, kept === 'none' ? undefined : kept, witnesses)
}

async function underKey(source: LogSource, key: VerifierKey, kept: Kept | undefined, witnesses: Witnesses): Promise<LogCheck> {
  const trust: Trust = { origin: key.name, log: [key], witnesses: { atLeast: 0, keys: [] } }
  const told = await readWitnessed(source, trust, witnesses)
  if (!told.ok) return judged(told.problem, kept, undefined)
  const { heads: { newest, cosigned }, witnessed } = told
  const tree = treeOf(source, newest)
  const before = kept === undefined ? undefined : openCheckpoint(encode(kept.note), trust, verifyEd25519)
  if (before?.ok === false) return { kind: 'alarm', problem: unreadable, notes: kept === undefined ? [] : [kept.note] }
  const earlier = [
    ...before === undefined ? [] : [{ from: 'saved' as const, checkpoint: before.value.checkpoint }],
    ...cosigned === newest ? [] : [{ from: 'cosigned' as const, checkpoint: cosigned.checkpoint }],
  ]
  for (const each of earlier) {
    // oxlint-disable-next-line no-await-in-loop -- what was seen here comes first
    const verdict = await checkSuccession(sha256, newest.checkpoint, each, tree)
    if (!verdict.ok) return judged(verdict.problem, kept, newest)
  }
  const next: Kept = { key: formatVerifierKey(key), note: decode(newest.bytes), size: newest.checkpoint.size, at: Date.now() }
  return { kind: 'sound', key, head: newest, before: kept, kept: keep(next), witnessed, tree }
}

/** With the witnesses' lines verified where there are any; too few of them is told, and judges nothing here: enforcement points refuse for it. */
async function readWitnessed(source: LogSource, trust: Trust, { keys, quorum }: Witnesses): Promise<{ readonly ok: true; readonly heads: SignedHeads; readonly witnessed: LogProblem | undefined } | { readonly ok: false; readonly problem: LogProblem }> {
  const parsed = keys.map((text) => parseVerifierKey(sha256, text))
  const known = parsed.flatMap((each) => (each.ok ? [each.value] : []))
  const wrong = parsed.find((each) => !each.ok)
  const atLeast = Math.min(quorum, known.length)
  const asked = await readHeads(source, { sha256, verify: verifyEd25519, trust: { ...trust, witnesses: { atLeast, keys: known } } })
  if (asked.ok) return { ok: true, heads: asked.value, witnessed: wrong?.ok === false ? wrong.problem : undefined }
  if (asked.problem.code !== 'WITNESS_QUORUM') return asked
  const without = await readHeads(source, { sha256, verify: verifyEd25519, trust: { ...trust, witnesses: { atLeast: 0, keys: known } } })
  return without.ok ? { ok: true, heads: without.value, witnessed: asked.problem } : without
}

function judged(problem: LogProblem, kept: Kept | undefined, shown: SignedHead | undefined): LogCheck {
  if (!saysTampered(problem.code as Parameters<typeof saysTampered>[0])) return { kind: 'unread', problem }
  return { kind: 'alarm', problem, notes: [...kept === undefined ? [] : [kept.note], ...shown === undefined ? [] : [decode(shown.bytes)]] }
}

/** At the first visit the log's own word is all that there is. */
async function published(source: LogSource): Promise<LogAnswer<VerifierKey>> {
  const keys = await readPublishedKeys(source, sha256, verifyEd25519)
  if (!keys.ok) return keys
  const [first] = keys.value
  return first === undefined ? { ok: false, problem: { code: 'LOG_NO_KEY', message: 'the log publishes no key that signed its checkpoint' } } : { ok: true, value: first.key }
}

const unreadable: LogProblem = {
  code: 'SAVED_CHECKPOINT', message: 'what this browser kept of the log cannot be read, or is not signed by the key that it kept',
  hint: 'somebody changed it, or this browser; check the log from a terminal before you begin anew here',
}

const encode = (text: string): Uint8Array => new TextEncoder().encode(text)
const decode = (bytes: Uint8Array): string => new TextDecoder().decode(bytes)

let opened: { readonly root: string; readonly tree: Promise<LogAnswer<VerifiedTree>> } | undefined

/** The same for the same head, with the tiles that were read: a log is checked every few seconds, and grows more seldom. */
const treeOf = (source: LogSource, { checkpoint }: SignedHead): SoundLog['tree'] => async () => {
  const root = `${checkpoint.size} ${checkpoint.root.join(' ')}`
  if (opened?.root === root && (await opened.tree).ok) return opened.tree
  opened = { root, tree: openTree(sha256, source, checkpoint) }
  return opened.tree
}
