/** Type-checks every project: the pure packages without Node's types, then everything together. Exits 1 if one fails. */
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'

const packages = readdirSync('packages').map((name) => `packages/${name}/tsconfig.json`).filter((file) => existsSync(file))

let failed = false
for (const project of [...packages, 'tsconfig.json']) {
  const { status } = spawnSync('tsc', ['--project', project], { stdio: 'inherit', shell: process.platform === 'win32' })
  if (status !== 0) failed = true
}
process.exitCode = failed ? 1 : 0
