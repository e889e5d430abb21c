/**
 * Proves a backup offline, line by line: the tree is rebuilt from the entries, every checkpoint's signature and root is held against it, every body against
 * its commitment, every document against its digest, opt-outs against what the log folds to, and all of it against the signed manifest.
 */
import { isDeepStrictEqual } from 'node:util'
import type { Json, HexDigest } from '@exeat/core'
import { appendLeaves, type CompactRange, emptyRange, leafHash, openCheckpoint, parseVerifierKey, rangeRoot, type TileHash, type VerifierKey } from '@exeat/log'
import { openDsse, type RecordedDelegation, verifyDelegations } from '@exeat/verify'
import { checkContent, foldOptOut, type FoldedOptOut, type NamedDocument, readEntry } from '@exeat/verify/audit'
import { rootsStated } from '../main/pins.ts'
import { sha256, verifySignature } from '../store/ed25519.ts'
import { bodyKinds, fromBytes, recordKinds, type StoredOptOut } from '../use/stored.ts'
import { sectionDigests } from './digests.ts'
import { readLines } from './file.ts'
import { checkOrder, decodeLine, type Line, type LineOf, type Manifest, manifestSchema, manifestType } from './lines.ts'
import { altered, backupError } from './problem.ts'

export interface BackupPins {
  /** C2SP verifier key of the log; what the backup states where absent, which proves nothing of who made it. */
  readonly key?: string
  /** A head that the log must extend. */
  readonly held?: Head
}

export interface Head {
  readonly size: number
  readonly root: Uint8Array
}

export interface BackupFacts {
  readonly header: LineOf<'header'>
  /** The newest checkpoint, as a signed note. */
  readonly checkpoint: string
  readonly sections: Manifest['sections']
  /** Bodies that entries say were erased. */
  readonly erased: number
  /** Records of opt-outs that are what the log folds to. */
  readonly shown: number
  readonly keys: boolean
}

/** A line that held so far. Nothing of it counts before the last one was read. */
export interface CheckedLine {
  readonly line: Line
  /** Of an entry. */
  readonly tree?: { readonly leaf: Uint8Array; readonly completed: readonly TileHash[] }
}

/** @throws {ExeatError} BACKUP_INVALID, BACKUP_ALTERED */
export async function checkBackup(path: string, pins: BackupPins): Promise<BackupFacts> {
  const lines = checkedLines(path, pins)
  for (;;) {
    const { done, value } = await lines.next()
    if (done === true) return value
  }
}

interface State {
  readonly header: LineOf<'header'>
  readonly key: VerifierKey
  range: CompactRange
  checkpoint: { readonly size: number; readonly note: string } | undefined
  readonly optOuts: Map<HexDigest, FoldedOptOut>
  readonly delegations: RecordedDelegation[]
  /** Bodies that are not there, by digest; those that an entry says were erased go. */
  readonly missing: Map<string, number>
  erased: number
  shown: number
  bundleKey: VerifierKey | undefined
  readonly held: Head | undefined
}

/** Gives every line but the manifest, each once it was held against those before it; answers once all of them hold. @throws {ExeatError} BACKUP_INVALID, BACKUP_ALTERED */
export async function* checkedLines(path: string, pins: BackupPins): AsyncGenerator<CheckedLine, BackupFacts> {
  const digests = sectionDigests()
  let state: State | undefined
  let [before, number, keys]: [Line['s'] | undefined, number, boolean] = [undefined, 0, false]
  let manifest: Manifest | undefined
  for await (const text of readLines(path)) {
    number += 1
    const line = decodeLine(text, number)
    checkOrder(before, line.s, number)
    before = line.s
    if (line.s === 'manifest') {
      manifest = checkManifest(line, digests.manifest(), ended(state))
      continue
    }
    digests.add(line.s, text)
    state ??= begun(line, pins)
    keys ||= line.s === 'keys'
    yield checkLine(line, state)
  }
  if (state === undefined || manifest === undefined) throw backupError('BACKUP_INVALID', `\`${path}\` ends before its manifest`, 'it was cut short: take another backup')
  return { header: state.header, checkpoint: state.checkpoint?.note ?? '', sections: manifest.sections, erased: state.erased, shown: state.shown, keys }
}

