/** Writes docs/errors.md from the code tables of the packages. A test fails while the page differs from them. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { codeGroups } from '../packages/cli/src/edge/code-table.ts'

const exits = `| exit | means |
|---:|---|
| 0 | nothing blocks; warnings may stand on standard error |
| 1 | Exeat or something it needs failed; nothing was excused |
| 2 | blocked; for what reads a log: tampered |
| 3 | a policy, workspace, report or input is invalid; nothing was excused |
| 64 | wrong usage |
`

const sentence = (text: string): string => `${text.charAt(0).toUpperCase()}${text.slice(1).replace(/\.$/, '')}.`

export function errorDocs(): string {
  const groups = codeGroups.map(({ title, codes }) => {
    const rows = Object.entries(codes).sort(([a], [b]) => (a < b ? -1 : 1)).map(([code, { exit, http, summary }]) => `| \`${code}\` | ${exit} | ${http} | ${sentence(summary)} |`)
    return `## ${title}\n\n| code | exit | HTTP | means |\n|---|---:|---:|---|\n${rows.join('\n')}\n`
  })
  return `# Errors

Every error has a code, a message, where known a place (\`file:line:column\`), and mostly a hint. Codes are stable; messages are for people.
A warning carries a code as well and leaves the exit code alone. This page is written by \`node tools/error-docs.ts\`.

${exits}
If several errors come together, wrong usage decides the exit code, then failure, then invalid input.

${groups.join('\n')}`
}

if (import.meta.main) {
  const folder = fileURLToPath(new URL('../docs/', import.meta.url))
  mkdirSync(folder, { recursive: true })
  writeFileSync(`${folder}errors.md`, errorDocs())
  process.stdout.write('docs/errors.md\n')
}
