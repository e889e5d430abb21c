/**
 * What an export holds beside the public tree, each under the digest that the log knows it by: `bodies/<xx>/<digest>` (32 bytes of salt, then the body, so that the name is
 * the SHA-256 of the file) and `documents/<Kind>/<xx>/<digest>.json`. `<xx>`: the first two characters of the digest.
 */
import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs'
import { join } from 'node:path'
import type { HexDigest } from '@exeat/core'
import { MAX_BODY_SIZE, SALT_SIZE } from '@exeat/core/entry'
import type { AuditedDocument, NamedDocument, Sought, SoughtBody } from '@exeat/verify/audit'
import { systemReason } from '../edge/problem.ts'
import { sha256 } from './crypto.ts'

export const bodyFile = (digest: HexDigest): string => `bodies/${digest.slice(0, 2)}/${digest}`
export const documentFile = ({ kind, digest }: NamedDocument): string => `documents/${kind}/${digest.slice(0, 2)}/${digest}.json`

/** Those of impacts are the largest: as many as the store keeps. */
const largestDocument = 8 * 1024 * 1024

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** Whether it is the body of that digest is judged here, by its bytes; what it says is judged by nobody. */
export function readBody(folder: string, digest: HexDigest): SoughtBody {
  const read = readOwn(join(folder, bodyFile(digest)), SALT_SIZE + MAX_BODY_SIZE)
  if (read.state !== 'found') return read
  if (Buffer.from(sha256(read.value)).toString('hex') !== digest) return { state: 'broken', because: 'it has another digest' }
  const event = textOf(read.value.subarray(SALT_SIZE))
  if (event === undefined || read.value.length < SALT_SIZE) return { state: 'broken', because: 'it is no text behind a salt' }
  return { state: 'found', value: { salt: Buffer.from(read.value.subarray(0, SALT_SIZE)).toString('base64'), event } }
}

export function readDocument(folder: string, kind: AuditedDocument, digest: HexDigest): Sought<string> {
  const read = readOwn(join(folder, documentFile({ kind, digest })), largestDocument)
  if (read.state !== 'found') return read
  const value = textOf(read.value)
  return value === undefined ? { state: 'broken', because: 'it is no text' } : { state: 'found', value }
}

function textOf(bytes: Uint8Array): string | undefined {
  try {
    return decoder.decode(bytes)
  } catch {
    return undefined
  }
}

/** A file itself: not what a link in its place names, no pipe, and never more than it may have. */
function readOwn(path: string, limit: number): Sought<Uint8Array> {
  let handle: number
  try {
    handle = openSync(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0) | (constants.O_NOFOLLOW ?? 0))
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? cause.code : undefined
    if (code === 'ENOENT') return { state: 'absent' }
    return { state: 'unreadable', because: code === 'ELOOP' ? 'it is a symbolic link, and an export holds none' : systemReason(cause) }
  }
  try {
    const stat = fstatSync(handle)
    if (!stat.isFile()) return { state: 'unreadable', because: 'it is no file' }
    if (stat.size > limit) return { state: 'broken', because: `it has ${stat.size} bytes, more than the ${limit} that it may have` }
    return { state: 'found', value: readAll(handle, stat.size) }
  } catch (cause) {
    return { state: 'unreadable', because: systemReason(cause) }
  } finally {
    closeSync(handle)
  }
}

function readAll(handle: number, size: number): Uint8Array {
  const bytes = new Uint8Array(size)
  let at = 0
  for (let read = -1; at < size && read !== 0; at += read) read = readSync(handle, bytes, at, size - at, at)
  return bytes.subarray(0, at)
}
