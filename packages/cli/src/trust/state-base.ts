import { dirname, join } from 'node:path'
import type { Io } from '../edge/io.ts'
import { stateFolder } from '../log/state.ts'

/** Beside the checkpoints of logs (XDG state); undefined where there is no home to keep anything in. */
export function stateBase(io: Io): string | undefined {
  try {
    return join(dirname(stateFolder(undefined, io)), 'gate')
  } catch {
    return undefined
  }
}
