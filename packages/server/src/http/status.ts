/** Which HTTP status a code means: the tables of every package whose refusals can reach a caller. */
import { remoteLogCodes } from '@exeat/client/log'
import { documentCodes, governanceCodes, policyCodes, refusalCodes } from '@exeat/core'
import type { CodeEntry } from '@exeat/core/error'
import { impactCodes } from '@exeat/core/impact'
import { jsonCodes, sarifCodes, yamlCodes } from '@exeat/formats'
import { reportCodes } from '@exeat/formats/findings'
import { gitCodes } from '@exeat/git'
import { logCodes } from '@exeat/log'
import { verifyCodes } from '@exeat/verify'
import { storeCodes } from '../codes.ts'
import { serverCodes } from '../config/codes.ts'
import { forgeCodes } from '../forge/codes.ts'
import { identityCodes } from '../identity/codes.ts'
import { useCodes } from '../use/codes.ts'

/** The repository is the server's own: that it cannot be read is nobody's wrong request. */
const ours = Object.fromEntries(Object.entries<CodeEntry>(gitCodes).map(([code, entry]) => [code, { ...entry, http: 503 }]))

/** Where two tables have a code, the later one speaks: here it is about an act, not about a document in a folder. */
const tables: readonly Readonly<Record<string, CodeEntry>>[] = [
  documentCodes, governanceCodes, policyCodes, impactCodes, yamlCodes, jsonCodes, reportCodes, sarifCodes, ours, logCodes, remoteLogCodes, verifyCodes, storeCodes, forgeCodes, useCodes, identityCodes, refusalCodes, serverCodes,
]

const entries: ReadonlyMap<string, CodeEntry> = new Map(tables.flatMap((table) => Object.entries(table)))

/** A code that nobody owns is a failure of the server. */
export const entryOf = (code: string): CodeEntry => entries.get(code) ?? serverCodes.SERVER_FAILED
