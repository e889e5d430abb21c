import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll } from 'vitest'
import { buildCommand, buildConsole } from '../../../tools/build.ts'

/** Builds the command from the sources as they are, into a folder of its own, with the console's pages where they are wanted; answers the path of its `main.cjs`. */
export function builtCommand({ pages = false } = {}): string {
  const folder = mkdtempSync(join(tmpdir(), 'exeat-built-'))
  beforeAll(async () => {
    await buildCommand(folder)
    if (pages) await buildConsole(join(folder, 'console'))
  })
  afterAll(() => { rmSync(folder, { recursive: true, force: true }) })
  return join(folder, 'main.cjs')
}
