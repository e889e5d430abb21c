/** A grant brought to the server once it is there again: what counts was signed before, and whoever brings it adds nothing. */
import { printAnswer } from '../acts/answer.ts'
import { type ActFlags, acting } from '../acts/server.ts'
import type { Io } from '../edge/io.ts'
import { grantFiles } from './files.ts'

/** @throws {ExeatError} OFFLINE_UNUSABLE, and what the server refuses */
export async function importOffline(file: string, flags: ActFlags, io: Io): Promise<void> {
  const { grant, signatures } = grantFiles(file, io)
  const { client, key } = acting(flags, io)
  const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64')
  printAnswer('offline', await client.importOffline({ grant: base64(grant), signatures: signatures.slice(0, 8).map(({ bytes }) => base64(bytes)) }, key), flags, io)
}
