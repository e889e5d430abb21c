/** Every code of every package. Loaded when something has gone wrong, and for the reference page. */
import { apiCodes } from '@exeat/client/api'
import { remoteLogCodes } from '@exeat/client/log'
import type { CodeEntry } from '@exeat/core'
import { documentCodes, governanceCodes, policyCodes, refusalCodes } from '@exeat/core'
import { impactCodes } from '@exeat/core/impact'
import { reviewCodes } from '@exeat/core/review'
import { jsonCodes, sarifCodes, yamlCodes } from '@exeat/formats'
import { reportCodes } from '@exeat/formats/findings'
import { nativeCodes } from '@exeat/formats/native'
import { gitCodes } from '@exeat/git'
import { logCodes } from '@exeat/log'
import { forgeCodes, identityCodes, serverCodes, storeCodes, useCodes } from '@exeat/server/tables'
import { verifyCodes } from '@exeat/verify'
import { cliCodes } from './codes.ts'

export interface CodeGroup {
  readonly title: string
  readonly codes: Readonly<Record<string, CodeEntry>>
}

export const codeGroups: readonly CodeGroup[] = [
  { title: 'Command line', codes: cliCodes },
  { title: 'Documents', codes: { ...documentCodes, ...governanceCodes } },
  { title: 'Policies', codes: policyCodes },
  { title: 'Impacts', codes: impactCodes },
  { title: 'Review', codes: reviewCodes },
  { title: 'YAML', codes: yamlCodes },
  { title: 'JSON', codes: jsonCodes },
  { title: 'Reports', codes: reportCodes },
  { title: 'SARIF', codes: sarifCodes },
  { title: 'Native forms', codes: nativeCodes },
  { title: 'Git', codes: gitCodes },
  { title: 'Acts', codes: { ...refusalCodes, ...useCodes } },
  { title: 'People', codes: identityCodes },
  { title: 'Bundles', codes: verifyCodes },
  { title: 'Server', codes: serverCodes },
  { title: 'Forges', codes: forgeCodes },
  { title: 'Client', codes: apiCodes },
  { title: 'Store', codes: storeCodes },
  { title: 'Log', codes: logCodes },
  { title: 'Logs and witnesses elsewhere', codes: remoteLogCodes },
]

const table: ReadonlyMap<string, CodeEntry> = new Map(codeGroups.flatMap(({ codes }) => Object.entries(codes)))

/** Undefined for a code that no package owns. */
export const codeEntry = (code: string): CodeEntry | undefined => table.get(code)

/** Wrong usage before failure before invalid input: the first thing to mend decides. */
const order = [64, 1, 3, 4, 2] as const

/** Exit code of a run that ends with these problems. A code that nobody owns is a failure of Exeat. */
export function exitOf(codes: readonly string[]): number {
  const exits = new Set<number>(codes.map((code) => codeEntry(code)?.exit ?? 1))
  return order.find((exit) => exits.has(exit)) ?? 1
}
