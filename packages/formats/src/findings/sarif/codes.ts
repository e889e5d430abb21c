import type { CodeEntry } from '@exeat/core'

/** Why a SARIF file is refused although it is JSON. */
export type SarifCode = 'SARIF_VERSION' | 'SARIF_SHAPE' | 'SARIF_EXTERNAL' | 'SARIF_NO_RUNS' | 'SARIF_CHANGED'

export const sarifCodes: Readonly<Record<SarifCode, CodeEntry>> = {
  SARIF_VERSION: { exit: 3, http: 422, summary: 'the SARIF file is of another version than 2.1.0, or states none' },
  SARIF_SHAPE: { exit: 3, http: 422, summary: 'the SARIF file is not shaped as SARIF 2.1.0 says' },
  SARIF_EXTERNAL: { exit: 3, http: 422, summary: 'the SARIF file keeps results or what judges them in another file' },
  SARIF_NO_RUNS: { exit: 3, http: 422, summary: 'the SARIF file says that its producer failed to find the runs' },
  SARIF_CHANGED: { exit: 1, http: 500, summary: 'the SARIF file changed between reading and writing' },
}

export const sarifHints: Readonly<Partial<Record<SarifCode, string>>> = {
  SARIF_VERSION: 'have the tool write SARIF 2.1.0, or convert the file with sarif-multitool',
  SARIF_EXTERNAL: 'have the tool write one file, or merge it with sarif-multitool rewrite --inline',
  SARIF_NO_RUNS: 'look at the log of whatever wrote the file, and run it again',
  SARIF_CHANGED: 'run again, and let nothing write to the file meanwhile',
}

/** Thrown inside this folder alone; `readSarif` turns it into a `Problem`. */
export class SarifFault extends Error {
  override readonly name = 'SarifFault'
  readonly code: SarifCode
  /** Byte offset in the input. */
  readonly offset: number

  constructor(code: SarifCode, offset: number, message: string) {
    super(message)
    this.code = code
    this.offset = offset
  }
}
