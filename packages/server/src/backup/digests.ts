import { createHash, type Hash } from 'node:crypto'
import type { Manifest } from './lines.ts'

export interface SectionDigests {
  readonly add: (section: string, text: string) => void
  readonly manifest: () => Manifest
}

/** Counts and digests of each section, as far as it was added. */
export function sectionDigests(): SectionDigests {
  const sections = new Map<string, { lines: number; readonly hash: Hash }>()
  return {
    add: (name, text) => {
      const section = sections.get(name) ?? { lines: 0, hash: createHash('sha256') }
      sections.set(name, section)
      section.lines += 1
      section.hash.update(`${text}\n`)
    },
    manifest: () => ({
      schema: 'exeat/backup-manifest/v1',
      sections: Object.fromEntries([...sections].map(([name, { lines, hash }]) => [name, { lines, sha256: hash.copy().digest('hex') }])) as Manifest['sections'],
    }),
  }
}
