import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll } from 'vitest'
import { buildCommand } from '../../../tools/build.ts'

/** Builds the command from the sources as they are, into a folder of its own; answers the path of its `main.cjs`. */
export function builtCommand(): string {
  const folder = mkdtempSync(join(tmpdir(), 'exeat-built-'))
  beforeAll(async () => { await buildCommand(folder) })
  afterAll(() => { rmSync(folder, { recursive: true, force: true }) })
  return join(folder, 'main.cjs')
}
