/** The files of adopted opt-outs: one for each file that suppressions stand in, and none overwritten. */
import { lstatSync, mkdirSync, realpathSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { cliError, systemReason } from '../edge/problem.ts'
import { sha256 } from '../governance/load.ts'
import type { PlannedFile } from './plan.ts'

const folder = '.exeat/opt-outs/adopted'

export interface NamedFile extends PlannedFile {
  /** From the top of the repository. */
  readonly path: string
}

/** Names that no file has yet: what was adopted before stays as it is. */
export function named(root: string, files: readonly PlannedFile[]): readonly NamedFile[] {
  return files.map((file) => {
    const stem = stemOf(file.source)
    for (let count = 1; ; count += 1) {
      const path = `${folder}/${stem}${count === 1 ? '' : `-${count}`}.yaml`
      if (lstatSync(join(root, path), { throwIfNoEntry: false }) === undefined) return { ...file, path }
    }
  })
}

function stemOf(source: string): string {
  const digest = Buffer.from(sha256(new TextEncoder().encode(source))).toString('hex').slice(0, 8)
  const words = source.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-').replaceAll(/^-+|-+$/g, '')
  return `${words.slice(-80).replace(/^-+/, '')}-${digest}`
}

export const contentOf = ({ optOuts }: PlannedFile): string =>
  `# yaml-language-server: $schema=https://exeat.dev/schemas/opt-out.v1.json\n${optOuts.map(({ text }) => text).join('---\n')}`

/** @throws {ExeatError} OUTPUT_FAILED; files that were written before it stay */
export function writeFiles(root: string, files: readonly NamedFile[]): void {
  const target = join(root, folder)
  try {
    mkdirSync(target, { recursive: true })
    // A link in the place of a folder would have the documents written somewhere else.
    if (realpathSync(target) !== join(realpathSync(root), folder)) throw cliError('OUTPUT_FAILED', `\`${folder}\` is reached through a symbolic link`, 'put a folder there')
    for (const file of files) writeFileSync(join(root, file.path), contentOf(file), { flag: 'wx' })
  } catch (cause) {
    throw cause instanceof Error && cause.name === 'ExeatError' ? cause : cliError('OUTPUT_FAILED', `\`${folder}\` cannot be written: ${systemReason(cause)}`)
  }
}