function begun(line: Line, { key, held }: BackupPins): State {
  if (line.s !== 'header') throw backupError('BACKUP_INVALID', 'the backup does not begin with its header')
  if (key !== undefined && key !== line.key) throw altered(`the backup is of a log with the key \`${line.key}\`, and \`${key}\` is pinned`)
  const parsed = parseVerifierKey(sha256, line.key)
  if (!parsed.ok) throw backupError('BACKUP_INVALID', `the backup states no key of a log: ${parsed.problem.message}`)
  const none = { range: emptyRange, checkpoint: undefined, erased: 0, shown: 0, bundleKey: undefined }
  return { ...none, header: line, key: parsed.value, optOuts: new Map(), delegations: [], missing: new Map(), held }
}

function checkLine(line: Line, state: State): CheckedLine {
  switch (line.s) {
    case 'config':
      if (line.config.origin !== state.header.origin || line.config.workspace !== state.header.workspace) throw altered('the configuration in the backup is of another log')
      return { line }
    case 'checkpoint': return checkCheckpoint(line, state)
    case 'entry': return checkEntry(line, state)
    case 'operation':
      if (line.index + line.count > state.range.size) throw altered(`the operation \`${line.key}\` names entries that the log does not have`)
      return { line }
    case 'record': return checkRecord(line, state)
    case 'body': return checkBody(line)
    default: return { line }
  }
}

function checkCheckpoint(line: LineOf<'checkpoint'>, state: State): CheckedLine {
  const opened = openCheckpoint(Buffer.from(line.note, 'utf8'), { origin: state.header.origin, log: [state.key], witnesses: { atLeast: 0, keys: [] } }, verifySignature)
  if (!opened.ok) throw altered(`the checkpoint of size ${line.size} does not verify: ${opened.problem.message}`)
  const { size, root } = opened.value.checkpoint
  if (size !== line.size || size !== state.range.size || !same(root, rangeRoot(sha256, state.range))) throw altered(`the entries up to ${line.size} do not lead to the checkpoint that was signed there`)
  if (size <= (state.checkpoint?.size ?? -1)) throw altered(`the checkpoint of size ${size} stands twice`)
  state.checkpoint = { size, note: line.note }
  return { line }
}

function checkEntry(line: LineOf<'entry'>, state: State): CheckedLine {
  const index = state.range.size
  const read = readEntry(line.body === undefined ? { leaf: line.leaf } : { leaf: line.leaf, body: line.body }, sha256)
  if (!read.ok) throw altered(`entry ${index} is not what was logged: ${read.problem.message}`)
  const { leaf, event } = read.value
  foldOptOut(state.optOuts, index, read.value)
  if (event === null) state.missing.set(leaf.body, index)
  if (event?.type === 'dev.exeat.workspace.changed.v1' && 'delegation' in event.data) state.delegations.push({ index, envelope: event.data.delegation })
  if (event?.type === 'dev.exeat.body.erased.v1') {
    for (const { kind, digest } of event.data.erased) if (kind === bodyKinds.event && state.missing.delete(digest)) state.erased += 1
  }
  const hash = leafHash(sha256, Buffer.from(line.leaf, 'utf8'))
  const { range, completed } = appendLeaves(sha256, state.range, [hash])
  state.range = range
  if (state.held?.size === range.size && !same(state.held.root, rangeRoot(sha256, range))) throw altered(`the log in the backup does not extend the head of size ${range.size} that was held outside`)
  return { line, tree: { leaf: hash, completed } }
}

