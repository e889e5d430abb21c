import { parseSignatureLines } from '@exeat/log'
import { accepted, refuse, type Verdict } from '../codes.ts'
import type { CosignatureLine } from '../ports/log.ts'
import type { LogTables } from '../ports/tables.ts'
import { afterFailure, type Halt } from './failure.ts'
import { isLabel } from './labels.ts'

/** The longest line, in characters: with its name it must fit into an index of PostgreSQL. An Ed25519 signature needs 100 beside the name. */
const longest = 1000

interface Added {
  readonly verdict: Verdict
  readonly halt?: Halt
}

/** Keeps lines beside a checkpoint; `halt` where the database failed so that nothing may be written any more. */
export async function addCosignatures(tables: LogTables, size: number, lines: readonly CosignatureLine[]): Promise<Added> {
  const wrong = lines.find((each) => !isLineOf(each))
  if (wrong !== undefined) return { verdict: refuse('COSIGNATURE_INVALID', `the line \`${wrong.line.slice(0, 200)}\` is no signature by \`${wrong.name}\``) }
  const checkpoint = Number.isSafeInteger(size) ? await tables.reader.checkpoint(size) : undefined
  if (checkpoint === undefined) return { verdict: refuse('COSIGNATURE_SIZE', `the log has no checkpoint of size ${size}`) }
  try {
    await tables.writer.insertCosignatures(size, lines)
    return { verdict: accepted }
  } catch (error) {
    const { refusal, halt } = await afterFailure(tables, 'commit', error)
    return halt === undefined ? { verdict: refusal } : { verdict: refusal, halt }
  }
}

function isLineOf({ name, line }: CosignatureLine): boolean {
  if (line.length > longest || line.includes('\n') || !isLabel(name)) return false
  const parsed = parseSignatureLines(`${line}\n`)
  return parsed.ok && parsed.value.length === 1 && parsed.value[0]?.name === name
}