function checkRecord(line: LineOf<'record'>, state: State): CheckedLine {
  if (line.kind !== recordKinds.optOut && line.kind !== recordKinds.open) return { line }
  const folded = state.optOuts.get(line.key as HexDigest)
  if (folded === undefined) throw altered(`the backup has a record of the opt-out \`${line.key}\`, and the log has none`)
  if (folded.erased || folded.record === undefined) return { line }
  const stored = fromBytes<StoredOptOut | StoredOptOut['record']>(Buffer.from(line.value, 'base64'))
  const record = 'record' in stored ? stored.record : stored
  if (!isDeepStrictEqual(record, JSON.parse(JSON.stringify(folded.record)))) throw altered(`the record of the opt-out \`${line.key}\` is not what the log says of it`)
  state.shown += 1
  return { line }
}

const contents: ReadonlySet<string> = new Set([bodyKinds.optOut, bodyKinds.policy, bodyKinds.workspace, bodyKinds.aliases, bodyKinds.impact])

function checkBody(line: LineOf<'body'>): CheckedLine {
  if (!contents.has(line.kind)) throw altered(`the backup has a body of the kind \`${line.kind}\`, which this release does not keep`)
  const named = { kind: line.kind, digest: line.digest } as NamedDocument
  const checked = checkContent(named, parsed(line), sha256)
  if (!checked.ok) throw altered(checked.problem.message)
  return { line }
}

function parsed({ kind, digest, bytes }: LineOf<'body'>): Json {
  try {
    return JSON.parse(Buffer.from(bytes, 'base64').toString('utf8')) as Json
  } catch {
    throw altered(`what stands as the ${kind} \`${digest}\` is no JSON`)
  }
}

/** What can be said once all lines were read; the manifest's key is the one that the log delegated to last. */
function ended(state: State | undefined): State {
  if (state === undefined) throw backupError('BACKUP_INVALID', 'the backup has nothing but a manifest')
  const { header, range, checkpoint, missing, held } = state
  if (range.size !== header.size || Buffer.from(rangeRoot(sha256, range)).toString('hex') !== header.root || checkpoint?.size !== header.size) {
    throw altered(`the backup has ${range.size} entries and a checkpoint of ${checkpoint?.size ?? 0}, and says that the log had ${header.size}`)
  }
  const [gone] = missing.values()
  if (gone !== undefined) throw altered(`the body of entry ${gone} is missing, and no entry says that it was erased`)
  if (held !== undefined && held.size > header.size) throw altered(`the log in the backup has ${header.size} entries, and a head of ${held.size} was held outside`)
  const [first] = state.delegations
  if (first === undefined) throw altered('the log in the backup has no founders')
  const verified = verifyDelegations(state.delegations, { workspace: header.workspace, origin: header.origin, roots: rootsStated(first.envelope) }, { sha256, verify: verifySignature })
  if (!verified.ok) throw altered(`the delegations in the backup do not hold: ${verified.problem.message}`)
  const { current } = verified.value
  if (!same(current.log.publicKey, state.key.publicKey)) throw altered('the founders delegated to another log key than signed the checkpoints')
  state.bundleKey = current.bundle
  return state
}

function checkManifest({ envelope }: LineOf<'manifest'>, own: Manifest, { bundleKey }: State): Manifest {
  const opened = openDsse(envelope, manifestType, bundleKey === undefined ? [] : [bundleKey], verifySignature)
  if (!opened.ok) throw altered(`the manifest of the backup is not signed by the log's key: ${opened.problem.message}`)
  const said = manifestSchema.safeParse(JSON.parse(Buffer.from(opened.value.payload).toString('utf8')))
  if (!said.success) throw backupError('BACKUP_INVALID', 'the manifest of the backup is none that this release knows')
  const names = new Set([...Object.keys(said.data.sections), ...Object.keys(own.sections)])
  const differing = [...names].find((name) => !isDeepStrictEqual(said.data.sections[name], own.sections[name]))
  if (differing !== undefined) throw altered(`the section \`${differing}\` of the backup is not the one that its manifest was signed over`)
  return said.data
}

const same = (a: Uint8Array, b: Uint8Array): boolean => Buffer.compare(a, b) === 0
